"""The clients that this machine has, each as a command that measures it."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "bench"
LIBRARY = ROOT / "target" / "release" / "libokdok.so"
OKDOK_PYTHON = {
    "OKDOK_LIBRARY": str(LIBRARY),
    "PYTHONPATH": str(ROOT / "bindings" / "python" / "src"),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def environment(more: Mapping[str, str]) -> dict[str, str]:
    """What a client runs in: nothing of the caller's sends it to a proxy or to other roots."""
    strange = re.compile(r"(?i).*_proxy|.*_CA_BUNDLE|SSL_CERT_.*")
    kept = {name: value for name, value in os.environ.items() if not strange.fullmatch(name)}
    return {**kept, **more}


@dataclass(frozen=True)
class Contender:
    name: str
    language: str
    command: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict, hash=False)

    @property
    def key(self) -> str:
        return f"{self.language} {self.name}"


def python() -> str:
    """The interpreter of the virtual environment where there is one: all of Python's clients run on the same."""
    own = BUILT / "python" / "bin" / "python"
    return str(own) if (BUILT / "python" / "complete").exists() else sys.executable


def contenders() -> list[Contender]:
    found = [
        Contender(name, "C", (str(program),))
        for name, program in (
            ("okdok", BUILT / "c-okdok"),
            ("libcurl/OpenSSL", BUILT / "c-libcurl-openssl"),
            ("libcurl/GnuTLS", BUILT / "c-libcurl-gnutls"),
        )
        if program.exists()
    ]
    # What okdok is built on, and the same stack without its thread.
    reqwest = BUILT / "cargo" / "release" / "measure"
    if reqwest.exists():
        found += [Contender(f"reqwest, {way}", "Rust", (str(reqwest), way)) for way in ("blocking", "async")]
    libraries = ["okdok", "http.client"]
    if (BUILT / "python" / "complete").exists():
        libraries += ["pycurl", "requests", "httpx"]
    measure = str(ROOT / "benches" / "clients" / "python" / "measure.py")
    found += [Contender(name, "Python", (python(), measure, name), OKDOK_PYTHON) for name in libraries]
    program = BUILT / "csharp" / "Measure.dll"
    dotnet = shutil.which("dotnet")
    if program.exists() and dotnet is not None:
        settings = {"OKDOK_LIBRARY": str(LIBRARY), "DOTNET_ROOT": os.path.dirname(os.path.realpath(dotnet))}
        found += [Contender(name, ".NET", (dotnet, str(program), name), settings) for name in ("okdok", "HttpClient")]
    return found
