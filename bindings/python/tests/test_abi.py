"""The package against ``include/okdok.h`` and the built library."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
from pathlib import Path

import okdok
import pytest
from conftest import ROOT
from okdok import _ffi

INCLUDE = ROOT / "include"
HEADER = re.sub(r"/\*.*?\*/", "", (INCLUDE / "okdok.h").read_text(encoding="utf-8"), flags=re.DOTALL)

STRUCTS: dict[str, type[ctypes.Structure]] = {
    "okdok_options": _ffi.Options,
    "okdok_attempt": _ffi.Attempt,
    "okdok_error": _ffi.Error,
}
C_TYPES = {
    "void": None,
    "bool": ctypes.c_bool,
    "uint32_t": ctypes.c_uint32,
    "okdok_status": ctypes.c_int32,
    "const char *": ctypes.c_char_p,
    "okdok_client *": ctypes.c_void_p,
    "const okdok_client *": ctypes.c_void_p,
    "const okdok_options *": ctypes.POINTER(_ffi.Options),
    "okdok_status *": ctypes.POINTER(ctypes.c_int32),
    "okdok_error *": ctypes.POINTER(_ffi.Error),
}


def c_type(declaration: str) -> object:
    """The type in ``const char *name`` or ``const char *``."""
    match = re.fullmatch(r"(.*?)\s*(\*?)\s*(\w*)", " ".join(declaration.split()))
    assert match
    base, star, name = match.groups()
    base = base.replace("struct ", "")
    # If there is no name, the regular expression took the last word of the type for one.
    return C_TYPES[f"{base} *" if star else base or name]


def test_each_prototype_is_the_headers() -> None:
    found = {
        name: (c_type(result), [] if parameters.strip() == "void" else [c_type(one) for one in parameters.split(",")])
        for result, name, parameters in re.findall(r"^([\w ]+\*?)\s*\b(okdok_\w+)\(([^)]*)\);", HEADER, re.MULTILINE)
    }
    assert found == _ffi.PROTOTYPES


def test_each_loaded_function_has_its_prototype() -> None:
    library = _ffi.library()
    for name, (result, parameters) in _ffi.PROTOTYPES.items():
        function = getattr(library, name)
        assert function.restype is result
        assert function.argtypes == parameters


def test_the_structs_are_laid_out_as_in_c(tmp_path: Path) -> None:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler (cc) here")
    lines = []
    expected = []
    for c_name, struct in STRUCTS.items():
        lines.append(f'printf("{c_name} %zu\\n", sizeof({c_name}));')
        expected.append(f"{c_name} {ctypes.sizeof(struct)}")
        for name, *_ in struct._fields_:
            lines.append(f'printf("{name} %zu %zu\\n", offsetof({c_name}, {name}), sizeof((({c_name} *)0)->{name}));')
            field = getattr(struct, name)
            expected.append(f"{name} {field.offset} {field.size}")
    source = tmp_path / "layout.c"
    source.write_text('#include <stdio.h>\n#include "okdok.h"\nint main(void) {' + "\n".join(lines) + "return 0;}")
    subprocess.run([compiler, "-I", str(INCLUDE), "-o", str(tmp_path / "layout"), str(source)], check=True)
    printed = subprocess.run([str(tmp_path / "layout")], check=True, capture_output=True, encoding="utf-8").stdout
    assert printed.splitlines() == expected


def test_the_library_has_the_same_versions() -> None:
    library = _ffi.library()
    assert library.okdok_version().decode() == okdok.__version__
    assert library.okdok_abi_version() == _ffi.ABI_VERSION
