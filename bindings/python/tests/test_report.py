"""What a report records, and how a later run uses it."""

from __future__ import annotations

import errno
import fcntl
import json
import os
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import RunPython
from okdok.bulk import Outcome, ReportError, _report
from okdok.bulk._outcome import digest, outcome_of
from okdok.bulk._report import Report

URL = "https://okdok.test"
LOG = (okdok.Attempt(25, 503, 0.0, 0.25), okdok.Attempt(0, 200, 1.0, 0.25))
FINAL = {"OK", "PRESUMED_DELETED", "INVALID_ARGUMENT", "NOT_FOUND", "BAD_REQUEST"}


def row(signature_request_id: str, status: str, *, unknown: bool = False, base_url: str = URL) -> Outcome:
    time = "2026-05-08T10:00:00.000Z"
    return Outcome(signature_request_id, base_url, time, okdok.Status[status], outcome_unknown=unknown)


class Resumed:
    """What a later run knows."""

    def __init__(self, path: str) -> None:
        report = Report(path, URL, resume=True)
        report.close()
        self._known = report.known

    def final(self, signature_request_id: str) -> str | None:
        return _report.final(self._known.get(digest(signature_request_id), 0))

    def maybe_deleted(self, signature_request_id: str) -> bool:
        return _report.maybe_deleted(self._known.get(digest(signature_request_id), 0))


@pytest.fixture
def path(tmp_path: Path) -> str:
    return str(tmp_path / "report")


def written(path: str, *outcomes: Outcome | str) -> None:
    """A report of one earlier run: rows, and ids whose call did not return."""
    report = Report(path, URL, resume=True)
    for outcome in outcomes:
        if isinstance(outcome, str) or outcome.status != okdok.Status.INVALID_ARGUMENT:
            report.start(outcome if isinstance(outcome, str) else outcome.id)
    for outcome in outcomes:
        if isinstance(outcome, Outcome):
            report.write(outcome)
    report.close()


class TestOutcome:
    def test_of_a_deletion(self) -> None:
        made = outcome_of("id", URL, okdok.Deletion("id", False, 2, 200, 1.5, LOG))
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
            "elapsed": 1.5,
            "attempt_log": [
                {"status": "SERVER_ERROR", "http_status": 503, "waited": 0.0, "elapsed": 0.25},
                {"status": "OK", "http_status": 200, "waited": 1.0, "elapsed": 0.25},
            ],
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
            elapsed=1.5,
            attempt_log=LOG,
        )
        made = outcome_of("id", URL, error)
        assert made == Outcome(
            "id", URL, made.time, okdok.Status.SERVER_ERROR, 503, 3, True, 2.5, "c", "v", "failed", 1.5, LOG
        )

    def test_of_a_status_that_has_no_name_yet(self) -> None:
        made = outcome_of("id", URL, okdok.OkdokError(status=77))
        assert json.loads(made.to_json())["status"] == "UNKNOWN_77"

    @pytest.mark.parametrize(
        ("outcome", "status", "unknown"),
        [
            (okdok.Deletion("id", False, 1, 200), "OK", False),
            (okdok.Deletion("id", True, 1, 400), "PRESUMED_DELETED", False),
            (okdok.NotFoundError(http_status=400, outcome_unknown=False), "PRESUMED_DELETED", False),
            (okdok.BadRequestError(outcome_unknown=False), "BAD_REQUEST", True),
            (okdok.UnauthorizedError(outcome_unknown=False), "UNAUTHORIZED", True),
            (okdok.RateLimitedError(outcome_unknown=False), "RATE_LIMITED", True),
        ],
    )
    def test_unknown_is_sticky(self, outcome: Any, status: str, unknown: bool) -> None:
        made = outcome_of("id", URL, outcome, maybe_deleted_before=True)
        assert (made.status.name, made.outcome_unknown) == (status, unknown)


class TestResume:
    @pytest.mark.parametrize("status", sorted(FINAL))
    def test_final(self, path: str, status: str) -> None:
        written(path, row("id", status))
        assert Resumed(path).final("id") == status

    @pytest.mark.parametrize("status", sorted({one.name for one in okdok.Status} - FINAL))
    def test_not_final(self, path: str, status: str) -> None:
        written(path, row("id", status))
        assert Resumed(path).final("id") is None
        assert not Resumed(path).maybe_deleted("id")

    @pytest.mark.parametrize("status", ["NOT_FOUND", "BAD_REQUEST"])
    def test_not_final_while_unknown(self, path: str, status: str) -> None:
        written(path, row("id", status, unknown=True))
        assert Resumed(path).final("id") is None
        assert Resumed(path).maybe_deleted("id")

    def test_started_without_a_row(self, path: str) -> None:
        written(path, "lost", row("other", "OK"))
        report = Resumed(path)
        assert report.final("lost") is None
        assert report.maybe_deleted("lost")
        assert not report.maybe_deleted("never-started")

    def test_started_again_without_a_row(self, path: str) -> None:
        """The refusal in the first run says nothing about the call during which the second run died."""
        written(path, row("id", "UNAUTHORIZED"))
        assert not Resumed(path).maybe_deleted("id")
        written(path, "id")
        assert Resumed(path).maybe_deleted("id")

    def test_started_again_before_the_row_of_another(self, path: str) -> None:
        """Two starts of one id and one row, with others in between."""
        written(path, "a")
        report = Report(path, URL, resume=True)
        for one in ("a", "b"):
            report.start(one)
        for one in ("b", "a"):
            report.write(row(one, "UNAUTHORIZED"))
        report.close()
        assert Resumed(path).maybe_deleted("a")
        assert not Resumed(path).maybe_deleted("b")

    def test_unknown_once_is_unknown_until_deleted(self, path: str) -> None:
        written(path, row("id", "TIMED_OUT", unknown=True))
        written(path, row("id", "UNAUTHORIZED", unknown=True))
        written(path, row("id", "FORBIDDEN"))
        assert Resumed(path).maybe_deleted("id")
        written(path, row("id", "PRESUMED_DELETED"))
        assert not Resumed(path).maybe_deleted("id")
        assert Resumed(path).final("id") == "PRESUMED_DELETED"

    def test_the_last_row_counts(self, path: str) -> None:
        written(path, row("id", "SERVER_ERROR"))
        written(path, row("id", "NOT_FOUND"))
        assert Resumed(path).final("id") == "NOT_FOUND"

    def test_a_torn_row_is_cut_off(self, path: str) -> None:
        written(path, row("first", "OK"), row("second", "OK"))
        content = Path(path).read_bytes()
        for cut in (1, 20, len(content) // 2 - 1):
            Path(path).write_bytes(content[:-cut])
            report = Resumed(path)
            assert (report.final("first"), report.final("second")) == ("OK", None)
            assert report.maybe_deleted("second")
            assert Path(path).read_bytes() == content[: content.index(b"\n") + 1]

    def test_a_torn_start_is_cut_off(self, path: str) -> None:
        written(path, "first", "second")
        started = Path(path + ".started")
        started.write_bytes(started.read_bytes()[:-3])
        report = Resumed(path)
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
            assert Resumed(path).final(refused) == "INVALID_ARGUMENT"
            assert not Resumed(path).maybe_deleted(refused)
        assert not Resumed(path).maybe_deleted("b")


class TestFile:
    @pytest.mark.parametrize("existing", ["report", "report.started"])
    def test_an_existing_one_is_refused(self, tmp_path: Path, path: str, existing: str) -> None:
        (tmp_path / existing).write_text("")
        with pytest.raises(ReportError, match="exists: continue it with --resume"):
            Report(path, URL, resume=False)

    def test_it_is_locked(self, path: str) -> None:
        first = Report(path, URL, resume=False)
        with pytest.raises(ReportError, match="in use by another process"):
            Report(path, URL, resume=True)
        first.close()
        Report(path, URL, resume=True).close()

    @pytest.mark.parametrize("number", [errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOSYS])
    def test_where_nothing_can_be_locked(self, path: str, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
        """As on NFS without its lock daemon. Nothing is left that would get in the way of the next run."""

        def flock(*_: object) -> None:
            raise OSError(number, "no locks")

        with monkeypatch.context() as patch:
            patch.setattr(fcntl, "flock", flock)
            with pytest.raises(ReportError, match=r"cannot be locked.*put the report on a local disk"):
                Report(path, URL, resume=False)
        assert os.listdir(os.path.dirname(path)) == []
        Report(path, URL, resume=False).close()

    def test_a_name_too_long_for_its_companion(self, tmp_path: Path) -> None:
        with pytest.raises(ReportError, match="File name too long"):
            Report(str(tmp_path / ("x" * 250)), URL, resume=False)
        assert os.listdir(tmp_path) == []

    def test_one_that_is_refused_stays_as_it_was(self, path: str) -> None:
        written(path, row("id", "OK"))
        content = Path(path).read_bytes()
        with pytest.raises(ReportError):
            Report(path, "https://other.test", resume=True)
        assert Path(path).read_bytes() == content
        assert Path(path + ".started").read_text() == "id\n"

    def test_no_regular_file(self, tmp_path: Path) -> None:
        for place in (str(tmp_path), "/dev/null", str(tmp_path / "no" / "report")):
            with pytest.raises(ReportError):
                Report(place, URL, resume=True)

    def test_a_full_disk_tears_one_line_only(self, path: str, run_python: RunPython) -> None:
        program = """
import resource, sys
from okdok import Status
from okdok.bulk import Outcome, ReportError
from okdok.bulk._report import Report
report = Report(sys.argv[1], "u", resume=False)
resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000))
for n in range(100):
    try:
        report.write(Outcome(str(n), "u", "t", Status.OK))
    except ReportError as problem:
        print(problem)
"""
        said = run_python(program, path).stdout.splitlines()
        assert "cannot be written: [Errno 27]" in said[0]
        assert all("cannot be written any more" in line for line in said[1:])
        whole = 100 - len(said)
        report = Report(path, "u", resume=True)
        report.close()
        assert set(report.known) == {digest(str(n)) for n in range(whole)}
        assert whole > 1
