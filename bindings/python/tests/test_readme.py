"""The programs in the README run, and its lists are complete."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import okdok
import pytest
from conftest import ROOT, MakePort, RunPython
from okdok.bulk._exit import Exit

README = (ROOT / "bindings" / "python" / "README.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples" / "delete.py"
FRESH = str(uuid.uuid4())
PROGRAMS = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_the_complete_program_is_the_example() -> None:
    assert EXAMPLE.read_text(encoding="utf-8") in PROGRAMS


def test_the_celery_task_is_the_example() -> None:
    assert (ROOT / "examples" / "celery" / "tasks.py").read_text(encoding="utf-8") in PROGRAMS


def marked(program: str) -> Any:
    """Leaves programs that need another package to the slow tests."""
    others = [name for name in ("celery", "eventlet", "gevent", "trio") if f"import {name}" in program]
    return pytest.param(program, others, marks=pytest.mark.slow if others else (), id=(others or [program[:20]])[0])


@pytest.mark.parametrize(("program", "others"), [marked(program) for program in PROGRAMS])
def test_each_program_runs(
    run_python: RunPython, serve: MakePort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, program: str,
    others: list[str],
) -> None:  # fmt: skip
    for other in others:
        pytest.importorskip(other)
    port = serve("service")
    monkeypatch.setenv("OKDOK_BASE_URL", port.url)
    monkeypatch.setenv("OKDOK_API_KEY", "key")
    monkeypatch.setenv("PYTHONWARNINGS", "ignore" if others else "error")
    ended = run_python(program, "id", cwd=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    # A fake sends nothing, and the task is only defined.
    if "FakeClient" not in program and "celery" not in others:
        assert port.requests() > 0


def test_every_exception_is_listed() -> None:
    listed = re.findall(r"^\| `(\w+Error)` \| (?:`(\w+)`)? ?\|", README, re.MULTILINE)
    assert {name for name, _ in listed} == {kind.__name__ for kind in okdok.OkdokError.__subclasses__()}
    for name, built_in in listed:
        assert [base.__name__ for base in getattr(okdok, name).__bases__[1:]] == ([built_in] if built_in else [])


def test_every_option_and_exit_code_is_listed() -> None:
    text = subprocess.run(
        [sys.executable, "-m", "okdok", "delete", "--help"], check=True, capture_output=True, encoding="utf-8"
    ).stdout
    for option in set(re.findall(r"--[a-z-]+", text)) - {"--help"}:
        assert f"`{option}" in README, option
    for code in Exit:
        assert f"\n| {code:d} | " in README


@pytest.mark.parametrize(
    ("signature_request_id", "key", "code", "said"),
    [
        (FRESH, "sandbox-key", 0, f"Deleted {FRESH}\n"),
        ("missing-example", "sandbox-key", 1, "There is no such signature request.\n"),
        (FRESH, "wrong-key", 1, "The service does not accept this API key.\n"),
        ("error-example", "sandbox-key", 1, "run this again to find out.\n"),
        ("bad/id", "sandbox-key", 1, "Not deleted: "),
    ],
)
def test_the_example(sandbox: str, signature_request_id: str, key: str, code: int, said: str) -> None:
    ended = subprocess.run(
        [sys.executable, str(EXAMPLE), signature_request_id],
        check=False, capture_output=True, encoding="utf-8", timeout=60,
        env={**os.environ, "OKDOK_BASE_URL": sandbox, "OKDOK_API_KEY": key},
    )  # fmt: skip
    assert ended.returncode == code
    assert said in (ended.stderr if code else ended.stdout)


def test_the_example_needs_an_id() -> None:
    assert subprocess.run([sys.executable, str(EXAMPLE)], check=False, stderr=subprocess.DEVNULL).returncode == 2
