"""Puts the shared library into the wheel, and the oldest system that it runs on into the wheel's name."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

# e_machine of the ELF header, as wheels call it.
_MACHINES = {62: "x86_64", 183: "aarch64"}


def platform_tag(library: bytes) -> str:
    """``manylinux_…`` for an ELF library: its machine, and the newest glibc that any of its symbols asks for."""
    if library[:5] != b"\x7fELF\x02":
        raise ValueError("not a 64-bit ELF library")
    machine = _MACHINES[int.from_bytes(library[18:20], "little")]
    # The version names stand in the dynamic string table, each between NULs.
    floor = max(int(minor) for minor in re.findall(rb"(?<=\0)GLIBC_2\.(\d+)(?:\.\d+)?(?=\0)", library))
    return f"manylinux_2_{floor}_{machine}"


class LibraryHook(BuildHookInterface[Any]):
    """``OKDOK_WHEEL_LIBRARY`` names another library than that of a development build."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        # An editable install finds the development build by itself.
        if version == "editable":
            return
        built = Path(self.root).parents[1] / "target" / "release" / "libokdok.so"
        library = Path(os.environ.get("OKDOK_WHEEL_LIBRARY") or built)
        build_data["pure_python"] = False
        build_data["tag"] = f"py3-none-{platform_tag(library.read_bytes())}"
        build_data["force_include"][str(library.resolve())] = "okdok/libokdok.so"
