"""What became of each id, on disk before anything else is asked, and how a later run goes on from there.

``FILE`` has one JSON row per outcome. ``FILE.started`` has one id a line, written before the id is asked for, once in
each run: an id with more starts than rows was in a call when the process died.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import threading
import time
from collections.abc import Iterator
from typing import Any, BinaryIO

from ._outcome import Outcome, digest, digest_of_bytes

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# What a report knows of an id is a small number, since there may be very many: the status of its last row in three
# bits, whether an outcome was ever unknown, whether this run has come to it, and the starts without a row.
_FINAL = ("OK", "PRESUMED_DELETED", "INVALID_ARGUMENT", "NOT_FOUND", "BAD_REQUEST")
_STATUS_BITS, _UNKNOWN, SEEN, _ONE_START = 7, 8, 16, 32
_CODES = {status: code for code, status in enumerate(_FINAL, 1)}
_DELETED = (_CODES["OK"], _CODES["PRESUMED_DELETED"])


def maybe_deleted(known: int) -> bool:
    """Whether an earlier call may have deleted the id."""
    return known & _STATUS_BITS not in _DELETED and (known & _UNKNOWN != 0 or known >= _ONE_START)


def final(known: int) -> str | None:
    """The status of an id that needs not be asked for again."""
    code = known & _STATUS_BITS
    if code == 0 or (code > _CODES["INVALID_ARGUMENT"] and maybe_deleted(known)):
        return None
    return _FINAL[code - 1]


# The same few numbers again and again: one object each.
_numbers: dict[int, int] = {}


def add_start(known: dict[bytes, int], line: bytes) -> None:
    """An id was asked for: a line of ``FILE.started``."""
    key = digest_of_bytes(line)
    number = known.get(key, 0) + _ONE_START
    known[key] = _numbers.setdefault(number, number)


def add_row(known: dict[bytes, int], row: dict[str, Any]) -> bytes:
    """An outcome was written: a row of ``FILE``. Returns the digest of its id."""
    key = digest(row["id"])
    number = (known.get(key, 0) & ~_STATUS_BITS) - _ONE_START | _CODES.get(row["status"], 0)
    if row["outcome_unknown"]:
        number |= _UNKNOWN
    known[key] = _numbers.setdefault(number, number)
    return key


class ReportError(Exception):
    """The report cannot be used, or no longer; nothing more is to be asked."""


class Report:
    """``FILE`` and ``FILE.started``, locked. ``start`` and ``write`` may be called from any thread.

    :param resume: go on with an existing report; without, an existing one is refused.
    :raises ReportError: it exists, is in use, is of another base URL, is no report, or cannot be made.
    """

    def __init__(self, path: str, base_url: str, *, resume: bool) -> None:
        self.known: dict[bytes, int] = {}
        """By digest of the id: a number for ``final`` and ``maybe_deleted``."""
        self._path = path
        self._lock = threading.Lock()
        self._broken = False
        self._next_sync = time.monotonic() + 1
        self._rows = self._started = -1
        self._made: list[str] = []
        try:
            self._open(resume)
            self._read(base_url)
        except BaseException:
            self.close()
            # Nothing half made is left: it would stand in the way of the next run.
            for made in self._made:
                os.unlink(made)
            raise

    def start(self, signature_request_id: str) -> None:
        """To be called before an id is asked for; one that the library would send, so a line of text."""
        self._append(self._started, signature_request_id)

    def write(self, outcome: Outcome) -> None:
        """Writes the outcome of an id."""
        self._append(self._rows, outcome.to_json())

    def sync_if_due(self) -> None:
        """Has the system bring both files to the disk, once a second."""
        if time.monotonic() >= self._next_sync:
            self.sync()

    def sync(self) -> None:
        self._next_sync = time.monotonic() + 1
        try:
            os.fsync(self._started)
            os.fsync(self._rows)
        except OSError as problem:
            raise ReportError(f"{self._path} cannot be written: {problem}") from problem

    def close(self) -> None:
        """Gives up the lock."""
        for descriptor in (self._rows, self._started):
            if descriptor >= 0:
                os.close(descriptor)
        self._rows = self._started = -1

    def _open(self, resume: bool) -> None:
        if fcntl is None:
            raise ReportError("a report needs file locks that this system does not have")
        started = f"{self._path}.started"
        if not resume:
            for path in (self._path, started):
                if os.path.lexists(path):
                    raise ReportError(f"{path} exists: go on with it by --resume, or name another report")
        try:
            self._rows = self._open_file(self._path, resume)
            if not stat.S_ISREG(os.fstat(self._rows).st_mode):
                raise ReportError(f"{self._path} is not a regular file")
            self._take_lock()
            self._started = self._open_file(started, resume)
        except OSError as problem:
            raise ReportError(f"{self._path} cannot be used: {problem}") from problem

    def _open_file(self, path: str, resume: bool) -> int:
        flags = os.O_RDWR | os.O_APPEND
        if resume:
            try:
                return os.open(path, flags)
            except FileNotFoundError:
                pass
        descriptor = os.open(path, flags | os.O_CREAT | os.O_EXCL, 0o666)
        self._made.append(path)
        return descriptor

    def _take_lock(self) -> None:
        try:
            fcntl.flock(self._rows, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReportError(f"{self._path} is in use by another process") from None
        except OSError as problem:
            if problem.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            raise ReportError(
                f"{self._path} cannot be locked, as on some network file systems ({problem}): "
                "put the report on a disk of this machine"
            ) from problem

    def _read(self, base_url: str) -> None:
        with open(self._started, "rb", closefd=False) as file:
            for line in whole_lines(file):
                add_start(self.known, line)
            _cut_off(file, self._started)
        with open(self._rows, "rb", closefd=False) as file:
            for row in read_rows(file, self._path):
                if row["base_url"] != base_url and row["base_url"].rstrip("/") != base_url.rstrip("/"):
                    raise ReportError(f"{self._path} is of another base URL: {row['base_url']}")
                add_row(self.known, row)
            _cut_off(file, self._rows)

    def _append(self, descriptor: int, line: str) -> None:
        data = line.encode() + b"\n"
        with self._lock:
            # A torn line can be cut off only while it is the last one.
            if self._broken:
                raise ReportError(f"{self._path} cannot be written any more")
            try:
                while data:
                    data = data[os.write(descriptor, data) :]
            except OSError as problem:
                self._broken = True
                raise ReportError(f"{self._path} cannot be written: {problem}") from problem


def whole_lines(file: BinaryIO) -> Iterator[bytes]:
    """The lines of a file without their ends. A last one that has none is left out, and the file stands before it: its
    writer died, or the disk was full."""
    end = 0
    for line in file:
        if not line.endswith(b"\n"):
            break
        end += len(line)
        yield line[:-1]
    file.seek(end)


def _cut_off(file: BinaryIO, descriptor: int) -> None:
    if file.read(1):
        os.ftruncate(descriptor, file.tell() - 1)


def read_rows(file: BinaryIO, path: str) -> Iterator[dict[str, Any]]:
    """The rows of a report, the torn last one left out.

    :raises ReportError: it is none.
    """
    for number, line in enumerate(whole_lines(file), 1):
        try:
            row = json.loads(line)
            for field, kind in (("id", str), ("base_url", str), ("status", str), ("outcome_unknown", bool)):
                if not isinstance(row[field], kind):
                    raise TypeError(field)
        except (ValueError, TypeError, LookupError):
            raise ReportError(f"{path} is not a report: line {number}") from None
        yield row
