"""Standard streams, which may be closed, full, or without a reader."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from typing import TextIO


def set_up() -> TextIO | None:
    """Makes standard output and standard error usable in any state. Returns standard input, if there is one."""
    # A report or a connection must not get the number of a closed stream, and print() would use standard output
    # in place of a missing standard error.
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        # An id that the locale's encoding cannot express is no reason to stop.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    return sys.stdin


def say(line: str) -> None:
    """Prints a line on standard error. Ignores errors, since they could not be reported."""
    with contextlib.suppress(OSError):
        print(line, file=sys.stderr, flush=True)


def give_up_broken_ones() -> None:
    """Replaces streams that cannot be written with the null device, so that later lines and the exit do not fail."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, stream.fileno())
            os.close(nobody)


def printable(text: str) -> str:
    """Escapes what a terminal would not show, or would obey, since an id that was refused may contain anything."""
    if text.isprintable():
        return text
    return "".join([one if one.isprintable() else ascii(one)[1:-1] for one in text])
