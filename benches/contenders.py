"""The clients that this machine has, each as a command that measures it. benches/set-up builds them."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
BUILT = ROOT / "build" / "bench"
LIBRARY = ROOT / "target" / "release" / "libokdok.so"

_OWN_PYTHON = BUILT / "python" / "bin" / "python"
_HAS_OWN_PYTHON = (BUILT / "python" / "complete").exists()
# All of Python's clients run on the same interpreter.
PYTHON = str(_OWN_PYTHON) if _HAS_OWN_PYTHON else sys.executable
_MEASURE_PY = str(ROOT / "benches" / "clients" / "python" / "measure.py")
_MEASURE_DLL = BUILT / "csharp" / "Measure.dll"
_DOTNET = shutil.which("dotnet") or ""


class Contender(NamedTuple):
    language: str
    name: str
    command: tuple[str, ...]
    there: bool

    @property
    def key(self) -> str:
        return f"{self.language} {self.name}"


def _program(language: str, name: str, program: Path) -> Contender:
    return Contender(language, name, (str(program),), program.exists())


_ALL = (
    _program("C", "okdok", BUILT / "c-okdok"),
    _program("C", "libcurl/OpenSSL", BUILT / "c-libcurl-openssl"),
    _program("C", "libcurl/GnuTLS", BUILT / "c-libcurl-gnutls"),
    # What okdok is built on.
    _program("Rust", "reqwest::blocking", BUILT / "cargo" / "release" / "measure"),
    Contender("Python", "okdok", (PYTHON, _MEASURE_PY, "okdok"), there=True),
    *(
        Contender("Python", name, (PYTHON, _MEASURE_PY, name), _HAS_OWN_PYTHON)
        for name in ("pycurl", "requests", "httpx")
    ),
    *(
        Contender(".NET", name, (_DOTNET, str(_MEASURE_DLL), name), _MEASURE_DLL.exists() and _DOTNET != "")
        for name in ("okdok", "HttpClient")
    ),
)
CONTENDERS = [contender for contender in _ALL if contender.there]


def environment(**more: str) -> dict[str, str]:
    """What clients run in: nothing of the caller's sends them to a proxy or to other roots, or slows Python."""
    strange = re.compile(r"(?i).*_proxy|.*_CA_BUNDLE|SSL_CERT_.*|PYTHON.*")
    return {
        **{name: value for name, value in os.environ.items() if not strange.fullmatch(name)},
        "OKDOK_LIBRARY": str(LIBRARY),
        "PYTHONPATH": str(ROOT / "bindings" / "python" / "src"),
        "DOTNET_ROOT": os.path.dirname(os.path.realpath(_DOTNET)),
        **more,
    }
