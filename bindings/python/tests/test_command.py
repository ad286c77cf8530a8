from __future__ import annotations

import contextlib
import csv
import fcntl
import importlib.util
import io
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import MakeClient, MakePort
from fault_server import ca_file
from okdok.bulk import _progress

Okdok = Callable[..., "subprocess.CompletedProcess[str]"]
COMMAND = [sys.executable, "-m", "okdok"]


@pytest.fixture
def run(service: str, monkeypatch: pytest.MonkeyPatch) -> Okdok:
    """The command, by default with a service that deletes any id once, except those that begin with ``missing-``."""
    monkeypatch.setenv("OKDOK_BASE_URL", service)
    monkeypatch.setenv("OKDOK_API_KEY", "sandbox-key")

    def run(*arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[str]:
        ended = subprocess.run([*COMMAND, *arguments], input=stdin, check=False, capture_output=True, timeout=60)
        return subprocess.CompletedProcess(
            ended.args, ended.returncode, ended.stdout.decode("utf-8"), ended.stderr.decode("utf-8")
        )

    return run


def heed_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)


def take_terminal() -> None:
    heed_signals()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


@pytest.fixture
def start(run: Okdok) -> Iterator[Start]:  # sets the environment
    """The command, left running."""
    running: list[subprocess.Popen[bytes]] = []

    def start(*arguments: str, stdout: int = subprocess.PIPE) -> subprocess.Popen[bytes]:
        # These are ignored if the tests run in the background or under nohup.
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=stdout, stderr=subprocess.PIPE, preexec_fn=heed_signals
        )
        running.append(process)
        return process

    yield start
    for process in running:
        if process.poll() is None:
            process.kill()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        process.wait()


Start = Callable[..., "subprocess.Popen[bytes]"]


def shell(line: str) -> subprocess.CompletedProcess[str]:
    """Runs a line of shell that calls okdok."""
    line = line.replace("okdok ", f"{sys.executable} -m okdok ", 1)
    return subprocess.run(["sh", "-c", line], check=False, capture_output=True, encoding="utf-8", timeout=60)


def on_a_terminal(*arguments: str) -> tuple[str, int]:
    """What the command shows on a terminal, and its exit code."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
    process = subprocess.Popen(
        [*COMMAND, *arguments], stdout=theirs, stderr=theirs, env={**os.environ, "OKDOK_API_KEY": "key"}
    )
    os.close(theirs)
    shown = b""
    try:
        while chunk := os.read(ours, 65536):
            shown += chunk
    except OSError:
        # The other side of the terminal is closed.
        pass
    os.close(ours)
    return shown.decode(), process.wait(60)


def wait_until(condition: Callable[[], bool]) -> None:
    """For states that only the system knows and that it does not report."""
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def asleep_in_write(pid: int) -> bool:
    return (
        "pipe_write" in Path(f"/proc/{pid}/wchan").read_text() or Path(f"/proc/{pid}/syscall").read_text()[:2] == "1 "
    )


def times_asleep(pid: int) -> int:
    """How often the main thread has waited for something."""
    found = re.search(r"^voluntary_ctxt_switches:\s*(\d+)$", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found
    return int(found[1])


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

    def test_some_failed(self, run: Okdok, sandbox: str) -> None:
        first, second = str(uuid.uuid4()), str(uuid.uuid4())
        ended = run("delete", "--base-url", sandbox, "--missing-ok", first, "missing-1", "invalid-1", second)
        assert ended.returncode == 1
        assert sorted(ended.stdout.splitlines()) == sorted(
            [f"deleted {first}", f"deleted {second}", "missing missing-1"]
        )
        assert ended.stderr.startswith("invalid-1: BAD_REQUEST: ")
        assert "okdok: 3 done, 1 failed of 4" in ended.stderr

    def test_an_unknown_outcome_is_said(self, run: Okdok, serve: MakePort) -> None:
        ended = run("delete", "--base-url", serve("reply=204").url, "id")
        assert ended.returncode == 1
        assert ended.stderr.startswith("id: UNEXPECTED_RESPONSE (it may have been deleted): ")

    def test_json(self, run: Okdok, service: str) -> None:
        ended = run("delete", "--json", "cli-json", "missing-1")
        assert ended.returncode == 1
        found = {row["id"]: row for row in map(json.loads, ended.stdout.splitlines())}
        assert set(found) == {"cli-json", "missing-1"}
        assert found["cli-json"]["status"] == "OK"
        assert found["missing-1"]["status"] == "NOT_FOUND"
        assert found["missing-1"]["service_code"] == "err.signature.request.not.exist"
        assert {row["base_url"] for row in found.values()} == {service}
        assert [attempt["status"] for attempt in found["missing-1"]["attempt_log"]] == ["NOT_FOUND"]


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
            ["delete", "--max-failures", "-1", "id"],
            ["delete", "--csv", "id", "id"],
            ["summary"],
            ["summary", "/nowhere/report"],
            ["check", "id"],
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
        one = str(uuid.uuid4())
        ended = run("delete", "--base-url", sandbox, "--api-key-file", str(tmp_path / "key"), one)
        assert ended.returncode == 0, ended.stderr

    def test_version(self, run: Okdok) -> None:
        ended = run("--version")
        assert ended.returncode == 0
        assert ended.stdout.startswith(f"okdok {okdok.__version__} (library {okdok.__version__}, ")

    def test_help_has_the_exit_codes(self, run: Okdok) -> None:
        text = run("delete", "--help").stdout
        assert all(f"\n  {code} " in text for code in (0, 1, 2, 3, 130))


class TestIds:
    def test_standard_input(self, run: Okdok) -> None:
        stdin = "\ufeffcli-in-1\r\ncli-in-2 \t\n\n  \r\n\t cli-in-1\ncli-in-é\nwith blank".encode()
        ended = run("delete", "cli-in-0", "-", "cli-in-0", stdin=stdin)
        assert ended.returncode == 0, ended.stderr
        wanted = [f"deleted {one}" for one in ("cli-in-0", "cli-in-1", "cli-in-2", "cli-in-é", "with blank")]
        assert sorted(ended.stdout.splitlines()) == wanted

    def test_nothing(self, run: Okdok) -> None:
        ended = run("delete", "-")
        assert (ended.returncode, ended.stdout) == (0, "")
        assert ended.stderr == "okdok: there are no ids, so nothing was sent\n"

    @pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-8"])
    def test_what_windows_writes(self, run: Okdok, encoding: str) -> None:
        """PowerShell's > makes UTF-16."""
        ended = run("delete", "-", stdin="\ufeffcli-1\r\ncli-é\r\n".encode(encoding))
        assert (ended.returncode, sorted(ended.stdout.splitlines())) == (0, ["deleted cli-1", "deleted cli-é"])

    def test_utf_16_that_is_none(self, run: Okdok) -> None:
        ended = run("delete", "-", stdin="\ufeffcli-1\r\n".encode("utf-16-le") + b"x")
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.startswith("okdok: standard input begins as UTF-16 but is not valid UTF-16: ")

    @pytest.mark.parametrize(
        ("line", "said"),
        [
            ("\u00a0id", "U+00A0"),
            ("id\u2003", "U+2003"),
            ("id\u200b", "U+200B"),
            ("i\ufeffd", "U+FEFF"),
            ("i\td", ""),
            ("i\x85d", ""),
            ("bad/id", ""),
            ("x" * 257, ""),
            ("\udcff", "lone surrogate"),
        ],
    )
    def test_what_would_be_refused_is_told_before_anything_is_sent(
        self, run: Okdok, serve: MakePort, tmp_path: Path, line: str, said: str
    ) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        command = ["delete", "--base-url", port.url, "--report", str(report), "-"]
        stdin = f"first\n\n{line}\nlast".encode("utf-8", "surrogateescape")
        ended = run(*command, stdin=stdin)
        assert (ended.returncode, ended.stdout) == (2, "")
        told, reason = ended.stderr.splitlines()
        assert told.startswith("line 3: ")
        assert ": INVALID_ARGUMENT: " in told
        assert said in told
        assert told.isprintable()
        assert reason.startswith("okdok: 1 of 3 ids would be refused, so nothing was sent; --skip-invalid")
        assert port.connections() == 0
        # Nor does a report get in the way of the next run.
        assert os.listdir(tmp_path) == []

        ended = run(*command, "--skip-invalid", stdin=stdin)
        assert ended.returncode == 1
        assert sorted(ended.stdout.splitlines()) == ["deleted first", "deleted last"]
        assert ended.stderr.count("INVALID_ARGUMENT") == 1
        assert {row["status"] for row in rows(report)} == {"OK", "INVALID_ARGUMENT"}

    def test_very_many_that_would_be_refused(self, run: Okdok, serve: MakePort) -> None:
        port = serve("ok")
        ended = run("delete", "--base-url", port.url, "-", stdin=b"".join(b"a/%d\n" % n for n in range(1000)))
        assert ended.returncode == 2
        assert ended.stderr.count("INVALID_ARGUMENT") == 20
        assert "okdok: and 980 more ids that would be refused" in ended.stderr
        assert port.connections() == 0

    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_csv(self, run: Okdok, delimiter: str) -> None:
        table = [["name", "request id"], ["x", "csv-1"], ["a, b; c", " csv-2 "], [], ["two\nlines", "csv-é"]]
        text = io.StringIO()
        csv.writer(text, delimiter=delimiter).writerows(table)
        ended = run("delete", "--csv", "request id", "-", stdin=text.getvalue().encode("utf-8-sig"))
        assert ended.returncode == 0, ended.stderr
        assert sorted(ended.stdout.splitlines()) == ["deleted csv-1", "deleted csv-2", "deleted csv-é"]

    def test_csv_of_a_single_column(self, run: Okdok) -> None:
        assert run("delete", "--csv", "id", "-", stdin=b"id\ncsv-1\n").stdout == "deleted csv-1\n"

    @pytest.mark.parametrize("text", [b"", b"name,other\n1,2\n", b"id,id\n1,2\n"])
    def test_csv_without_the_column(self, run: Okdok, text: bytes) -> None:
        ended = run("delete", "--csv", "id", "-", stdin=text)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "does not name the column 'id' exactly once" in ended.stderr

    def test_csv_with_cells_that_are_empty_or_missing(self, run: Okdok) -> None:
        ended = run("delete", "--csv", "id", "-", stdin=b'name,id\n1,a\n2,""\n3\n"4\n",b/c\n')
        assert ended.returncode == 2
        assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == ["line 3", "line 6", "okdok"]

    def test_csv_that_is_none(self, run: Okdok) -> None:
        ended = run("delete", "--csv", "id", "-", stdin=b"id\n" + b"x" * 200_000)
        assert (ended.returncode, "line 2 of standard input is not CSV" in ended.stderr) == (2, True)

    @pytest.mark.parametrize("cell", ['"never closed', '"closed" too early'])
    def test_csv_with_a_quote_that_swallows_rows(self, run: Okdok, serve: MakePort, cell: str) -> None:
        port = serve("ok")
        text = f"id,name\ncsv-1,x\ncsv-2,{cell}\ncsv-3,x\ncsv-4,x\n"
        ended = run("delete", "--csv", "id", "--base-url", port.url, "-", stdin=text.encode())
        assert (ended.returncode, ended.stdout) == (2, "")
        assert "the row in line 3 of standard input is not CSV" in ended.stderr
        assert port.requests() == 0

    def test_dry_run(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        common = ["delete", "--dry-run", "--base-url", port.url, "--report", str(report)]
        ended = run(*common, "good", "also-good", "good")
        assert (ended.returncode, ended.stdout) == (0, "would delete good\nwould delete also-good\n")
        ended = run(*common, "good", "bad/id", "-", stdin=b"trailing\xc2\xa0\n")
        assert (ended.returncode, ended.stdout) == (1, "would delete good\n")
        first, second = ended.stderr.splitlines()
        assert first.startswith("bad/id: INVALID_ARGUMENT: ")
        assert second.startswith("line 1: trailing\\xa0: INVALID_ARGUMENT: ")
        ended = run(*common, "--json", "good", "..")
        assert [json.loads(line)["valid"] for line in ended.stdout.splitlines()] == [True, False]
        assert port.connections() == 0
        assert not report.exists()

    def test_dry_run_checks_the_options(self, run: Okdok) -> None:
        assert run("delete", "--dry-run", "--base-url", "ftp://x", "id").returncode == 2

    def test_the_check_is_the_librarys(self, client: MakeClient, serve: MakePort) -> None:
        made = client(serve("ok").url)
        characters = [
            chr(n) for n in (*range(1, 0x100), 0x2028, 0x202E, 0xFEFF, 0xFFFD, 0xFFFF, 0xE000, 0x1F600, 0x10FFFF)
        ]
        ids = ["", ".", "..", "...", "%2e", "%2E%2E", "a.", " ", "x" * 256, "x" * 257, "é" * 128, "é" * 129, "a\0b"]
        for one in [*ids, *(f"a{character}b" for character in characters), *characters]:
            said = []
            for ask in (made.delete_signature_request, okdok.check_signature_request_id):
                try:
                    ask(one)
                    said.append("")
                except okdok.InvalidArgumentError as refusal:
                    said.append(str(refusal))
            assert said[0] == said[1], ascii(one)


class TestSignals:
    @pytest.fixture(autouse=True)
    def interruptible(self) -> Iterator[None]:
        """A shell's background job ignores SIGINT, and so do its children."""
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_the_first_lets_calls_finish(
        self, start: Start, serve: MakePort, tmp_path: Path, number: signal.Signals
    ) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        ids = [f"id-{n}" for n in range(20)]
        process = start("delete", "--jobs", "4", "--base-url", port.url, "--report", str(report), *ids)
        port.wait(4)
        process.send_signal(number)
        assert process.stderr
        # On a slow machine, totals may come first.
        assert any(line.startswith(b"okdok: stopping") for line in iter(process.stderr.readline, b""))
        port.release()
        assert process.wait(60) == 130
        assert port.requests() == 4
        assert sorted(row["id"] for row in rows(report)) == [f"id-{n}" for n in range(4)]

        resumed = start("delete", "--base-url", port.url, "--report", str(report), "--resume", *ids)
        assert resumed.wait(60) == 0
        assert port.requests() == 20

    def test_the_second_leaves_at_once(self, start: Start, serve: MakePort, tmp_path: Path) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "a", "b")
        port.wait(2)
        process.send_signal(signal.SIGINT)
        assert process.stderr
        # On a slow machine, totals may come first.
        assert any(line.startswith(b"okdok: stopping") for line in iter(process.stderr.readline, b""))
        process.send_signal(signal.SIGTERM)
        # The port never answers: only leaving at once ends before the time-out of 30 seconds.
        began = time.monotonic()
        assert process.wait(25) == 130
        assert time.monotonic() - began < 20
        assert report.read_text() == ""
        assert sorted(Path(f"{report}.started").read_text().split()) == ["a", "b"]

    def test_every_id_was_asked_for(self, start: Start, serve: MakePort) -> None:
        port = serve("hold")
        process = start("delete", "--base-url", port.url, "a", "b")
        port.wait(2)
        process.send_signal(signal.SIGTERM)
        assert process.stderr
        # On a slow machine, totals may come first.
        assert any(line.startswith(b"okdok: stopping") for line in iter(process.stderr.readline, b""))
        port.release()
        assert process.wait(60) == 0

    def test_every_id_was_asked_for_but_the_run_had_not_noticed(self, serve: MakePort) -> None:
        port = serve("ok")
        program = """
import sys
sys.path.insert(0, sys.argv[2])
from fault_server import command
from okdok.bulk import _delete, _run
from okdok.bulk._command import main
class Stopped(_run.Run):
    def _take_ids(self):
        super()._take_ids()
        if not self._stopped:
            command("wait", sys.argv[1], "2")
            self._exhausted = False
            self.stop()
_delete.Run = Stopped
sys.exit(main(["delete", "a", "b"]))
"""
        ended = subprocess.run(
            [sys.executable, "-c", program, port.number, str(Path(__file__).parent)],
            check=False, capture_output=True, encoding="utf-8", timeout=60,
            env={**os.environ, "OKDOK_BASE_URL": port.url, "OKDOK_API_KEY": "key"},
        )  # fmt: skip
        assert (ended.returncode, sorted(ended.stdout.splitlines())) == (0, ["deleted a", "deleted b"]), ended.stderr


class TestReport:
    def test_a_row_for_each_id(self, run: Okdok, tmp_path: Path, service: str) -> None:
        report = tmp_path / "report"
        ended = run("delete", "--skip-invalid", "--report", str(report), "cli-report", "missing-1", "bad/id")
        assert ended.returncode == 1
        found = {row["id"]: row for row in rows(report)}
        assert {one: row["status"] for one, row in found.items()} == {
            "cli-report": "OK",
            "missing-1": "NOT_FOUND",
            "bad/id": "INVALID_ARGUMENT",
        }
        assert all(row["base_url"] == service for row in found.values())
        assert len(found["missing-1"]) == 13
        assert sorted(Path(f"{report}.started").read_text().split()) == ["cli-report", "missing-1"]

    def test_a_row_is_there_while_others_are_under_way(self, start: Start, serve: MakePort, tmp_path: Path) -> None:
        port = serve("ok", "hold")
        report = tmp_path / "report"
        process = start("delete", "--jobs", "1", "--base-url", port.url, "--report", str(report), "a", "b")
        port.wait(2)
        assert [row["id"] for row in rows(report)] == ["a"]
        assert Path(f"{report}.started").read_text() == "a\nb\n"
        port.release()
        assert process.wait(60) == 0

    def test_one_write_a_row_and_a_sync_every_second(self, serve: MakePort, tmp_path: Path) -> None:
        port = serve(*["delay=150:ok"] * 8)
        report = tmp_path / "report"
        program = """
import os, sys, time
writes, syncs = [], []
began = time.monotonic()
def write(descriptor, data, write=os.write):
    writes.append(data)
    return write(descriptor, data)
def sync(descriptor, fsync=os.fsync):
    syncs.append(len(writes))
    fsync(descriptor)
os.write, os.fsync = write, sync
from okdok.bulk._command import main
code = main()
assert len(writes) == 16, writes
# Both files, now and then and at the end, when all is written.
assert 4 <= len(syncs) <= 2 * (time.monotonic() - began + 1), syncs
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

    def test_a_second_process_is_refused(self, run: Okdok, start: Start, serve: MakePort, tmp_path: Path) -> None:
        port = serve("hold")
        report = tmp_path / "report"
        process = start("delete", "--base-url", port.url, "--report", str(report), "a")
        port.wait(1)
        ended = run("delete", "--base-url", port.url, "--report", str(report), "--resume", "a")
        assert (ended.returncode, "in use by another process" in ended.stderr) == (2, True)
        port.release()
        assert process.wait(60) == 0

    def test_a_crash_releases_the_lock(self, run: Okdok, start: Start, serve: MakePort, tmp_path: Path) -> None:
        """The id that was under way is presumed deleted if it no longer exists."""
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
        assert "okdok: nothing is left to do" in ended.stderr
        assert run(*command, "--missing-ok").returncode == 0
        assert port.requests() == before

    def test_another_base_url_is_refused(self, run: Okdok, serve: MakePort, tmp_path: Path) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        assert run("delete", "--base-url", port.url, "--report", str(report), "a").returncode == 0
        ended = run("delete", "--report", str(report), "--resume", "b")
        assert (ended.returncode, port.url in ended.stderr) == (2, True)

    def test_a_full_disk_stops_the_run(self, tmp_path: Path, serve: MakePort) -> None:
        port = serve("ok")
        report = tmp_path / "report"
        program = (
            "import resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (4000, 4000)); "
            "from okdok.bulk._command import main; sys.exit(main())"
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
    def test_a_bar_where_tqdm_is(self, serve: MakePort) -> None:
        """On a terminal: the bar, failures as they come, and nothing else."""
        if importlib.util.find_spec("tqdm") is None:
            pytest.skip("tqdm is not installed")
        port = serve("reply=400", *["delay=30:ok"] * 29)
        shown, code = on_a_terminal("delete", "--jobs", "1", "--base-url", port.url, *(f"id-{n}" for n in range(30)))
        assert code == 1
        assert "30/30 [" in shown
        assert "ids/s, done 29, failed 1]" in shown
        assert "id-0: BAD_REQUEST: " in shown
        assert "okdok: 29 done, 1 failed of 30" in shown
        assert "deleted id-" not in shown

    def test_every_id_if_asked_for(self, serve: MakePort) -> None:
        shown, code = on_a_terminal("delete", "-v", "--base-url", serve("ok").url, *(f"id-{n}" for n in range(5)))
        assert (code, shown.count("deleted id-")) == (0, 5)

    def test_a_single_id_has_its_line(self, serve: MakePort) -> None:
        assert on_a_terminal("delete", "--base-url", serve("ok").url, "id") == ("deleted id\r\n", 0)

    def test_a_line_where_it_is_not(self, serve: MakePort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "tqdm.py").write_text("raise ImportError")
        monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]]))
        port = serve("reply=400", "ok")
        shown, code = on_a_terminal("delete", "--jobs", "1", "--base-url", port.url, *(f"id-{n}" for n in range(30)))
        assert code == 1
        assert "30/30" not in shown
        assert "okdok: 29 done, 1 failed of 30" in shown

    def test_the_plain_line(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        clock = [0.0]
        monkeypatch.setattr(time, "monotonic", lambda: clock[0])
        progress = _progress.Progress(1000)
        progress.before = progress.done = 100
        for n in range(200):
            progress.done += n % 100 != 0
            progress.failed += n % 100 == 0
            clock[0] += 0.125
            progress.tick()
        lines = capsys.readouterr().err.splitlines()
        assert lines == [
            "okdok: 179 done, 1 failed of 1000, 8.0 ids/s, 1:42 left",
            "okdok: 258 done, 2 failed of 1000, 8.0 ids/s, 1:32 left",
        ]


@pytest.mark.usefixtures("run")
class TestStreams:
    """If a stream is missing, has no reader or is full, there is one line and an exit code."""

    IDS = tuple(f"id-{n}" for n in range(2000))
    needs_dev_full = pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")

    def test_no_standard_input(self, tmp_path: Path) -> None:
        ended = shell(f"okdok delete --report {tmp_path}/report - <&-")
        assert os.listdir(tmp_path) == []
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr == "okdok: there is no standard input to read ids from\n"

    @needs_dev_full
    def test_a_full_disk(self, serve: MakePort) -> None:
        port = serve("ok")
        ended = shell(f"okdok delete --jobs 4 --base-url {port.url} {' '.join(self.IDS[:500])} >/dev/full")
        assert ended.returncode == 2
        assert ended.stderr.splitlines()[-1].startswith("okdok: stopped: the output cannot be written: [Errno 28]")
        assert "Traceback" not in ended.stderr
        assert "Exception ignored" not in ended.stderr
        assert port.requests() < 20

    @needs_dev_full
    def test_a_full_disk_of_another_command(self, serve: MakePort) -> None:
        ended = shell(f"okdok check --base-url {serve('missing').url} >/dev/full")
        assert ended.returncode == 2
        assert ended.stderr == "okdok: the output cannot be written: [Errno 28] No space left on device\n"

    def test_without_standard_error_the_output_is_whole(self) -> None:
        ended = shell("okdok delete --json a b missing-1 2>&-")
        assert (ended.returncode, ended.stderr) == (1, "")
        assert sorted(json.loads(line)["id"] for line in ended.stdout.splitlines()) == ["a", "b", "missing-1"]

    def test_without_standard_streams_the_report_is_whole(self, tmp_path: Path) -> None:
        """The report must not get the number of one of them."""
        report = tmp_path / "report"
        ended = shell(f"okdok delete --report {report} a missing-1 <&- >&- 2>&-")
        assert ended.returncode == 1
        assert sorted(row["id"] for row in rows(report)) == ["a", "missing-1"]

    @pytest.mark.parametrize("output", ["", "--json"])
    def test_a_reader_that_goes_away(self, start: Start, serve: MakePort, tmp_path: Path, output: str) -> None:
        port = serve("ok", "hold")
        report = tmp_path / "report"
        process = start(
            "delete", *output.split(), "--jobs", "4", "--report", str(report), "--base-url", port.url, *self.IDS
        )
        assert process.stdout
        assert process.stderr
        assert b"id-" in process.stdout.readline()
        port.wait(5)
        process.stdout.close()
        port.release()
        assert process.wait(60) == 130
        said = process.stderr.read()
        assert b"Traceback" not in said
        assert said.splitlines()[-1] == b"okdok: stopped before all ids were processed; --resume continues"
        assert len(rows(report)) == port.requests() < 50

    def test_nobody_who_reads_of_failures(self, start: Start, serve: MakePort) -> None:
        port = serve("reply=400", "hold:missing")
        process = start("delete", "--jobs", "4", "--base-url", port.url, *self.IDS)
        assert process.stderr
        assert any(b"BAD_REQUEST" in line for line in iter(process.stderr.readline, b""))
        port.wait(5)
        process.stderr.close()
        port.release()
        assert process.wait(60) == 130
        assert port.requests() < 50

    @pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
    def test_a_full_pipe_and_a_signal(
        self, start: Start, serve: MakePort, tmp_path: Path, number: signal.Signals
    ) -> None:
        """Nobody reads, as when less shows its first page: the main thread is stuck in write(), but the run stops."""
        port = serve("ok", "hold")
        report = tmp_path / "report"
        reading, writing = os.pipe()
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b" " * 4096)
        os.set_blocking(writing, True)
        command = ["delete", "--json", "--jobs", "4", "--report", str(report), "--base-url", port.url]
        process = start(*command, *self.IDS, stdout=writing)
        os.close(writing)
        # The outcome of the first call is being written, four are under way, and three more ids have been taken.
        port.wait(5)
        wait_until(lambda: asleep_in_write(process.pid))
        assert port.requests() == 5
        before = times_asleep(process.pid)
        process.send_signal(number)
        # It woke up for its signal handler, and is stuck again.
        wait_until(lambda: asleep_in_write(process.pid) and times_asleep(process.pid) > before)
        port.release()
        wait_until(lambda: len(rows(report)) == 5)
        # When its output is read at last, it ends by itself.
        with open(reading, "rb") as output:
            said = output.read().strip()
        assert process.wait(60) == 130
        assert port.requests() == len(rows(report)) == len(said.splitlines()) == 5

    @pytest.mark.parametrize(
        "options", [{}, {"start_new_session": True, "preexec_fn": take_terminal}], ids=["no signal", "SIGHUP"]
    )
    def test_a_terminal_that_is_gone(self, serve: MakePort, tmp_path: Path, options: dict[str, Any]) -> None:
        """Writing fails with EIO. SIGHUP comes as well, but not under nohup or in another session."""
        port = serve("hold")
        report = tmp_path / "report"
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [*COMMAND, "delete", "-v", "--jobs", "4", "--report", str(report), "--base-url", port.url, *self.IDS],
            stdin=theirs, stdout=theirs, stderr=theirs, **options,
        )  # fmt: skip
        os.close(theirs)
        port.wait(4)
        os.close(ours)
        port.release()
        assert process.wait(60) == 130
        assert len(rows(report)) == port.requests() < 20


class TestNoPoint:
    def test_a_key_that_is_refused(self, run: Okdok, sandbox: str, tmp_path: Path) -> None:
        report = tmp_path / "report"
        (tmp_path / "key").write_text("wrong")
        ids = [str(uuid.uuid4()) for _ in range(500)]
        command = ["delete", "--base-url", sandbox, "--jobs", "4", "--report", str(report)]
        ended = run(*command, "--api-key-file", str(tmp_path / "key"), *ids)
        assert ended.returncode == 3
        assert ended.stderr.splitlines()[-1] == "okdok: gave up: the service refused the key; --resume continues"
        assert 1 <= len(rows(report)) <= 4
        (tmp_path / "key").write_text("sandbox-key")
        ended = run(*command, "--resume", "--api-key-file", str(tmp_path / "key"), *ids)
        assert ended.returncode == 0, ended.stderr
        assert len({row["id"] for row in rows(report) if row["status"] == "OK"}) == 500

    def test_a_key_without_the_permission(self, run: Okdok, serve: MakePort) -> None:
        port = serve("reply=403")
        ended = run("delete", "--base-url", port.url, "--max-failures", "5", *(f"id-{n}" for n in range(500)))
        assert ended.returncode == 3
        last = ended.stderr.splitlines()[-1]
        assert last.startswith("okdok: gave up after 5 failures in a row, the last FORBIDDEN: ")
        assert port.requests() <= 5 + 8


class TestCheck:
    @pytest.mark.parametrize("as_json", [False, True])
    @pytest.mark.parametrize(
        ("step", "steps"),
        [
            ("missing", ["resolved", "made", "none, since this is plain http", "accepted"]),
            ("reply=401", ["resolved", "made", "none, since this is plain http", "refused: "]),
            ("reply=403", ["resolved", "made", "none, since this is plain http", "failed: "]),
            ("reply=302;Location:x;;", ["resolved", "made", "none, since", "not known: UNEXPECTED_RESPONSE: "]),
            ("ok", ["resolved", "made", "none, since", "not known: OK: the service says that it deleted"]),
        ],
    )
    def test_answers(self, run: Okdok, serve: MakePort, step: str, steps: list[str], as_json: bool) -> None:
        port = serve(step)
        ended = run("check", "--base-url", port.url, *["--json"] * as_json)
        assert (ended.returncode, ended.stderr) == (0 if step == "missing" else 1, "")
        if as_json:
            found = json.loads(ended.stdout)
            assert (found["base_url"], found["ok"]) == (port.url, step == "missing")
            said = found["steps"]
        else:
            title, *lines = ended.stdout.splitlines()
            assert title == f"{port.url}:"
            said = dict(line.strip().split(": ", 1) for line in lines)
        assert list(said) == ["name", "connection", "certificate", "key"]
        for wanted, got in zip(steps, said.values()):
            assert got.startswith(wanted)
        assert len(re.findall(r"DELETE /JSON/signatureRequest/[0-9A-F]{8}-[0-9A-F-]{27} ", port.request(1))) == 1

    def test_the_sandbox(self, run: Okdok, sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
        verdicts = (("sandbox-key", 0, "accepted"), ("wrong", 1, "refused: "), ("sandbox-forbidden", 1, "failed: "))
        for key, code, said in verdicts:
            monkeypatch.setenv("OKDOK_API_KEY", key)
            ended = run("check", "--base-url", sandbox)
            assert (ended.returncode, f"  key: {said}" in ended.stdout) == (code, True)

    def test_nobody_there(self, run: Okdok, serve: MakePort) -> None:
        ended = run("check", "--json", "--base-url", serve(command="closed").url)
        assert ended.returncode == 1
        steps = json.loads(ended.stdout)["steps"]
        assert steps["name"] == "resolved"
        assert steps["connection"].startswith("failed: ")
        assert steps["certificate"] == steps["key"] == "not reached"

    def test_a_certificate(self, run: Okdok, serve: MakePort) -> None:
        ended = run("check", "--json", "--base-url", serve("good", "missing", command="tls").url)
        assert ended.returncode == 1
        steps = json.loads(ended.stdout)["steps"]
        assert (steps["connection"], steps["key"]) == ("made", "not reached")
        assert steps["certificate"].startswith("failed: ")

    def test_a_trusted_certificate(self, run: Okdok, serve: MakePort, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("SSL_CERT_FILE", ca_file("good"))
        ended = run("check", "--base-url", serve("good", "missing", command="tls").url)
        assert ended.returncode == 0, ended.stdout
        assert "certificate: trusted" in ended.stdout

    def test_a_name(self, run: Okdok, monkeypatch: pytest.MonkeyPatch) -> None:
        # glibc refuses a label of more than 63 characters without asking any name server.
        monkeypatch.setenv("HTTPS_PROXY", f"http://{'x' * 64}.test")
        ended = run("check", "--json", "--base-url", "https://okdok.test")
        assert ended.returncode == 1
        steps = json.loads(ended.stdout)["steps"]
        assert steps["name"].startswith("failed: ")
        assert set(list(steps.values())[1:]) == {"not reached"}

    def test_a_proxy(self, run: Okdok, serve: MakePort, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", serve("407", command="proxy").url)
        ended = run("check", "--json", "--base-url", "https://okdok.test")
        assert ended.returncode == 1
        assert json.loads(ended.stdout)["steps"]["connection"].startswith("failed: ")


class TestSummary:
    @pytest.fixture
    def report(self, run: Okdok, serve: MakePort, tmp_path: Path) -> str:
        """OK, a failure, a lost call that --resume would presume deleted, and one during which the process died."""
        report = tmp_path / "report"
        port = serve("ok", "reply=401")
        run("delete", "--base-url", port.url, "--jobs", "1", "--report", str(report), "a", "=b")
        lost = rows(report)[1]
        lost.update(id="c", status="TIMED_OUT", outcome_unknown=True, message="too late")
        with report.open("a") as file:
            file.write(json.dumps(lost) + "\n" + '{"torn')
        with Path(f"{report}.started").open("a") as file:
            file.write("c\nd\n")
        return str(report)

    def test_for_people(self, run: Okdok, report: str) -> None:
        content = Path(report).read_bytes()
        ended = run("summary", report)
        assert (ended.returncode, ended.stderr) == (0, "")
        title, *lines = ended.stdout.splitlines()
        assert title == f"{report}: 4 ids"
        assert sorted(lines[:4]) == [
            "        1  OK",
            "        1  TIMED_OUT",
            "        1  UNAUTHORIZED",
            "        1  no outcome",
        ]
        assert lines[4:7] == [
            "unknown, may have been deleted: 2",
            "  c: TIMED_OUT: too late",
            "  d: no outcome: its call was under way when the process ended; --resume tries it again",
        ]
        assert lines[7] == "failed: 1"
        assert lines[8].startswith("  =b: UNAUTHORIZED: ")
        # It only reads.
        assert Path(report).read_bytes() == content

    def test_for_spreadsheets(self, run: Okdok, report: str) -> None:
        found = list(csv.DictReader(run("summary", "--csv", report).stdout.splitlines()))
        assert [(row["id"], row["status"], row["outcome_unknown"]) for row in found] == [
            ("a", "OK", "False"),
            ("=b", "UNAUTHORIZED", "False"),
            ("c", "TIMED_OUT", "True"),
            ("d", "", "True"),
        ]
        assert found[0]["http_status"] == "200"

    def test_the_last_row_of_an_id_counts(self, run: Okdok, report: str) -> None:
        path = Path(report)
        row = json.loads(path.read_text().splitlines()[0])
        row.update(id="c", status="PRESUMED_DELETED")
        path.write_text(path.read_text()[: -len('{"torn')] + json.dumps(row) + "\n")
        assert "failed: 1\n" in run("summary", report).stdout
        assert "TIMED_OUT" not in run("summary", report).stdout

    def test_what_is_no_report(self, run: Okdok, tmp_path: Path) -> None:
        (tmp_path / "a").write_text("no report\n")
        (tmp_path / "a.started").write_text("")
        ended = run("summary", str(tmp_path / "a"))
        assert (ended.returncode, "is not a report: line 1" in ended.stderr) == (2, True)
