"""Reading ids from the command line and from standard input, one after another."""

from __future__ import annotations

import codecs
import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

from .. import InvalidArgumentError, check_signature_request_id
from ._outcome import digest

# What cannot be part of an id's line: the blanks that editors and Windows leave at its ends.
_BLANKS = " \t\r"


class InputError(Exception):
    """Standard input cannot be used."""


class Ids:
    """Those of one command, each once: read and checked first, iterated over later. Kept in a temporary file.

    :param arguments: ids, or ``-`` for those on standard input.
    :param column: of standard input as CSV; ``None`` = one id a line.
    """

    def __init__(self, arguments: Iterable[str], stdin: BinaryIO | None, column: str | None) -> None:
        self.count = 0
        self._arguments = list(arguments)
        self._stdin = stdin
        self._column = column
        self._kept: Any = None

    def check(self) -> Iterator[tuple[str, str, str | None]]:
        """Where each id stands ("line 7: ", or "" on the command line), the id, and why the library would refuse it.

        :raises InputError: there is no standard input, or it cannot be read or kept.
        """
        self._kept = tempfile.SpooledTemporaryFile(max_size=1 << 20, mode="w+", encoding="ascii")  # noqa: SIM115
        seen: set[bytes] = set()
        for place, one in self._read():
            key = digest(one)
            if key in seen:
                continue
            seen.add(key)
            self.count += 1
            try:
                self._kept.write(json.dumps(one) + "\n")
            except OSError as problem:
                raise InputError(f"the ids cannot be kept: {problem}; TMPDIR says where") from problem
            try:
                check_signature_request_id(one)
            except InvalidArgumentError as refusal:
                yield place, one, str(refusal)
            else:
                yield place, one, None

    def __iter__(self) -> Iterator[str]:
        self._kept.seek(0)
        return map(json.loads, self._kept)

    def _read(self) -> Iterator[tuple[str, str]]:
        for argument in self._arguments:
            if argument != "-":
                yield "", argument
                continue
            if self._stdin is None:
                raise InputError("there is no standard input to read ids from")
            lines = _lines(self._stdin)
            try:
                for number, one in _of_lines(lines) if self._column is None else _of_csv(lines, self._column):
                    yield f"line {number}: ", one
            except OSError as problem:
                raise InputError(f"standard input cannot be read: {problem}") from problem


def _of_lines(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(lines, 1):
        one = line.strip(_BLANKS)
        if one:
            yield number, one


def _of_csv(lines: Iterator[str], column: str) -> Iterator[tuple[int, str]]:
    first = next(lines, "")
    for delimiter in ",;\t|":
        header = [name.strip(_BLANKS) for name in next(csv.reader([first], delimiter=delimiter), [])]
        if header.count(column) == 1:
            break
    else:
        raise InputError(f"the first line of standard input does not name the column {column!r} once: {first[:200]!r}")
    index = header.index(column)
    # The ends of lines matter to csv within quotes.
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter)
    try:
        for row in rows:
            if any(cell.strip(_BLANKS) for cell in row):
                yield rows.line_num + 1, row[index].strip(_BLANKS) if index < len(row) else ""
    except csv.Error as problem:
        raise InputError(f"line {rows.line_num + 1} of standard input is not CSV: {problem}") from problem


def _lines(stdin: BinaryIO) -> Iterator[str]:
    """Without their ends, decoded by the byte order mark, or as UTF-8."""
    head = stdin.read(3)
    # What is not UTF-8 becomes an id that is refused with its line number. A broken half of UTF-16 shifts all others.
    encoding, errors = ("utf-8-sig", "surrogateescape")
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encoding, errors = ("utf-16", "strict")
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    rest = ""
    try:
        chunk = head
        while True:
            *lines, rest = (rest + decoder.decode(chunk, final=not chunk)).split("\n")
            yield from lines
            if not chunk:
                break
            chunk = stdin.read(1 << 16)
    except UnicodeDecodeError as problem:
        raise InputError(f"standard input begins like UTF-16 and goes on otherwise: {problem}") from problem
    if rest:
        yield rest
