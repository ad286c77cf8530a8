"""``bulk.Run``, the public interface."""

from __future__ import annotations

import itertools
import json
import re
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import SOURCES, MakeClient, MakePort, RunPython
from okdok import Status, bulk


def test_it_uses_only_what_the_package_exports() -> None:
    """Apart from its own files."""
    for file in (Path(SOURCES) / "okdok" / "bulk").glob("*.py"):
        names = re.findall(r"^from \.\. import (\w[\w, ]*|\([^)]*\))", file.read_text(encoding="utf-8"), re.MULTILINE)
        used = {name for group in names for name in re.findall(r"\w+", group)}
        assert used <= set(okdok.__all__), file
        assert "from .._" not in file.read_text(encoding="utf-8"), file


def statuses(outcomes: list[bulk.Outcome]) -> list[tuple[str, str]]:
    return sorted((outcome.id, outcome.status.name) for outcome in outcomes)


def report_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class Fake(okdok.Client):
    """Answers from a table, without a network; counts the calls under way."""

    def __init__(self, answers: dict[str, okdok.OkdokError] | None = None) -> None:
        self.answers = answers or {}
        self.asked: list[str] = []

    def delete_signature_request(self, signature_request_id: str) -> okdok.Deletion:
        self.asked.append(signature_request_id)
        if signature_request_id in self.answers:
            raise self.answers[signature_request_id]
        return okdok.Deletion(signature_request_id)


class TestOutcomes:
    def test_each_as_it_becomes_known(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("ok", "reply=503", "hold")
        with bulk.Run(client(port.url, max_attempts=1), ["a", "b", "c"], jobs=1) as run:
            first, second = next(run), next(run)
            reason = run.reason
            port.wait(3)
            port.release()
            third = next(run)
            assert list(run) == []
        assert reason is None
        assert (first.id, first.status, first.http_status, first.deleted) == ("a", Status.OK, 200, True)
        assert (second.id, second.status, second.http_status, second.deleted) == ("b", Status.SERVER_ERROR, 503, False)
        assert second.outcome_unknown
        assert "503" in second.message
        assert (third.id, third.base_url, third.attempts) == ("c", port.url, 1)
        assert run.reason is bulk.Reason.DONE
        assert str(run.reason) == "done"

    def test_each_id_once(self) -> None:
        fake = Fake()
        with bulk.Run(fake, ["a", "b", "a", "b", "c", "a"]) as run:
            assert sorted(outcome.id for outcome in run) == ["a", "b", "c"]
        assert sorted(fake.asked) == ["a", "b", "c"]

    def test_no_ids(self) -> None:
        with bulk.Run(Fake(), []) as run:
            assert list(run) == []
        assert run.reason is bulk.Reason.DONE

    def test_an_id_that_would_be_refused(self, tmp_path: Path) -> None:
        fake = Fake()
        report = tmp_path / "report"
        with bulk.Run(fake, ["a", "b/c", "\udc80", ""], report=report) as run:
            found = statuses(list(run))
        assert found == sorted([("a", "OK"), *((one, "INVALID_ARGUMENT") for one in ("b/c", "\udc80", ""))])
        assert fake.asked == ["a"]
        assert len(report_rows(report)) == 4

    def test_an_id_that_is_no_str(self) -> None:
        with bulk.Run(Fake(), ["a", uuid.uuid4()]) as run, pytest.raises(TypeError, match="not UUID: convert it"):  # type: ignore[list-item]
            list(run)

    @pytest.mark.parametrize(
        ("options", "said"),
        [
            ({"jobs": 0}, "jobs must be"),
            ({"jobs": 1001}, "jobs must be"),
            ({"rate": 0}, "rate must be"),
            ({"rate": float("nan")}, "rate must be"),
            ({"max_failures": -1}, "max_failures must be"),
            ({"resume": True}, "resume needs a report"),
        ],
    )
    def test_options_out_of_range(self, options: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            bulk.Run(Fake(), [], **options)

    def test_only_in_a_with_statement(self) -> None:
        with pytest.raises(RuntimeError, match="with statement"):
            next(bulk.Run(Fake(), ["a"]))

    def test_what_the_readme_shows(self, serve: MakePort, client: MakeClient, tmp_path: Path) -> None:
        """The report of one run, continued by the next."""
        port = serve("ok", "reply=401", "ok")
        report = tmp_path / "2026.jsonl"
        made = client(port.url)
        with bulk.Run(made, ["a", "b", "c"], jobs=1, report=report) as run:
            assert statuses(list(run)) == [("a", "OK"), ("b", "UNAUTHORIZED")]
        assert run.reason is bulk.Reason.KEY_REFUSED
        with bulk.Run(made, ["a", "b", "c"], jobs=1, report=report, resume=True) as run:
            assert statuses(list(run)) == [("b", "OK"), ("c", "OK")]
        assert run.finished == {Status.OK: 1}
        assert [row["id"] for row in report_rows(report)] == ["a", "b", "b", "c"]


class TestPace:
    def test_a_slow_loop_slows_the_run(self) -> None:
        """However many ids there are, at most twice ``jobs`` are taken and processed ahead of the loop."""
        fake = Fake()
        taken = itertools.count()
        ids = (f"id-{next(taken)}" for _ in range(1000))
        with bulk.Run(fake, ids, jobs=4) as run:
            for got, _ in enumerate(itertools.islice(run, 20), 1):
                # The jobs have done all that they may do.
                deadline = time.monotonic() + 30
                while len(fake.asked) < got + 7 and time.monotonic() < deadline:
                    time.sleep(0.001)
                assert len(fake.asked) <= got + 8
            assert next(taken) <= 20 + 8 + 1

    def test_jobs(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("hold")
        with bulk.Run(client(port.url), (f"id-{n}" for n in range(20)), jobs=5) as run:
            waiting = threading.Thread(target=lambda: [port.wait(5), port.release()])  # type: ignore[func-returns-value]
            waiting.start()
            next(run)
            waiting.join()
            assert len(list(run)) == 19
        assert port.requests() == 20

    def test_rate(self) -> None:
        fake = Fake()
        began = time.monotonic()
        with bulk.Run(fake, (f"id-{n}" for n in range(51)), rate=100) as run:
            assert len(list(run)) == 51
        assert time.monotonic() - began >= 0.5

    def test_rate_limited_makes_all_wait_and_is_asked_again(
        self, client: MakeClient, serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("reply=429;Retry-After:1;;", "service")
        report = tmp_path / "report"
        began = time.monotonic()
        with bulk.Run(client(port.url, max_attempts=1), ["first", "second"], jobs=1, report=report) as run:
            assert statuses(list(run)) == [("first", "OK"), ("second", "OK")]
        assert time.monotonic() - began >= 1
        assert port.requests() == 3
        assert [(row["id"], row["status"]) for row in report_rows(report)] == [("first", "OK"), ("second", "OK")]

    def test_unknown_is_sticky_within_a_run(self) -> None:
        """RATE_LIMITED with an unknown outcome. When the id is tried again, "does not exist" is not NOT_FOUND."""

        class Limited(Fake):
            def delete_signature_request(self, signature_request_id: str) -> okdok.Deletion:
                self.asked.append(signature_request_id)
                if len(self.asked) == 1:
                    raise okdok.RateLimitedError("", outcome_unknown=True, retry_after=0.01)
                raise okdok.NotFoundError("", outcome_unknown=False)

        with bulk.Run(Limited(), ["id"]) as run:
            assert statuses(list(run)) == [("id", "PRESUMED_DELETED")]

    def test_stopped_while_rate_limited(self, tmp_path: Path) -> None:
        report = tmp_path / "report"
        asked = threading.Event()

        class Limited(Fake):
            def delete_signature_request(self, _: str) -> okdok.Deletion:
                asked.set()
                raise okdok.RateLimitedError("", outcome_unknown=False, retry_after=3600)

        with bulk.Run(Limited(), ["a", "b"], jobs=1, report=report) as run:
            stopping = threading.Thread(target=lambda: [asked.wait(), run.stop()])  # type: ignore[func-returns-value]
            stopping.start()
            assert statuses(list(run)) == [("a", "RATE_LIMITED")]
        assert [row["status"] for row in report_rows(report)] == ["RATE_LIMITED"]


class TestStop:
    def test_no_new_id_is_begun_and_what_is_under_way_is_yielded(
        self, client: MakeClient, serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        with bulk.Run(client(port.url), (f"id-{n}" for n in range(100)), jobs=4, report=report) as run:

            def stop() -> None:
                port.wait(4)
                run.stop()
                port.release()

            stopping = threading.Thread(target=stop)
            stopping.start()
            assert len(list(run)) == 4
            stopping.join()
        assert run.reason is bulk.Reason.STOPPED
        assert port.requests() == 4
        assert len(report_rows(report)) == 4

    @pytest.mark.parametrize("how", ["break", "raise"])
    def test_leaving_the_block_stops_waits_and_writes_down(
        self, client: MakeClient, serve: MakePort, tmp_path: Path, how: str
    ) -> None:
        port = serve("ok", "hold")
        report = tmp_path / "report"

        class Released(bulk.Run):
            """Its calls are answered only when it has been told to stop, and a moment later."""

            def stop(self) -> None:
                super().stop()
                threading.Timer(0.1, port.release).start()

        def leave() -> None:
            with Released(client(port.url), (f"id-{n}" for n in range(100)), jobs=4, report=report) as run:
                for _ in run:
                    port.wait(5)
                    if how == "raise":
                        raise KeyboardInterrupt
                    break
            assert run.reason is bulk.Reason.STOPPED

        if how == "raise":
            with pytest.raises(KeyboardInterrupt):
                leave()
        else:
            leave()
        assert port.requests() == 5
        assert len(report_rows(report)) == 5
        for thread in threading.enumerate():
            if thread.name == "okdok-bulk":
                # It has nothing left to do, but may not have come to its end.
                thread.join(30)
                assert not thread.is_alive()
        # The lock of the report is released.
        with bulk.Run(client(port.url), [], report=report, resume=True):
            pass

    def test_an_iterable_that_fails(self, tmp_path: Path) -> None:
        def ids() -> Iterator[str]:
            yield "a"
            raise LookupError("of the iterable")

        report = tmp_path / "report"
        with pytest.raises(LookupError, match="of the iterable"), bulk.Run(Fake(), ids(), report=report) as run:
            list(run)
        assert run.reason is bulk.Reason.STOPPED
        assert [row["id"] for row in report_rows(report)] in ([], ["a"])

    def test_ids_are_taken_in_the_thread_of_the_loop(self) -> None:
        """A database's cursor may only be used there."""
        threads = set()

        def ids() -> Iterator[str]:
            for n in range(50):
                threads.add(threading.current_thread())
                yield f"id-{n}"

        with bulk.Run(Fake(), ids()) as run:
            list(run)
        assert threads == {threading.current_thread()}

    def test_a_client_that_fails_in_an_unknown_way(self) -> None:
        class Broken(Fake):
            def delete_signature_request(self, _: str) -> okdok.Deletion:
                raise MemoryError

        with bulk.Run(Broken(), ["a", "b"]) as run, pytest.raises(MemoryError):
            list(run)

    def test_no_thread_to_be_had(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def start(_: threading.Thread) -> None:
            raise RuntimeError("can't start new thread")

        monkeypatch.setattr(threading.Thread, "start", start)
        with bulk.Run(Fake(), ["a"]) as run, pytest.raises(okdok.NoResourcesError, match="no thread"):
            list(run)

    def test_an_interrupt_while_a_thread_starts(self, run_python: RunPython) -> None:
        """As by Ctrl-C. The thread runs, but not for this run, which does not wait for it."""
        program = """
import okdok, threading
from okdok import bulk
class Fake(okdok.Client):
    def __init__(self):
        pass
    def delete_signature_request(self, signature_request_id):
        raise AssertionError("a call of a thread that nobody waits for")
started = []
def start(thread, start=threading.Thread.start):
    start(thread)
    started.append(thread)
    raise KeyboardInterrupt
try:
    with bulk.Run(Fake(), ["a"]) as run:
        threading.Thread.start = start
        next(run)
except KeyboardInterrupt:
    print(run.reason)
started[0].join()
"""
        ended = run_python(program)
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "stopped\n", "")


NOTHING_ABOUT_THE_ID = [
    okdok.ForbiddenError,
    okdok.RateLimitedError,
    okdok.ServerError,
    okdok.UnexpectedResponseError,
    okdok.ResolveFailedError,
    okdok.ConnectFailedError,
    okdok.TlsFailedError,
    okdok.TimedOutError,
    okdok.ConnectionLostError,
    okdok.ProxyRefusedError,
]


class TestNoPoint:
    def test_a_key_that_is_refused(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("reply=401")
        with bulk.Run(client(port.url), (f"id-{n}" for n in range(20_000)), jobs=4) as run:
            found = list(run)
        assert {outcome.status for outcome in found} == {Status.UNAUTHORIZED}
        assert len(found) == port.requests() <= 4
        assert run.reason is bulk.Reason.KEY_REFUSED

    def test_a_dead_host(self, client: MakeClient, serve: MakePort) -> None:
        made = client(serve(command="closed").url, max_attempts=1)
        with bulk.Run(made, (f"id-{n}" for n in range(100_000)), jobs=4) as run:
            found = list(run)
        assert {outcome.status for outcome in found} == {Status.CONNECT_FAILED}
        assert 20 <= len(found) <= 23
        assert run.reason is bulk.Reason.TOO_MANY_FAILURES

    @pytest.mark.parametrize("kind", NOTHING_ABOUT_THE_ID)
    def test_failures_in_a_row_that_say_nothing_about_an_id(self, kind: type[okdok.OkdokError]) -> None:
        class Failing(Fake):
            def delete_signature_request(self, signature_request_id: str) -> okdok.Deletion:
                self.asked.append(signature_request_id)
                raise kind("", retry_after=0.001)

        fake = Failing()
        with bulk.Run(fake, (f"id-{n}" for n in range(1000)), jobs=2) as run:
            list(run)
        assert run.reason is bulk.Reason.TOO_MANY_FAILURES
        assert 20 <= len(fake.asked) <= 21

    @pytest.mark.parametrize("kind", [okdok.NotFoundError, okdok.BadRequestError])
    def test_what_says_something_about_an_id_does_not_count(self, kind: type[okdok.OkdokError]) -> None:
        ids = [f"id-{n}" for n in range(100)]
        with bulk.Run(Fake(dict.fromkeys(ids, kind("", outcome_unknown=False))), ids) as run:
            assert len(list(run)) == 100
        assert run.reason is bulk.Reason.DONE

    def test_in_a_row(self) -> None:
        """19 failures, then a deletion, and so on."""
        ids = [f"id-{n}" for n in range(200)]
        failures: dict[str, okdok.OkdokError] = {one: okdok.ServerError("") for n, one in enumerate(ids) if n % 20}
        with bulk.Run(Fake(failures), ids, jobs=1) as run:
            assert len(list(run)) == 200
        assert run.reason is bulk.Reason.DONE

    def test_never(self) -> None:
        ids = [f"id-{n}" for n in range(100)]
        with bulk.Run(Fake(dict.fromkeys(ids, okdok.ServerError(""))), ids, max_failures=0) as run:
            assert len(list(run)) == 100
        assert run.reason is bulk.Reason.DONE
