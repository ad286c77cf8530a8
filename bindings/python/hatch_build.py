"""Puts the shared library into the wheel, and names the wheel after the systems that the library runs on."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# Machine numbers in the headers of ELF and PE files, and the names that wheels use for them.
_ELF_MACHINES = {62: "x86_64", 183: "aarch64"}
_PE_MACHINES = {0x8664: "win_amd64", 0x14C: "win32"}


def platform_tag(library: bytes) -> str:
    """pip's name for the systems that an ELF or PE library runs on.

    :raises ValueError: there are no wheels for these systems.
    """
    if library[:2] == b"MZ":
        header = _number(library, 0x3C, 4)
        machine = _PE_MACHINES.get(_number(library, header + 4, 2))
        if library[header : header + 4] != b"PE\0\0" or machine is None:
            raise ValueError("not a DLL for x86-64 or x86")
        return machine
    machine = _ELF_MACHINES.get(_number(library, 18, 2))
    # 64 bits, little-endian.
    if library[:6] != b"\x7fELF\x02\x01" or machine is None:
        raise ValueError("neither a DLL nor an ELF library for x86-64 or arm64")
    # The dynamic string table has the names of versions and of libraries, each between NULs.
    glibc = re.findall(rb"(?<=\0)GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", library)
    if glibc:
        return f"manylinux_2_{max(map(int, glibc))}_{machine}"
    # musl has no symbol versions; 1.2 is the oldest release with the current time_t.
    if b"\0libc.so\0" in library:
        return f"musllinux_1_2_{machine}"
    raise ValueError("an ELF library that needs neither glibc nor musl")


def _number(data: bytes, offset: int, size: int) -> int:
    return int.from_bytes(data[offset : offset + size], "little")


class LibraryHook(BuildHookInterface[Any]):
    """Reads three variables: ``OKDOK_WHEEL_LIBRARY`` names the library, by default that of a development build,
    ``OKDOK_WHEEL_SBOM`` an SBOM, and ``OKDOK_WHEEL_LICENCES`` a file with the licences of what the library contains.
    """

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install finds the development build by itself.
        if version == "editable":
            return
        built = Path(self.root).parents[1] / "target" / "release" / "libokdok.so"
        library = Path(os.environ.get("OKDOK_WHEEL_LIBRARY") or built).resolve()
        tag = platform_tag(library.read_bytes())
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{tag}"
        # The file gets the name that the package looks for on that system.
        name = "libokdok.dll" if tag.startswith("win") else "libokdok.so"
        build_data["force_include"][str(library)] = f"okdok/{name}"
        sbom = os.environ.get("OKDOK_WHEEL_SBOM")
        if sbom:
            build_data["sbom_files"].append(str(Path(sbom).resolve()))
        licences = os.environ.get("OKDOK_WHEEL_LICENCES")
        if licences:
            build_data["force_include"][str(Path(licences).resolve())] = "okdok/THIRD-PARTY-LICENSES.txt"
