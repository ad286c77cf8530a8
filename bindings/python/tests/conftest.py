from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import okdok
import pytest
from fault_server import Port

ROOT = Path(__file__).resolve().parents[3]
SOURCES = str(ROOT / "bindings" / "python" / "src")
LIBRARY = ROOT / "target" / "release" / "libokdok.so"

MakeClient = Callable[..., okdok.Client]
MakePort = Callable[..., Port]
RunPython = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing from outside decides where a test connects, or what it loads."""
    for name in set(os.environ) - {"OKDOK_SANDBOX", "OKDOK_FAULTS"}:
        if name.lower().endswith("_proxy") or name.startswith("OKDOK_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("PYTHONPATH", SOURCES)


@pytest.fixture
def sandbox() -> str:
    return os.environ["OKDOK_SANDBOX"]


@pytest.fixture
def serve() -> Iterator[MakePort]:
    """``serve("ok")`` makes a port of the fault server; ``serve(command="closed")`` uses another of its commands."""
    ports: list[Port] = []

    def make(*words: str, command: str = "serve") -> Port:
        port = Port(command, *words)
        ports.append(port)
        return port

    yield make
    for port in ports:
        port.stop()


@pytest.fixture
def service(serve: MakePort) -> str:
    """A service that deletes any id once, except those that begin with ``missing-``. It accepts any key."""
    return serve("service").url


@pytest.fixture
def client() -> Iterator[MakeClient]:
    clients: list[okdok.Client] = []

    def make(base_url: str | None = None, *, api_key: str = "sandbox-key", **options: Any) -> okdok.Client:
        made = okdok.Client(base_url, api_key=api_key, **options)
        clients.append(made)
        return made

    yield make
    for made in clients:
        made.close()


@pytest.fixture
def run_python() -> RunPython:
    """Runs a program in a separate process."""

    def run(program: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", program, *arguments],
            check=False, capture_output=True, encoding="utf-8", timeout=300, **options,
        )  # fmt: skip

    return run
