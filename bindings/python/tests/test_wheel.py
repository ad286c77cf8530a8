"""Which systems a wheel claims to be for, and the name of the library in it."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest
from hatch_build import LibraryHook, platform_tag

GLIBC = b"\0libc.so.6\0GLIBC_2.2.5\0GLIBC_2.17\0GLIBC_2.9\0"
MUSL = b"\0libc.so\0"


def elf(machine: int, strings: bytes, *, bits: int = 2, order: int = 1) -> bytes:
    return b"\x7fELF" + struct.pack("<4B8xHH", bits, order, 1, 0, 3, machine) + bytes(44) + strings


def pe(machine: int, *, signature: bytes = b"PE\0\0") -> bytes:
    return b"MZ" + bytes(58) + struct.pack("<I64x4sH", 128, signature, machine) + bytes(18)


@pytest.mark.parametrize(
    ("library", "tag"),
    [
        (elf(62, GLIBC), "manylinux_2_17_x86_64"),
        (elf(183, GLIBC), "manylinux_2_17_aarch64"),
        (elf(62, GLIBC + b"GLIBC_2.34\0"), "manylinux_2_34_x86_64"),
        # Neither counts in the middle of another name.
        (elf(62, GLIBC + b"GLIBC_2.99x\0NO_GLIBC_2.99\0"), "manylinux_2_17_x86_64"),
        (elf(62, MUSL), "musllinux_1_2_x86_64"),
        (elf(183, MUSL), "musllinux_1_2_aarch64"),
        (pe(0x8664), "win_amd64"),
        (pe(0x14C), "win32"),
    ],
)
def test_the_tag_is_read_from_the_library(library: bytes, tag: str) -> None:
    assert platform_tag(library) == tag


@pytest.mark.parametrize(
    "library",
    [
        b"",
        b"MZ",
        b"not a library " * 100,
        elf(40, GLIBC),
        elf(62, GLIBC, bits=1),
        elf(62, GLIBC, order=2),
        elf(62, b"\0libm.so\0"),
        pe(0xAA64),
        pe(0x8664, signature=b"NE\0\0"),
    ],
)
def test_no_tag_is_made_up(library: bytes) -> None:
    with pytest.raises(ValueError, match=r"DLL|ELF"):
        platform_tag(library)


@pytest.mark.parametrize(
    ("library", "tag", "name"),
    [
        (elf(62, GLIBC), "py3-none-manylinux_2_17_x86_64", "okdok/libokdok.so"),
        (elf(62, MUSL), "py3-none-musllinux_1_2_x86_64", "okdok/libokdok.so"),
        (pe(0x14C), "py3-none-win32", "okdok/libokdok.dll"),
    ],
)
def test_the_library_gets_the_name_that_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, library: bytes, tag: str, name: str
) -> None:
    file = tmp_path / "built"
    file.write_bytes(library)
    monkeypatch.setenv("OKDOK_WHEEL_LIBRARY", str(file))
    build_data: dict[str, Any] = {"force_include": {}}
    hook: Any = LibraryHook(str(tmp_path), {}, None, None, str(tmp_path), "wheel")  # type: ignore[arg-type]
    hook.initialize("standard", build_data)
    assert build_data == {"pure_python": False, "tag": tag, "force_include": {str(file): name}}
