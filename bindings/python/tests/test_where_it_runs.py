"""Programs and packagers with special rules: what the README says about them is true."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipapp
from pathlib import Path

import pytest
from conftest import LIBRARY, SOURCES, MakePort, RunPython

PROGRAM = """
import asyncio, okdok, sys
client = okdok.Client(sys.argv[1], api_key="key")
print(client.delete_signature_request("a").id)
print(asyncio.run(client.delete_signature_request_async("b")).id)
print(okdok.library_path())
"""


@pytest.fixture
def site_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The package with its library and its entry points, as a wheel installs it."""
    folder = tmp_path / "site-packages"
    shutil.copytree(Path(SOURCES) / "okdok", folder / "okdok", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(LIBRARY, folder / "okdok" / "libokdok.so")
    information = folder / "okdok-0.1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: okdok\nVersion: 0.1.0\n")
    (information / "entry_points.txt").write_text("[pyinstaller40]\nhook-dirs = okdok._pyinstaller:hook_dirs\n")
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["--onedir", "--onefile"])
def test_pyinstaller(site_packages: Path, tmp_path: Path, serve: MakePort, kind: str) -> None:
    pytest.importorskip("PyInstaller")
    (tmp_path / "deleter.py").write_text(PROGRAM)
    subprocess.run(
        [sys.executable, "-m", "PyInstaller", "--log-level", "ERROR", kind, "deleter.py"],
        cwd=tmp_path, check=True, timeout=900,
    )  # fmt: skip
    # Only what is inside may be found.
    shutil.rmtree(site_packages)
    program = tmp_path / "dist" / "deleter"
    ended = subprocess.run(
        [program / "deleter" if kind == "--onedir" else program, serve("service").url],
        check=False, capture_output=True, encoding="utf-8", timeout=60,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines()[:2] == ["a", "b"]
    assert ended.stdout.strip().endswith("/okdok/libokdok.so")


def test_zipapp(site_packages: Path, tmp_path: Path, serve: MakePort, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing can be loaded from inside; the library is beside it."""
    (site_packages / "__main__.py").write_text(PROGRAM)
    zipapp.create_archive(site_packages, tmp_path / "deleter.pyz")
    monkeypatch.delenv("PYTHONPATH")
    command = [sys.executable, str(tmp_path / "deleter.pyz"), serve("service").url]
    alone = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=60)
    assert alone.returncode == 1
    assert "no usable library" in alone.stderr
    assert "set OKDOK_LIBRARY to its path" in alone.stderr
    monkeypatch.setenv("OKDOK_LIBRARY", str(LIBRARY))
    named = subprocess.run(command, check=False, capture_output=True, encoding="utf-8", timeout=60)
    assert (named.returncode, named.stdout.splitlines()) == (0, ["a", "b", str(LIBRARY)])


@pytest.mark.slow
def test_gevent(run_python: RunPython, serve: MakePort) -> None:
    """A call in the hub's thread pool does not stall the hub: the port answers only after the hub has continued."""
    pytest.importorskip("gevent")
    port = serve("hold")
    program = """
import gevent.monkey
gevent.monkey.patch_all()
import gevent, okdok, sys
sys.path.insert(0, sys.argv[2])
from fault_server import command
client = okdok.Client(sys.argv[1], api_key="key", timeout=60)
number = sys.argv[1].rsplit(":", 1)[1]
call = gevent.spawn(gevent.get_hub().threadpool.apply, client.delete_signature_request, ("id",))
gevent.sleep(0)
command("wait", number, "1")
command("release", number)
print(call.get(timeout=60).id)
"""
    ended = run_python(program, port.url, __file__.rpartition("/")[0])
    assert (ended.stdout, ended.stderr) == ("id\n", "")
