"""Servers that load the application once and fork workers from it: the client is made, and used, before the fork."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

WSGI = """
import os
import okdok

client = okdok.Client.from_env()
client.delete_signature_request("gunicorn-before-the-fork")
loaded_in = os.getpid()

def application(environ, start_response):
    deletion = client.delete_signature_request(environ["PATH_INFO"].lstrip("/"))
    start_response("200 OK", [])
    return [f"{deletion.http_status} {os.getpid()} {loaded_in}".encode()]
"""

CELERY = """
import os
import celery
import okdok

folder = os.path.dirname(os.path.abspath(__file__))
app = celery.Celery("tasks", broker="filesystem://", backend=f"file://{folder}")
app.conf.broker_transport_options = {
    "data_folder_in": f"{folder}/queue", "data_folder_out": f"{folder}/queue", "control_folder": f"{folder}/control",
}
client = okdok.Client.from_env()
loaded_in = os.getpid()

@celery.signals.worker_init.connect
def before_the_fork(**_):
    client.delete_signature_request("celery-before-the-fork")

@app.task
def delete(signature_request_id):
    return [client.delete_signature_request(signature_request_id).http_status, os.getpid(), loaded_in]
"""

ASK = """
import json, tasks
results = [tasks.delete.delay(f"celery-{n}") for n in range(50)]
print("submitted", flush=True)
print(json.dumps([result.get(timeout=250) for result in results]))
"""


@contextmanager
def server(folder: Path, *command: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", *command], cwd=folder, stderr=subprocess.STDOUT, stdout=subprocess.PIPE, encoding="utf-8"
    )
    try:
        yield process
    finally:
        process.terminate()
        process.communicate(timeout=60)


def line_with(process: subprocess.Popen[str], pattern: str) -> re.Match[str]:
    """Reads the server's output until it contains this text."""
    assert process.stdout
    said = []
    for line in process.stdout:
        said.append(line)
        found = re.search(pattern, line)
        if found:
            return found
    raise AssertionError("".join(said))


@pytest.fixture
def folder(tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OKDOK_BASE_URL", service)
    monkeypatch.setenv("OKDOK_API_KEY", "sandbox-key")
    return tmp_path


def test_gunicorn_preload(folder: Path) -> None:
    pytest.importorskip("gunicorn")
    (folder / "wsgi.py").write_text(WSGI)
    with server(folder, "gunicorn", "--preload", "--workers", "4", "--bind", "127.0.0.1:0", "wsgi") as process:
        url = line_with(process, r"Listening at: (http://\S+)")[1]
        answers = []
        for n in range(100):
            with urllib.request.urlopen(f"{url}/gunicorn-{n}", timeout=60) as response:
                answers.append(response.read().decode().split())
    assert [status for status, _, _ in answers] == ["200"] * 100
    assert {loaded for _, _, loaded in answers} == {str(process.pid)}
    assert str(process.pid) not in {worker for _, worker, _ in answers}


def test_celery_prefork(folder: Path) -> None:
    pytest.importorskip("celery")
    for name in ("queue", "control"):
        (folder / name).mkdir()
    (folder / "tasks.py").write_text(CELERY)
    worker = ["celery", "-A", "tasks", "worker", "--pool", "prefork", "--concurrency", "4", "--loglevel", "INFO"]
    asking = subprocess.Popen(
        [sys.executable, "-c", ASK], cwd=folder, stdout=subprocess.PIPE, encoding="utf-8",
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(folder), os.environ["PYTHONPATH"]])},
    )  # fmt: skip
    with asking:
        # With these files for a queue, a worker may take a task that is only half written.
        line_with(asking, "submitted")
        with server(folder, *worker, "--without-gossip", "--without-mingle") as process:
            answers = json.loads(line_with(asking, r"^\[\[.*")[0])
    assert [status for status, _, _ in answers] == [200] * 50
    assert {loaded for _, _, loaded in answers} == {process.pid}
    assert process.pid not in {worker for _, worker, _ in answers}
