"""``examples/celery`` with a real Redis."""

from __future__ import annotations

import collections
import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from conftest import ROOT, MakePort, RunPython
from fault_server import Port

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "examples" / "celery"
IDS = 10_000
KILLED_AFTER = 3_000


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A Redis for this test alone, at a socket in its folder."""
    for module in ("celery", "redis"):
        pytest.importorskip(module)
    program = shutil.which("redis-server")
    if program is None:
        pytest.skip("redis-server is missing (Debian and Ubuntu: redis-server)")
    socket = tmp_path / "redis.sock"
    command = [program, "--port", "0", "--unixsocket", str(socket), "--dir", str(tmp_path), "--save", ""]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, encoding="utf-8")
    assert server.stdout
    assert any("ready to accept connections" in line.lower() for line in server.stdout)
    monkeypatch.setenv("REDIS_URL", f"redis+socket://{socket}")
    yield
    server.terminate()
    server.communicate()


@contextmanager
def worker(name: str, port: Port) -> Iterator[subprocess.Popen[str]]:
    """A worker in a separate process group, so that it can be killed with its children."""
    options = ["--pool", "prefork", "--concurrency", "2", "--loglevel", "WARNING", "--without-gossip"]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tasks", "worker", "-n", f"{name}@okdok", *options],
        cwd=EXAMPLE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True, encoding="utf-8",
        env={**os.environ, "OKDOK_BASE_URL": port.url, "OKDOK_API_KEY": "key"},
    )  # fmt: skip
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(60)


def test_two_workers_one_of_which_is_killed(
    redis: None, serve: MakePort, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """10,000 ids, some of which never existed: each has exactly one outcome, and it is true."""
    monkeypatch.setenv("RATE_LIMIT", "10000/s")
    monkeypatch.setenv("VISIBILITY_TIMEOUT", "15")
    monkeypatch.setenv("PATIENCE", "20")
    port = serve("service")
    ids = [f"missing-{n}" if n % 100 == 0 else str(uuid.uuid4()) for n in range(IDS)]
    (tmp_path / "ids").write_text("\n".join(ids))
    outcomes: dict[str, list[str]] = collections.defaultdict(list)
    with worker("first", port) as first, worker("second", port), (tmp_path / "ids").open() as stdin:
        submitting = subprocess.Popen(
            [sys.executable, "submit.py"], cwd=EXAMPLE, stdin=stdin, stdout=subprocess.PIPE, encoding="utf-8",
            env={**os.environ, "OKDOK_BASE_URL": port.url, "OKDOK_API_KEY": "key"},
        )  # fmt: skip
        try:
            port.wait(KILLED_AFTER)
            os.killpg(first.pid, signal.SIGKILL)
            assert submitting.stdout
            for line in submitting.stdout:
                one, _, outcome = line.strip().partition(" ")
                outcomes[one].append(outcome)
            # Those that never existed have failed.
            assert submitting.wait(60) == 1
        finally:
            submitting.kill()
            submitting.communicate()
    assert first.returncode == -signal.SIGKILL
    assert set(outcomes) == set(ids)
    assert [one for one, said in outcomes.items() if len(said) != 1] == []
    for one in ids:
        (said,) = outcomes[one]
        if one.startswith("missing-"):
            # A task that was delivered again cannot know.
            assert said.startswith("NOT_FOUND not deleted") or said == "presumed deleted", (one, said)
        else:
            assert said in ("deleted", "presumed deleted"), (one, said)
            assert port.deleted(one)
    assert sum(said == ["presumed deleted"] for said in outcomes.values()) < 100


def test_exceptions_and_results_through_json(
    redis: None, serve: MakePort, monkeypatch: pytest.MonkeyPatch, run_python: RunPython
) -> None:
    """The caller sees them with every field."""
    monkeypatch.setenv("OKDOK_API_KEY", "key")
    port = serve("delete:reset=0", "reply=401", "reply=401", "reply=503", "reply=403", "missing", "ok")
    monkeypatch.setenv("OKDOK_BASE_URL", port.url)
    program = """
import sys, okdok
sys.path.insert(0, sys.argv[1])
import tasks
assert tasks.app.conf.result_serializer == "json"
def told(call):
    try:
        return call.get(timeout=250)
    except okdok.OkdokError as error:
        return error
lost = told(tasks.delete.apply_async(("a",), retries=tasks.delete.max_retries))
assert type(lost) is okdok.UnauthorizedError and isinstance(lost.status, okdok.Status), repr(lost)
assert (lost.http_status, lost.attempts, lost.outcome_unknown) == (401, 2, True), repr(lost)
assert [attempt.status.name for attempt in lost.attempt_log] == ["CONNECTION_LOST", "UNAUTHORIZED"], repr(lost)
assert lost.elapsed >= lost.attempt_log[1].waited > 0
known = told(tasks.delete.delay("b"))
assert (type(known), known.outcome_unknown, known.attempts) == (okdok.UnauthorizedError, False, 1), repr(known)
# An unknown outcome is retried, and "does not exist" then means that the first call presumably deleted it.
again = told(tasks.delete.delay("c"))
assert (again["presumed"], again["http_status"]) == (True, 400), again
deletion = told(tasks.delete.delay("d"))
assert deletion["id"] == "d" and deletion["attempt_log"][0]["status"] == "OK", deletion
"""
    with worker("only", port):
        ended = run_python(program, str(EXAMPLE))
    assert (ended.returncode, ended.stderr) == (0, "")
