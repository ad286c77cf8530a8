"""Reading ids, and checking them without a call."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import TextIO


def read(arguments: Iterable[str], stdin: TextIO) -> list[str]:
    """The ids of the command line, each once; ``-`` stands for those on standard input."""
    ids: dict[str, None] = {}
    for argument in arguments:
        if argument == "-":
            # What is not UTF-8 becomes an id that is refused, instead of an end in mid-file.
            text = stdin.buffer.read().decode("utf-8", "surrogateescape")
            lines = (line.rstrip("\r") for line in text.lstrip("\ufeff").split("\n"))
            ids.update((line, None) for line in lines if line.strip())
        else:
            ids[argument] = None
    return list(ids)


def problem_of(signature_request_id: str) -> str | None:
    """Why the library would refuse this id, by the rules that it applies before it sends anything."""
    try:
        size = len(signature_request_id.encode())
    except UnicodeEncodeError:
        return "is not text"
    if not 1 <= size <= 256:
        return f"has {size} bytes, not 1 to 256"
    if signature_request_id in (".", ".."):
        return "is a dot segment"
    for character in signature_request_id:
        if character in "/\\" or unicodedata.category(character) == "Cc":
            return f"contains {character!r}"
    return None
