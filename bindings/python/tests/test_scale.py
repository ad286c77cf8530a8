"""Very many ids: how much memory and time they take."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
import threading
from pathlib import Path

import pytest
from conftest import MakePort, RunPython

pytestmark = pytest.mark.slow

MILLION = 1_000_000


def cost(arguments: list[str], stdin: Path, stderr: int = subprocess.DEVNULL) -> tuple[int, float, int]:
    """The exit code, processor time in seconds and peak memory in KiB of a run of the command."""
    with stdin.open() as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "okdok", "delete", *arguments, "-"],
            stdin=file, stdout=stderr if stderr >= 0 else subprocess.DEVNULL, stderr=stderr,
            env={**os.environ, "OKDOK_API_KEY": "key"},
        )  # fmt: skip
        if stderr >= 0:
            os.close(stderr)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, used.ru_utime + used.ru_stime, used.ru_maxrss


def test_a_million_rows_are_resumed(tmp_path: Path) -> None:
    """Before reports were read as they are now, this took 863 MB, and 37 s on the slowest machine that was tried."""
    row = {
        "id": "", "base_url": "https://okdok.test", "time": "2026-05-08T10:00:00.000Z", "status": "OK",
        "http_status": 200, "attempts": 1, "outcome_unknown": False, "retry_after": 0.0, "service_code": "msg.deleted",
        "service_value": "", "message": "", "elapsed": 0.123,
        "attempt_log": [{"status": "OK", "http_status": 200, "waited": 0.0, "elapsed": 0.123}],
    }  # fmt: skip
    before, after = json.dumps(row).split('""', 1)
    # Written line by line: the peak memory of a child includes what its parent had when it was forked.
    with (
        (tmp_path / "ids").open("w") as listed,
        (tmp_path / "report.started").open("w") as started,
        (tmp_path / "report").open("w") as report,
    ):
        for n in range(MILLION):
            one = f"{n:08x}-e29b-41d4-a716-446655440000"
            listed.write(f"{one}\n")
            started.write(f"{one}\n")
            report.write(f'{before}"{one}"{after}\n')
    arguments = ["--base-url", "https://okdok.test", "--report", str(tmp_path / "report"), "--resume"]
    code, seconds, size = cost(arguments, tmp_path / "ids")
    assert code == 0
    assert size <= 250 * 1024
    print(f"a resumed million: {seconds:.1f} s, {size // 1024} MB")


def test_memory_of_an_id(run_python: RunPython) -> None:
    program = """
import okdok, re, sys
from okdok import bulk
class Fake(okdok.Client):
    def __init__(self):
        pass
    def delete_signature_request(self, signature_request_id):
        return okdok.Deletion(signature_request_id)
with bulk.Run(Fake(), (f"id-{n}" for n in range(int(sys.argv[1]))), jobs=2) as run:
    for _ in run:
        pass
# Not getrusage(): that includes what the parent had when it forked, which is more than all of this.
with open("/proc/self/status") as status:
    print(re.search(r"VmHWM:\\s*(\\d+) kB", status.read())[1])
"""
    few, many = (int(run_python(program, str(n)).stdout) for n in (1_000, 101_000))
    assert (many - few) * 1024 / 100_000 <= 160


def test_the_bar_shows_a_hundred_thousand_ids(serve: MakePort, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("tqdm")
    port = serve("ok")
    (tmp_path / "ids").write_text("\n".join(f"id-{n}" for n in range(100_000)))
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "tqdm.py").write_text("raise ImportError")
    path = os.environ["PYTHONPATH"]

    def on_a_terminal(python_path: str) -> float:
        monkeypatch.setenv("PYTHONPATH", python_path)
        ours, theirs = pty.openpty()
        fcntl.ioctl(ours, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 100, 0, 0))
        shown = bytearray()

        def read() -> None:
            try:
                while chunk := os.read(ours, 65536):
                    shown.extend(chunk)
            except OSError:
                # The other side of the terminal is closed.
                pass

        reading = threading.Thread(target=read)
        reading.start()
        code, seconds, _ = cost(["--base-url", port.url], tmp_path / "ids", theirs)
        reading.join()
        os.close(ours)
        assert code == 0
        assert (b"100000/100000 [" in shown) == (python_path == path)
        return seconds

    with_bar, without = on_a_terminal(path), on_a_terminal(f"{tmp_path / 'without'}:{path}")
    print(f"100,000 ids: {with_bar:.1f} s with a bar, {without:.1f} s without")
