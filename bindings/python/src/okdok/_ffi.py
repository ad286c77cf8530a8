"""The C ABI of ``okdok.h``: its structs, its functions, and the search for the library. Nothing is loaded at import."""

from __future__ import annotations

import ctypes
import os
import sys

ABI_VERSION = 0


class Options(ctypes.Structure):
    _fields_ = [
        ("size", ctypes.c_uint32),
        ("timeout_ms", ctypes.c_uint32),
        ("connect_timeout_ms", ctypes.c_uint32),
        ("max_attempts", ctypes.c_uint32),
        ("ca_file", ctypes.c_char_p),
        ("proxy", ctypes.c_char_p),
        ("user_agent", ctypes.c_char_p),
    ]


class Attempt(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int16),
        ("http_status", ctypes.c_int16),
        ("waited_ms", ctypes.c_uint32),
        ("elapsed_ms", ctypes.c_uint32),
    ]


class Error(ctypes.Structure):
    _fields_ = [
        ("status", ctypes.c_int32),
        ("http_status", ctypes.c_int32),
        ("attempts", ctypes.c_uint32),
        ("outcome_unknown", ctypes.c_uint32),
        ("retry_after_ms", ctypes.c_uint32),
        ("service_code", ctypes.c_char * 128),
        ("service_value", ctypes.c_char * 256),
        ("message", ctypes.c_char * 512),
        ("elapsed_ms", ctypes.c_uint32),
        ("attempt_log", Attempt * 6),
        ("reserved", ctypes.c_uint32 * 8),
    ]


# A handle is a number that only the library understands: a void *, but never an address.
_handle = ctypes.c_void_p
_out_status = ctypes.POINTER(ctypes.c_int32)
_out_error = ctypes.POINTER(Error)

# name: (result, parameters)
PROTOTYPES: dict[str, tuple[object, list[object]]] = {
    "okdok_client_new": (
        _handle,
        [ctypes.c_char_p, ctypes.c_char_p, ctypes.POINTER(Options), _out_status, _out_error],
    ),
    "okdok_delete_signature_request": (ctypes.c_bool, [_handle, ctypes.c_char_p, _out_status, _out_error]),
    "okdok_free": (None, [_handle]),
    "okdok_status_name": (ctypes.c_char_p, [ctypes.c_int32]),
    "okdok_version": (ctypes.c_char_p, []),
    "okdok_abi_version": (ctypes.c_uint32, []),
}


_loaded: ctypes.CDLL | None = None


def library() -> ctypes.CDLL:
    """The loaded library.

    :raises ImportError: none was found, it cannot be loaded here, or it has another ABI version.
    """
    # No lock: loading twice at once is harmless, and a lock could be held at a fork.
    global _loaded
    if _loaded is None:
        _loaded = _load()
    return _loaded


def library_version() -> str:
    """The version of the shared library, which may differ from that of this package.

    :raises ImportError: the library cannot be loaded.
    """
    version: bytes = library().okdok_version()
    return version.decode()


def library_path() -> str:
    """The file that the shared library was loaded from, for bug reports.

    :raises ImportError: the library cannot be loaded.
    """
    return library()._name


def _load() -> ctypes.CDLL:
    path, looked_at = _find()
    try:
        loaded = ctypes.CDLL(path)
        abi = loaded.okdok_abi_version
    except (OSError, AttributeError) as problem:
        raise ImportError(_failure(looked_at, str(problem))) from problem
    abi.argtypes, abi.restype = [], ctypes.c_uint32
    if abi() != ABI_VERSION:
        raise ImportError(
            _failure(looked_at, f"{path} has ABI version {abi()}, but this package needs {ABI_VERSION}"), path=path
        )
    for name, (result, parameters) in PROTOTYPES.items():
        function = getattr(loaded, name)
        function.argtypes, function.restype = parameters, result
    return loaded


def _find() -> tuple[str, list[str]]:
    """What to load, and every place that was searched."""
    override = os.environ.get("OKDOK_LIBRARY")
    if override:
        path = os.path.abspath(override)
        return path, [f"{path} (from OKDOK_LIBRARY)"]
    name = {"win32": "libokdok.dll", "darwin": "libokdok.dylib"}.get(sys.platform, "libokdok.so")
    package = os.path.dirname(os.path.realpath(__file__))
    places = [os.path.join(package, name)]
    root = os.path.normpath(os.path.join(package, "..", "..", "..", ".."))
    # Only in a clone of okdok: elsewhere, the target/ directory could be anybody's.
    if package == os.path.join(root, "bindings", "python", "src", "okdok"):
        places.append(os.path.join(root, "target", "release", name))
    looked_at = []
    for place in places:
        looked_at.append(place)
        if os.path.exists(place):
            return place, looked_at
    system = f"{name}.{ABI_VERSION}" if name.endswith(".so") else name
    return system, [*looked_at, f"{system} (the system's search path)"]


def _failure(looked_at: list[str], problem: str) -> str:
    import platform

    bits = ctypes.sizeof(ctypes.c_void_p) * 8
    return (
        f"okdok: no usable library for {sys.platform} {platform.machine()} ({bits}-bit Python): {problem}. "
        f"Looked at: {'; '.join(looked_at)}. "
        "Install the okdok wheel for this platform, or build the library (cargo build --release) "
        "and set OKDOK_LIBRARY to its path."
    )
