"""What a report remembers, and what a later run makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import RunPython
from okdok.bulk._report import Report, ReportError, Row, row_of

URL = "https://okdok.test"
FINAL = {"OK", "PRESUMED_DELETED", "INVALID_ARGUMENT", "NOT_FOUND", "BAD_REQUEST"}


def row(signature_request_id: str, status: str, *, unknown: bool = False, base_url: str = URL) -> Row:
    return Row(signature_request_id, base_url, "2026-05-08T10:00:00.000Z", status, outcome_unknown=unknown)


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "report")


def written(path: str, *outcomes: Row | str) -> None:
    """A report of one earlier run: rows, and ids whose call did not come back."""
    report = Report(path, URL, resume=True)
    for outcome in outcomes:
        report.start(outcome if isinstance(outcome, str) else outcome.id)
    for outcome in outcomes:
        if isinstance(outcome, Row):
            report.write(outcome)
    report.close()


def resumed(path: str) -> Report:
    report = Report(path, URL, resume=True)
    report.close()
    return report


class TestRow:
    def test_of_a_deletion(self) -> None:
        made = row_of("id", URL, okdok.Deletion("id", False, 2, 200), maybe_deleted_before=False)
        assert json.loads(made.to_json()) == {
            "id": "id",
            "base_url": URL,
            "time": made.time,
            "status": "OK",
            "http_status": 200,
            "attempts": 2,
            "outcome_unknown": False,
            "retry_after": 0.0,
            "service_code": "",
            "service_value": "",
            "message": "",
        }
        assert made.time.endswith("Z")

    def test_of_an_error(self) -> None:
        error = okdok.ServerError(
            "failed",
            http_status=503,
            attempts=3,
            outcome_unknown=True,
            retry_after=2.5,
            service_code="c",
            service_value="v",
        )
        made = row_of("id", URL, error, maybe_deleted_before=False)
        assert made == Row("id", URL, made.time, "SERVER_ERROR", 503, 3, True, 2.5, "c", "v", "failed")

    def test_of_a_status_that_has_no_name_yet(self) -> None:
        assert row_of("id", URL, okdok.OkdokError(status=77), maybe_deleted_before=False).status == "77"

    @pytest.mark.parametrize(
        ("outcome", "status", "unknown"),
        [
            (okdok.Deletion("id", False, 1, 200), "OK", False),
            (okdok.Deletion("id", True, 1, 400), "PRESUMED_DELETED", False),
            (okdok.NotFoundError(http_status=400), "PRESUMED_DELETED", False),
            (okdok.BadRequestError(), "BAD_REQUEST", True),
            (okdok.UnauthorizedError(), "UNAUTHORIZED", True),
            (okdok.RateLimitedError(), "RATE_LIMITED", True),
        ],
    )
    def test_unknown_is_sticky(self, outcome: Any, status: str, unknown: bool) -> None:
        made = row_of("id", URL, outcome, maybe_deleted_before=True)
        assert (made.status, made.outcome_unknown) == (status, unknown)


class TestResume:
    @pytest.mark.parametrize("status", sorted(FINAL))
    def test_final(self, path: str, status: str) -> None:
        written(path, row("id", status))
        assert resumed(path).final("id") == status

    @pytest.mark.parametrize("status", sorted({one.name for one in okdok.Status} - FINAL))
    def test_not_final(self, path: str, status: str) -> None:
        written(path, row("id", status))
        assert resumed(path).final("id") is None
        assert not resumed(path).maybe_deleted("id")

    @pytest.mark.parametrize("status", ["NOT_FOUND", "BAD_REQUEST"])
    def test_not_final_while_unknown(self, path: str, status: str) -> None:
        written(path, row("id", status, unknown=True))
        assert resumed(path).final("id") is None
        assert resumed(path).maybe_deleted("id")

    def test_started_without_a_row(self, path: str) -> None:
        written(path, "lost", row("other", "OK"))
        report = resumed(path)
        assert report.final("lost") is None
        assert report.maybe_deleted("lost")
        assert not report.maybe_deleted("never-started")

    def test_started_again_without_a_row(self, path: str) -> None:
        """The first run's refusal says nothing about the call that the second run died in."""
        written(path, row("id", "UNAUTHORIZED"))
        assert not resumed(path).maybe_deleted("id")
        written(path, "id")
        assert resumed(path).maybe_deleted("id")

    def test_unknown_once_is_unknown_until_deleted(self, path: str) -> None:
        written(path, row("id", "TIMED_OUT", unknown=True))
        written(path, row("id", "UNAUTHORIZED", unknown=True))
        written(path, row("id", "FORBIDDEN"))
        assert resumed(path).maybe_deleted("id")
        written(path, row("id", "PRESUMED_DELETED"))
        assert not resumed(path).maybe_deleted("id")
        assert resumed(path).final("id") == "PRESUMED_DELETED"

    def test_the_last_row_counts(self, path: str) -> None:
        written(path, row("id", "SERVER_ERROR"))
        written(path, row("id", "NOT_FOUND"))
        assert resumed(path).final("id") == "NOT_FOUND"

    def test_a_torn_row_is_cut_off(self, path: str) -> None:
        written(path, row("first", "OK"), row("second", "OK"))
        content = Path(path).read_bytes()
        for cut in (1, 20, len(content) // 2 - 1):
            Path(path).write_bytes(content[:-cut])
            report = resumed(path)
            assert (report.final("first"), report.final("second")) == ("OK", None)
            assert report.maybe_deleted("second")
            assert Path(path).read_bytes() == content[: content.index(b"\n") + 1]

    def test_a_torn_start_is_cut_off(self, path: str) -> None:
        written(path, "first", "second")
        started = Path(path + ".started")
        started.write_bytes(started.read_bytes()[:-3])
        report = resumed(path)
        assert report.maybe_deleted("first")
        assert not report.maybe_deleted("second")
        assert not report.maybe_deleted("sec")
        assert started.read_bytes() == b"first\n"

    def test_another_base_url_is_refused(self, path: str) -> None:
        written(path, row("id", "OK"))
        with pytest.raises(ReportError, match=f"another base URL: {URL}"):
            Report(path, "https://other.test", resume=True)
        Report(path, URL + "/", resume=True).close()

    @pytest.mark.parametrize("content", [b"what?\n", b"5\n", b"[]\n", b"{}\n", b"\n", b'{"id": "a"}\n', b"\xff\n"])
    def test_what_is_no_report_is_refused(self, path: str, content: bytes) -> None:
        written(path, row("id", "OK"))
        with Path(path).open("ab") as file:
            file.write(content)
        with pytest.raises(ReportError, match="is not a report: line 2"):
            Report(path, URL, resume=True)

    def test_ids_that_are_not_text(self, path: str) -> None:
        for refused in ("\udc80", "a\nb", ""):
            written(path, row(refused, "INVALID_ARGUMENT"))
            assert resumed(path).final(refused) == "INVALID_ARGUMENT"
            assert not resumed(path).maybe_deleted(refused)
        assert not resumed(path).maybe_deleted("b")


class TestFile:
    @pytest.mark.parametrize("existing", ["report", "report.started"])
    def test_an_existing_one_is_refused(self, tmp_path: Path, path: str, existing: str) -> None:
        (tmp_path / existing).write_text("")
        with pytest.raises(ReportError, match="exists: go on with it by --resume"):
            Report(path, URL, resume=False)

    def test_it_is_locked(self, path: str) -> None:
        first = Report(path, URL, resume=False)
        with pytest.raises(ReportError, match="in use by another process"):
            Report(path, URL, resume=True)
        first.close()
        Report(path, URL, resume=True).close()

    def test_no_regular_file(self, tmp_path: Path) -> None:
        for place in (str(tmp_path), "/dev/null", str(tmp_path / "no" / "report")):
            with pytest.raises(ReportError):
                Report(place, URL, resume=True)

    def test_a_full_disk_tears_one_line_only(self, path: str, run_python: RunPython) -> None:
        program = """
import resource, sys
from okdok.bulk._report import Report, ReportError, Row
report = Report(sys.argv[1], "u", resume=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
for n in range(100):
    try:
        report.write(Row(str(n), "u", "t", "OK"))
    except ReportError as problem:
        print(problem)
"""
        said = run_python(program, path).stdout.splitlines()
        assert "cannot be written: [Errno 27]" in said[0]
        assert all("cannot be written any more" in line for line in said[1:])
        whole = 100 - len(said)
        report = Report(path, "u", resume=True)
        report.close()
        assert [n for n in range(100) if report.final(str(n))] == list(range(whole))
