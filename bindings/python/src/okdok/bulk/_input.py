"""Reads ids from the command line and from standard input, one after another."""

from __future__ import annotations

import codecs
import csv
import json
import tempfile
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from .. import InvalidArgumentError, check_signature_request_id
from ._run import New

# Cut off at both ends of a line, where editors and Windows leave them.
_BLANKS = " \t\r"


class InputError(Exception):
    """The input or the options cannot be used."""


class Ids:
    """The ids of one command, one after another.

    :param arguments: ids, or ``-`` for those on standard input.
    :param column: the column with the ids, if standard input is CSV; ``None`` means one id per line.
    :raises InputError: there is no standard input, or it cannot be read; raised in the loop.
    """

    def __init__(self, arguments: Iterable[str], stdin: BinaryIO | None, column: str | None) -> None:
        self._arguments = list(arguments)
        self._stdin = stdin
        self._column = column
        self._line = 0

    @property
    def place(self) -> str:
        """Where the last id was: "line 7: ", or "" for the command line."""
        return f"line {self._line}: " if self._line else ""

    def __iter__(self) -> Iterator[str]:
        for argument in self._arguments:
            self._line = 0
            if argument != "-":
                yield argument
                continue
            if self._stdin is None:
                raise InputError("there is no standard input to read ids from")
            lines = _lines(self._stdin)
            try:
                for line, one in _of_lines(lines) if self._column is None else _of_csv(lines, self._column):
                    self._line = line
                    yield one
            except OSError as problem:
                raise InputError(f"standard input cannot be read: {problem}") from problem


class Kept:
    """Ids that were checked and wait to be processed; many of them are kept in a temporary file."""

    def __init__(self) -> None:
        self.count = 0
        self._file = tempfile.SpooledTemporaryFile(max_size=1 << 20, mode="w+", encoding="ascii")  # noqa: SIM115

    def add(self, new: New) -> None:
        signature_request_id, maybe_deleted_before, refusal = new
        self.count += 1
        try:
            # A refusal is not kept but made again, since there are few.
            flag = "?" if maybe_deleted_before else "!" if refusal is not None else " "
            self._file.write(flag + json.dumps(signature_request_id) + "\n")
        except OSError as problem:
            raise InputError(f"the ids cannot be kept in a file: {problem}; TMPDIR sets the folder") from problem

    def __iter__(self) -> Iterator[New]:
        self._file.seek(0)
        for line in self._file:
            signature_request_id = json.loads(line[1:])
            refusal = None
            if line[0] == "!":
                try:
                    check_signature_request_id(signature_request_id)
                except InvalidArgumentError as error:
                    refusal = error
            yield signature_request_id, line[0] == "?", refusal


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
        raise InputError(
            f"the first line of standard input does not name the column {column!r} exactly once: {first[:200]!r}"
        )
    index = header.index(column)
    # csv needs the line ends: within quotes they are part of a cell.
    # Unless it is strict, a quote that is never closed makes one cell of all that follows, and those ids would be lost.
    rows = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, strict=True)
    begins = 2
    try:
        for row in rows:
            begins = rows.line_num + 2
            if any(cell.strip(_BLANKS) for cell in row):
                yield rows.line_num + 1, row[index].strip(_BLANKS) if index < len(row) else ""
    except csv.Error as problem:
        raise InputError(f"the row in line {begins} of standard input is not CSV: {problem}") from problem


def _lines(stdin: BinaryIO) -> Iterator[str]:
    """The lines without their ends, decoded as the byte order mark says, or as UTF-8."""
    head = stdin.read(3)
    # What is not UTF-8 becomes an id that is refused with its line number. In UTF-16, half a character shifts all that
    # follows.
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
        raise InputError(f"standard input begins as UTF-16 but is not valid UTF-16: {problem}") from problem
    if rest:
        yield rest
