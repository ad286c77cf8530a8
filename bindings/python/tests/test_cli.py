from __future__ import annotations

import fcntl
import importlib.util
import json
import os
import pty
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import MakeClient, MakePort
from fault_server import Port
from okdok.bulk import _ids, _progress
from okdok.bulk._pace import Pace

Okdok = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = [sys.executable, "-m", "okdok"]


@pytest.fixture
def run(sandbox: str, monkeypatch: pytest.MonkeyPatch) -> Okdok:
    """The command, by default with the sandbox and its key."""
    monkeypatch.setenv("OKDOK_BASE_URL", sandbox)
    monkeypatch.setenv("OKDOK_API_KEY", "sandbox-key")

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        ended = subprocess.run([*COMMAND, *arguments], input=stdin, check=False, capture_output=True, timeout=60)
        return subprocess.CompletedProcess(
            ended.args, ended.returncode, ended.stdout.decode("utf-8"), ended.stderr.decode("utf-8")
        )

    return run


@pytest.fixture
def start(run: Okdok) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:  # sets the environment
    """The command, left running."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, **options: Any) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        process.communicate()


def rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


class TestOutcomes:
    def test_deleted(self, run: Okdok) -> None:
        ended = run("delete", "cli-é")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "deleted cli-é\n", "")

    def test_missing(self, run: Okdok) -> None:
        ended = run("delete", "missing-1")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr.startswith("missing-1: NOT_FOUND: ")

    def test_missing_ok(self, run: Okdok) -> None:
        ended = run("delete", "--missing-ok", "missing-1")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "missing missing-1\n", "")

    def test_presumed(self, run: Okdok, serve: MakePort) -> None:
        ended = run("delete", "--base-url", serve("delete:reset=0", "service").url, "id")
        assert (ended.returncode, ended.stdout) == (0, "presumed deleted id\n")

    def test_some_failed(self, run: Okdok) -> None:
        ended = run("delete", "--missing-ok", "cli-a", "missing-1", "invalid-1", "cli-b", "bad/id", "bad\x1b[31m")
        assert ended.returncode == 1
        assert sorted(ended.stdout.splitlines()) == ["deleted cli-a", "deleted cli-b", "missing missing-1"]
        assert "invalid-1: BAD_REQUEST: " in ended.stderr
        assert "bad/id: INVALID_ARGUMENT: " in ended.stderr
        assert "\x1b" not in ended.stderr
        assert "okdok: 3 done, 3 failed of 6" in ended.stderr

    def test_an_unknown_outcome_is_said(self, run: Okdok, serve: MakePort) -> None:
        ended = run("delete", "--base-url", serve("reply=500").url, "id")
        assert ended.returncode == 1
        assert ended.stderr.startswith("id: SERVER_ERROR (it may have been deleted): ")

    def test_json(self, run: Okdok, sandbox: str) -> None:
        ended = run("delete", "--json", "cli-json", "missing-1")
        assert ended.returncode == 1
        found = {row["id"]: row for row in map(json.loads, ended.stdout.splitlines())}
        assert set(found) == {"cli-json", "missing-1"}
        assert found["cli-json"]["status"] == "OK"
        assert found["missing-1"]["status"] == "NOT_FOUND"
        assert found["missing-1"]["service_code"] == "err.signature.request.not.exist"
        assert {row["base_url"] for row in found.values()} == {sandbox}


class TestUse:
    @pytest.mark.parametrize(
        "arguments",
        [
            [],
            ["delete"],
            ["delete", "--jobs", "0", "id"],
            ["delete", "--jobs", "1.5", "id"],
            ["delete", "--rate", "0", "id"],
            ["delete", "--rate", "nan", "id"],
            ["delete", "--rate", "x", "id"],
            ["delete", "--resume", "id"],
            ["delete", "--api-key", "secret", "id"],
            ["delete", "--base-url", "http://example.org", "id"],
            ["delete", "--api-key-file", "/nowhere/key", "id"],
            ["delete", "--report", "/nowhere/report", "id"],
        ],
    )
    def test_wrong_use(self, run: Okdok, arguments: list[str]) -> None:
        ended = run(*arguments)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr
        assert "Traceback" not in ended.stderr

    def test_the_environment_is_needed(self, run: Okdok, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("OKDOK_BASE_URL")
        ended = run("delete", "id")
        assert (ended.returncode, "OKDOK_BASE_URL is not set" in ended.stderr) == (2, True)

    def test_no_library(self, run: Okdok, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKDOK_LIBRARY", "/nowhere/libokdok.so")
        ended = run("delete", "id")
        assert (ended.returncode, "no usable library" in ended.stderr) == (2, True)
        assert "Traceback" not in ended.stderr

    def test_options_instead_of_the_environment(
        self, run: Okdok, sandbox: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.delenv("OKDOK_BASE_URL")
        monkeypatch.setenv("OKDOK_API_KEY", "another-key")
        (tmp_path / "key").write_text("sandbox-key\n")
        ended = run("delete", "--base-url", sandbox, "--api-key-file", str(tmp_path / "key"), "cli-options")
        assert ended.returncode == 0, ended.stderr

    def test_version(self, run: Okdok) -> None:
        ended = run("--version")
        assert ended.returncode == 0
        assert ended.stdout.startswith(f"okdok {okdok.__version__} (library {okdok.__version__}, ")

    def test_help_has_the_exit_codes(self, run: Okdok) -> None:
        text = run("delete", "--help").stdout
        assert all(f"\n  {code} " in text for code in (0, 1, 2, 130))

    def test_a_reader_that_goes_away(self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort) -> None:
        port = serve("ok", "hold")
        process = start("delete", "--jobs", "1", "--base-url", port.url, *(f"id-{n}" for n in range(1000)))
        assert process.stdout
        assert process.stderr
        assert process.stdout.readline() == b"deleted id-0\n"
        process.stdout.close()
        port.release()
        process.wait(60)
        assert process.returncode == 130
        assert b"Traceback" not in process.stderr.read()
        assert port.requests() < 1000


class TestIds:
    def test_standard_input(self, run: Okdok) -> None:
        stdin = "\ufeffcli-in-1\r\ncli-in-2\n\n  \r\ncli-in-1\ncli-in-é".encode()
        ended = run("delete", "cli-in-0", "-", "cli-in-0", stdin=stdin)
        assert ended.returncode == 0, ended.stderr
        assert sorted(ended.stdout.split("\n")) == ["", *(f"deleted cli-in-{n}" for n in ("0", "1", "2", "é"))]

    def test_nothing(self, run: Okdok) -> None:
        assert run("delete", "-").returncode == 0

    def test_what_is_not_text_is_refused(self, run: Okdok) -> None:
        ended = run("delete", "-", stdin=b"cli-\xff\ncli-text\n")
        assert ended.returncode == 1
        assert ended.stdout == "deleted cli-text\n"
        assert r"'cli-\udcff': INVALID_ARGUMENT: " in ended.stderr

    def test_dry_run(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        common = ["delete", "--dry-run", "--base-url", port.url, "--report", str(report)]
        ended = run(*common, "good", "also-good")
        assert (ended.returncode, ended.stdout) == (0, "would delete good\nwould delete also-good\n")
        ended = run(*common, "good", "bad/id")
        assert (ended.returncode, ended.stdout) == (1, "would delete good\n")
        assert ended.stderr == "bad/id: INVALID_ARGUMENT: the id contains '/'\n"
        ended = run(*common, "--json", "good", "..")
        assert [json.loads(line)["valid"] for line in ended.stdout.splitlines()] == [True, False]
        assert port.connections() == 0
        assert not report.exists()

    def test_dry_run_checks_the_options(self, run: Okdok) -> None:
        assert run("delete", "--dry-run", "--base-url", "ftp://x", "id").returncode == 2

    def test_the_rules_are_the_librarys(self, client: MakeClient, serve: MakePort) -> None:
        made = client(serve("ok").url)
        characters = [
            chr(n) for n in (*range(1, 0x100), 0x2028, 0x202E, 0xFEFF, 0xFFFD, 0xFFFF, 0xE000, 0x1F600, 0x10FFFF)
        ]
        ids = ["", ".", "..", "...", "%2e", "%2E%2E", "a.", " ", "x" * 256, "x" * 257, "é" * 128, "é" * 129]
        for one in [*ids, *(f"a{character}b" for character in characters), *characters]:
            try:
                made.delete_signature_request(one)
                refused = False
            except okdok.InvalidArgumentError:
                refused = True
            assert (_ids.problem_of(one) is not None) == refused, ascii(one)


class TestPace:
    def test_jobs(self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort) -> None:
        port = serve("hold")
        process = start("delete", "--jobs", "5", "--base-url", port.url, *(f"id-{n}" for n in range(20)))
        port.wait(5)
        assert port.requests() == 5
        port.release()
        assert process.wait(60) == 0
        assert port.requests() == 20

    def test_rate(self) -> None:
        pace = Pace(100)
        began = time.monotonic()
        for _ in range(51):
            assert pace.wait()
        assert time.monotonic() - began >= 0.5

    def test_rate_of_the_command(self, run: Okdok, serve: MakePort) -> None:
        began = time.monotonic()
        assert (
            run("delete", "--rate", "20", "--base-url", serve("ok").url, *(f"id-{n}" for n in range(11))).returncode
            == 0
        )
        assert time.monotonic() - began >= 0.5

    def test_rate_limited_makes_all_wait_and_is_asked_again(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        """Three attempts of one call, then it is asked again."""
        refusal = "reply=429;Retry-After:1;;"
        port = serve(refusal, refusal, refusal, "service")
        report = tmp_path / "report"
        began = time.monotonic()
        ended = run("delete", "--jobs", "1", "--base-url", port.url, "--report", str(report), "first", "second")
        assert ended.returncode == 0, ended.stderr
        assert time.monotonic() - began >= 3
        assert "okdok: rate limited, waiting 1 s" in ended.stderr
        assert port.requests() == 5
        assert [(row["id"], row["status"]) for row in rows(report)] == [("first", "OK"), ("second", "OK")]

    def test_a_pause_holds_everybody(self) -> None:
        pace = Pace(None)
        assert pace.wait()
        began = time.monotonic()
        pace.pause(0.3)
        pace.pause(0.1)
        assert pace.wait()
        assert time.monotonic() - began >= 0.3

    def test_unknown_is_sticky_within_a_run(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        """Lost, 429, 429: RATE_LIMITED with an unknown outcome. Asked again, "does not exist" is no NOT_FOUND."""
        port = serve("delete:reset=0", "reply=429", "reply=429", "service")
        report = tmp_path / "report"
        ended = run("delete", "--base-url", port.url, "--report", str(report), "id")
        assert ended.returncode == 0, ended.stderr
        assert [row["status"] for row in rows(report)] == ["PRESUMED_DELETED"]

    def test_stopped_while_rate_limited(
        self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("reply=429;Retry-After:3600;;")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "id")
        assert process.stderr
        assert process.stderr.readline() == b"okdok: rate limited, waiting 3600 s\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 1
        assert [(row["id"], row["status"]) for row in rows(report)] == [("id", "RATE_LIMITED")]


class TestSignals:
    @pytest.fixture(autouse=True)
    def interruptible(self) -> Iterator[None]:
        """A shell's background job ignores SIGINT, and so do its children."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_the_first_lets_calls_finish(
        self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path, number: signal.Signals
    ) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        ids = [f"id-{n}" for n in range(20)]
        process = start("delete", "--jobs", "4", "--base-url", port.url, "--report", str(report), *ids)
        port.wait(4)
        process.send_signal(number)
        assert process.stderr
        assert process.stderr.readline().startswith(b"okdok: stopping")
        port.release()
        assert process.wait(60) == 130
        assert port.requests() == 4
        assert sorted(row["id"] for row in rows(report)) == [f"id-{n}" for n in range(4)]

        resumed = start("delete", "--base-url", port.url, "--report", str(report), "--resume", *ids)
        assert resumed.wait(60) == 0
        assert port.requests() == 20

    def test_the_second_leaves_at_once(
        self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "a", "b")
        port.wait(2)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        assert process.stderr.readline().startswith(b"okdok: stopping")
        process.send_signal(signal.SIGTERM)
        # The port never answers: only leaving at once ends before the time-out of 30 seconds.
        began = time.monotonic()
        assert process.wait(25) == 130
        assert time.monotonic() - began < 20
        assert report.read_text() == ""
        assert sorted(Path(f"{report}.started").read_text().split()) == ["a", "b"]

    def test_every_id_was_asked_for(self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort) -> None:
        port = serve("hold")
        process = start("delete", "--base-url", port.url, "a", "b")
        port.wait(2)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        assert process.stderr.readline().startswith(b"okdok: stopping")
        port.release()
        assert process.wait(60) == 0


class TestReport:
    def test_a_row_for_each_id(self, run: Okdok, tmp_path: Path, sandbox: str) -> None:
        report = tmp_path / "report"
        ended = run("delete", "--report", str(report), "cli-report", "missing-1", "bad/id")
        assert ended.returncode == 1
        found = {row["id"]: row for row in rows(report)}
        assert {one: row["status"] for one, row in found.items()} == {
            "cli-report": "OK",
            "missing-1": "NOT_FOUND",
            "bad/id": "INVALID_ARGUMENT",
        }
        assert all(row["base_url"] == sandbox for row in found.values())
        assert len(found["missing-1"]) == 11
        assert sorted(Path(f"{report}.started").read_text().split()) == ["bad/id", "cli-report", "missing-1"]

    def test_a_row_is_there_while_others_are_under_way(
        self, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("ok", "hold")
        report = tmp_path / "report"
        process = start("delete", "--jobs", "1", "--base-url", port.url, "--report", str(report), "a", "b")
        port.wait(2)
        assert [row["id"] for row in rows(report)] == ["a"]
        assert Path(f"{report}.started").read_text() == "a\nb\n"
        port.release()
        assert process.wait(60) == 0

    def test_one_write_a_row_and_a_sync_every_second(self, serve: MakePort, tmp_path: Path) -> None:
        port = serve(*["delay=300:ok"] * 8)
        report = tmp_path / "report"
        program = """
import os, sys
writes, syncs = [], []
def write(descriptor, data, write=os.write):
    writes.append(data)
    return write(descriptor, data)
def sync(descriptor, fsync=os.fsync):
    syncs.append(len(writes))
    fsync(descriptor)
os.write, os.fsync = write, sync
from okdok.bulk._cli import main
code = main()
assert len(writes) == 16, writes
# Both files, at two full seconds and at the end, when all is written.
assert len(syncs) == 6, syncs
assert syncs[-2:] == [16, 16], syncs
sys.exit(code)
"""
        ended = subprocess.run(
            [sys.executable, "-c", program, "delete", "--jobs", "1", "--base-url", port.url,
             "--report", str(report), *(f"id-{n}" for n in range(8))],
            check=False, capture_output=True, encoding="utf-8", timeout=60, env={**os.environ, "OKDOK_API_KEY": "key"},
        )  # fmt: skip
        assert (ended.returncode, len(rows(report))) == (0, 8), ended.stderr

    def test_an_existing_one_is_refused(self, run: Okdok, tmp_path: Path) -> None:
        report = tmp_path / "report"
        report.write_text("precious")
        ended = run("delete", "--report", str(report), "cli-existing")
        assert (ended.returncode, "--resume" in ended.stderr) == (2, True)
        assert report.read_text() == "precious"

    def test_a_second_process_is_refused(
        self, run: Okdok, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path
    ) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "a")
        port.wait(1)
        ended = run("delete", "--base-url", port.url, "--report", str(report), "--resume", "a")
        assert (ended.returncode, "in use by another process" in ended.stderr) == (2, True)
        port.release()
        assert process.wait(60) == 0

    def test_a_crash_releases_the_lock(
        self, run: Okdok, start: Callable[..., subprocess.Popen[bytes]], serve: MakePort, tmp_path: Path
    ) -> None:
        """And the id that was under way is presumed deleted when it no longer exists."""
        port = serve("hold:service", "service")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "a")
        port.wait(1)
        process.kill()
        process.wait()
        port.release()
        port.wait_gone(1)
        ended = run("delete", "--base-url", port.url, "--report", str(report), "--resume", "a")
        assert ended.returncode == 0, ended.stderr
        assert port.deleted("a")
        assert rows(report)[-1]["status"] in ("OK", "PRESUMED_DELETED")

    def test_nothing_left_to_ask(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        port = serve("service")
        command = ["delete", "--base-url", port.url, "--report", str(tmp_path / "report"), "--resume", "a", "missing-1"]
        assert run(*command).returncode == 1
        before = port.requests()
        ended = run(*command)
        assert (ended.returncode, ended.stdout) == (1, "")
        assert "1 done, 1 failed of 2" in ended.stderr
        assert run(*command, "--missing-ok").returncode == 0
        assert port.requests() == before

    def test_another_base_url_is_refused(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        assert run("delete", "--base-url", port.url, "--report", str(report), "a").returncode == 0
        ended = run("delete", "--report", str(report), "--resume", "b")
        assert (ended.returncode, port.url in ended.stderr) == (2, True)

    def test_a_full_disk_stops_the_run(self, sandbox: str, tmp_path: Path, serve: MakePort) -> None:
        del sandbox
        port = serve("ok")
        report = tmp_path / "report"
        program = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)); "
            "from okdok.bulk._cli import main; sys.exit(main())"
        )
        ids = [f"id-{n}" for n in range(100)]
        arguments = ["delete", "--jobs", "2", "--base-url", port.url, "--report", str(report)]
        environment = {**os.environ, "OKDOK_API_KEY": "key"}
        ended = subprocess.run(
            [sys.executable, "-c", program, *arguments, *ids],
            check=False, capture_output=True, encoding="utf-8", timeout=60, env=environment,
        )  # fmt: skip
        assert ended.returncode == 2
        assert "cannot be written" in ended.stderr
        assert "Traceback" not in ended.stderr
        assert port.requests() < 20
        ended = subprocess.run(
            [*COMMAND, *arguments, "--resume", *ids],
            check=False, capture_output=True, encoding="utf-8", timeout=60, env=environment,
        )  # fmt: skip
        assert ended.returncode == 0, ended.stderr
        assert len({row["id"] for row in rows(report)}) == 100


class TestProgress:
    def on_a_terminal(self, port: Port, environment: dict[str, str]) -> str:
        """What the command shows there for 30 ids of which one fails."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        process = subprocess.Popen(
            [*COMMAND, "delete", "--jobs", "1", "--base-url", port.url, *(f"id-{n}" for n in range(30))],
            stdout=subprocess.DEVNULL, stderr=theirs, env=environment,
        )  # fmt: skip
        os.close(theirs)
        shown = b""
        try:
            while chunk := os.read(ours, 65536):
                shown += chunk
        except OSError:
            # A terminal without its other side.
            pass
        os.close(ours)
        assert process.wait(60) == 1
        return shown.decode()

    def test_a_bar_where_tqdm_is(self, serve: MakePort) -> None:
        if importlib.util.find_spec("tqdm") is None:
            pytest.skip("tqdm is not installed")
        port = serve("reply=400", *["delay=30:ok"] * 29)
        shown = self.on_a_terminal(port, {**os.environ, "OKDOK_API_KEY": "key"})
        assert "30/30 [" in shown
        assert "ids/s, done 29, failed 1]" in shown
        assert "okdok: 29 done, 1 failed of 30" in shown

    def test_a_line_where_it_is_not(self, serve: MakePort, tmp_path: Path) -> None:
        (tmp_path / "tqdm.py").write_text("raise ImportError")
        path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
        port = serve("reply=400", "ok")
        shown = self.on_a_terminal(port, {**os.environ, "OKDOK_API_KEY": "key", "PYTHONPATH": path})
        assert "30/30" not in shown
        assert "okdok: 29 done, 1 failed of 30" in shown

    def test_the_plain_line(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        clock = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        progress = _progress.Progress(1000, done=100)
        for n in range(200):
            progress.count(done=n % 100 != 0)
            clock[0] += 0.125
            progress.tick()
        lines = capsys.readouterr().err.splitlines()
        assert lines == [
            "okdok: 179 done, 1 failed of 1000, 8.0 ids/s, 1:42 left",
            "okdok: 258 done, 2 failed of 1000, 8.0 ids/s, 1:32 left",
        ]
