"""Which library is loaded, and the message if none can be."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import LIBRARY, SOURCES, RunPython
from okdok import _ffi

LOAD = "import okdok; okdok.Client('http://127.0.0.1', api_key='key')\n"
SHOW = LOAD + "print(*{line.split()[-1] for line in open('/proc/self/maps') if 'libokdok' in line})"


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package as pip would install it, without a library."""
    package = tmp_path / "site-packages" / "okdok"
    shutil.copytree(Path(SOURCES) / "okdok", package, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setenv("PYTHONPATH", str(package.parent))
    return package


def library(source: str, path: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) here")
    subprocess.run([compiler, "-shared", "-fPIC", "-xc", "-", "-o", str(path)], input=source.encode(), check=True)
    return path


def test_nothing_is_loaded_at_import(run_python: RunPython) -> None:
    program = "import sys, okdok; print('libokdok' in open('/proc/self/maps').read(), 'asyncio' in sys.modules)"
    assert run_python(program).stdout.split() == ["False", "False"]


def test_the_override_comes_first_and_alone(
    run_python: RunPython, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(LIBRARY, installed / "libokdok.so")
    other = tmp_path / "libokdok-other.so"
    shutil.copy(LIBRARY, other)
    monkeypatch.setenv("OKDOK_LIBRARY", str(other))
    assert run_python(SHOW).stdout.strip() == str(other)
    # A name without a slash would send the loader to its search path.
    monkeypatch.setenv("OKDOK_LIBRARY", other.name)
    assert run_python(SHOW, cwd=tmp_path).stdout.strip() == str(other)
    other.unlink()
    failed = run_python(SHOW)
    assert failed.returncode == 1
    assert f"{other.name} (from OKDOK_LIBRARY)" in failed.stderr
    assert "site-packages/okdok/libokdok.so" not in failed.stderr


def test_the_library_in_the_wheel_comes_next(run_python: RunPython, installed: Path) -> None:
    shutil.copy(LIBRARY, installed / "libokdok.so")
    assert run_python(SHOW).stdout.strip() == str(installed / "libokdok.so")


@pytest.mark.parametrize(
    ("system", "name", "of_the_system"),
    [
        ("linux", "libokdok.so", "libokdok.so.0"),
        ("win32", "libokdok.dll", "libokdok.dll"),
        ("darwin", "libokdok.dylib", "libokdok.dylib"),
    ],
)
def test_each_system_has_its_name_of_the_library(
    installed: Path, monkeypatch: pytest.MonkeyPatch, system: str, name: str, of_the_system: str
) -> None:
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(_ffi, "__file__", str(installed / "_ffi.py"))
    looked_at = [str(installed / name), f"{of_the_system} (the system's search path)"]
    assert _ffi._find() == (of_the_system, looked_at)
    # Libraries of other systems are ignored.
    for other in ("libokdok.so", "libokdok.dll", "libokdok.dylib"):
        (installed / other).touch()
    assert _ffi._find() == (str(installed / name), looked_at[:1])


def test_a_development_build_comes_next(run_python: RunPython) -> None:
    assert run_python(SHOW).stdout.strip() == str(LIBRARY)


def test_a_strangers_target_directory_is_not_a_development_build(
    run_python: RunPython, installed: Path, tmp_path: Path
) -> None:
    for parent in list(installed.parents)[:4]:
        if tmp_path in (parent, *parent.parents):
            (parent / "target" / "release").mkdir(parents=True)
            shutil.copy(LIBRARY, parent / "target" / "release" / "libokdok.so")
    assert "no usable library" in run_python(SHOW).stderr


def test_the_system_comes_last(
    run_python: RunPython, installed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lib").mkdir()
    shutil.copy(LIBRARY, tmp_path / "lib" / "libokdok.so.0")
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path / "lib"))
    assert run_python(SHOW).stdout.strip() == str(tmp_path / "lib" / "libokdok.so.0")


def test_a_failure_says_where_for_what_and_what_to_do(run_python: RunPython, installed: Path) -> None:
    failed = run_python(LOAD)
    assert failed.returncode == 1
    assert "ImportError: okdok: no usable library" in failed.stderr
    assert str(installed / "libokdok.so") in failed.stderr
    assert "libokdok.so.0 (the system's search path)" in failed.stderr
    assert f"linux {platform.machine()} (64-bit Python)" in failed.stderr
    assert "Install the okdok wheel" in failed.stderr
    assert "OKDOK_LIBRARY" in failed.stderr


def test_what_is_no_library_is_refused(run_python: RunPython, installed: Path) -> None:
    (installed / "libokdok.so").write_text("not a library " * 100)
    failed = run_python(LOAD)
    assert "no usable library" in failed.stderr
    assert "invalid ELF header" in failed.stderr


def test_another_abi_version_is_refused(run_python: RunPython, installed: Path) -> None:
    library("unsigned okdok_abi_version(void) { return 7; }", installed / "libokdok.so")
    assert "has ABI version 7, but this package needs 0" in run_python(LOAD).stderr


def test_another_library_is_refused(run_python: RunPython, installed: Path) -> None:
    library("int unrelated(void) { return 0; }", installed / "libokdok.so")
    failed = run_python(LOAD)
    assert "no usable library" in failed.stderr
    assert "okdok_abi_version" in failed.stderr


def test_a_failed_load_can_be_repaired(run_python: RunPython, installed: Path) -> None:
    program = f"""
import okdok, os
try:
    okdok.Client("http://127.0.0.1", api_key="key")
except ImportError:
    os.environ["OKDOK_LIBRARY"] = {str(LIBRARY)!r}
    print(okdok.Client("http://127.0.0.1", api_key="key"))
"""
    assert run_python(program).stdout.strip() == "okdok.Client('http://127.0.0.1')"
