"""The package against ``include/okdok.h`` and the built library."""

from __future__ import annotations

import ctypes
import inspect
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


def test_the_structs_name_every_field_of_the_header() -> None:
    for c_name, struct in STRUCTS.items():
        body = re.search(rf"typedef struct {c_name} \{{(.*?)\}}", HEADER, re.DOTALL)
        assert body
        fields = re.findall(r"(\w+)(?:\[\d+\])?;", body[1])
        assert fields == [name for name, *_ in struct._fields_]


def test_each_status_is_the_headers() -> None:
    defined = {
        name: int(number) for name, number in re.findall(r"#define OKDOK_STATUS_(\w+) \(?(?:\(\w+\))?(\d+)", HEADER)
    }
    assert defined == {status.name: status.value for status in okdok.Status}


def test_the_library_has_the_same_names_and_versions() -> None:
    library = _ffi.library()
    for status in okdok.Status:
        assert library.okdok_status_name(status) == f"OKDOK_STATUS_{status.name}".encode()
    assert library.okdok_status_name(9999) == b"OKDOK_STATUS_UNKNOWN"
    assert library.okdok_version().decode() == okdok.__version__
    assert library.okdok_abi_version() == _ffi.ABI_VERSION
    assert f"#define OKDOK_ABI_VERSION {_ffi.ABI_VERSION}\n" in HEADER


def test_the_default_options_are_the_librarys() -> None:
    """Zero means the default, but this package passes the defaults themselves, so that its signature shows them."""
    manual = (INCLUDE / "okdok.h").read_text(encoding="utf-8")
    parameters = inspect.signature(okdok.Client).parameters
    for parameter, field, factor in (
        ("timeout", "timeout_ms", 1000),
        ("connect_timeout", "connect_timeout_ms", 1000),
        ("max_attempts", "max_attempts", 1),
    ):
        documented = re.search(rf"default (\d+)[^/]*\*/\s*uint32_t {field};", manual)
        assert documented
        assert parameters[parameter].default * factor == int(documented[1])
