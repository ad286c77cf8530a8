"""The report: the outcome of each id, written before the next call begins, and what a later run continues from.

``FILE`` has one JSON row per outcome. ``FILE.started`` has one id per line, written before the call for the id, once in
each run: an id with more starts than rows was in a call when the process died.
"""

from __future__ import annotations

import errno
import json
import os
import re
import stat
import threading
import time
from collections.abc import Callable
from typing import Any, BinaryIO

from ._outcome import Outcome, digest_of_bytes

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

# What a report knows of an id is kept as a small number, since there may be very many ids: the status of its last row
# in three bits, whether an outcome was ever unknown, and whether this run has seen the id.
_FINAL = ("OK", "PRESUMED_DELETED", "INVALID_ARGUMENT", "NOT_FOUND", "BAD_REQUEST")
_CODES = {status.encode(): code for code, status in enumerate(_FINAL, 1)}
_DELETED = (_CODES[b"OK"], _CODES[b"PRESUMED_DELETED"])
_STATUS_BITS, _UNKNOWN, SEEN = 7, 8, 16


def maybe_deleted(known: int) -> bool:
    """Whether an earlier call may have deleted the id."""
    return known & _UNKNOWN != 0 and known & _STATUS_BITS not in _DELETED


def final(known: int) -> str | None:
    """The status of an id that needs no other call, else None."""
    code = known & _STATUS_BITS
    # Only a deletion and a refusal by the library are final, whatever happened before.
    if code == 0 or (code > 3 and known & _UNKNOWN):
        return None
    return _FINAL[code - 1]


class ReportError(Exception):
    """The report cannot be used, or can no longer be written. No other call may begin."""


class Report:
    """``FILE`` and ``FILE.started``, locked. ``start`` and ``write`` may be called from any thread.

    :param resume: continue an existing report; otherwise an existing one is refused.
    :raises ReportError: it exists, is in use, is for another base URL, is not a report, or cannot be created.
    """

    def __init__(self, path: str, base_url: str, *, resume: bool) -> None:
        self.known: dict[bytes, int] = {}
        """A number for ``final`` and ``maybe_deleted``, by the digest of the id."""
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
            # An incomplete report would get in the way of the next run.
            self.discard()
            raise

    def start(self, signature_request_id: str) -> None:
        """Records that a call begins. The library has accepted the id, so it is a line of text."""
        self._append(self._started, signature_request_id)

    def write(self, outcome: Outcome) -> None:
        """Writes the outcome of an id."""
        self._append(self._rows, outcome.to_json())

    def sync_if_due(self) -> None:
        """Makes the system write both files to the disk, once a second."""
        if time.monotonic() >= self._next_sync:
            self.sync()

    def sync(self) -> None:
        self._next_sync = time.monotonic() + 1
        try:
            os.fsync(self._started)
            os.fsync(self._rows)
        except OSError as problem:
            raise ReportError(f"{self._path} cannot be written: {problem}") from problem

    def discard(self) -> None:
        """Removes the files that were created here. Nothing may have been written to them."""
        for made in self._made:
            os.unlink(made)
        self._made = []

    def close(self) -> None:
        """Closes the files, which releases the lock."""
        for descriptor in (self._rows, self._started):
            if descriptor >= 0:
                os.close(descriptor)
        self._rows = self._started = -1

    def _open(self, resume: bool) -> None:
        started = f"{self._path}.started"
        if not resume:
            for path in (self._path, started):
                if os.path.lexists(path):
                    raise ReportError(f"{path} exists: continue it with --resume, or name another report")
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
        if fcntl is None:
            raise ReportError("a report needs file locks, which this system does not have")
        try:
            fcntl.flock(self._rows, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ReportError(f"{self._path} is in use by another process") from None
        except OSError as problem:
            if problem.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                raise
            raise ReportError(
                f"{self._path} cannot be locked, as on some network file systems ({problem}): "
                "put the report on a local disk"
            ) from problem

    def _read(self, base_url: str) -> None:
        with open(self._started, "rb", closefd=False) as started, open(self._rows, "rb", closefd=False) as rows:
            self.known = read_known(started, rows, self._path, base_url)
            # A torn last line is cut off, since more is written after it.
            for file in (started, rows):
                end = _end_of_whole_lines(file)
                if end != file.seek(0, os.SEEK_END):
                    os.ftruncate(file.fileno(), end)

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


def read_known(started: BinaryIO, rows: BinaryIO, path: str, base_url: str | None = None) -> dict[bytes, int]:
    """Returns a number for ``final`` and ``maybe_deleted``, by the digest of the id. Must be fast for millions of rows.

    :param base_url: the base URL that all rows must have; ``None`` means any.
    :raises ReportError: it is not a report, or is for another base URL.
    """
    known: dict[bytes, int] = {}
    own_row = _own_row(base_url)
    starts = iter(started)
    # Ids that were started and have no row yet: only a few at any time, since rows follow soon.
    open_: set[bytes] = set()
    for count, line in enumerate(rows, 1):
        own = own_row(line)
        if own is not None and line[-2:] == b"}\n":
            one, status, unknown = own.groups()
        elif not line.endswith(b"\n"):
            # Torn: its writer died, or the disk was full.
            break
        else:
            row = row_in(line, path, count, base_url)
            one = row["id"].encode("utf-8", "surrogatepass")
            status, unknown = row["status"].encode(), b"t" if row["outcome_unknown"] else b"f"
        key = digest_of_bytes(one)
        number = _CODES.get(status, 0) if unknown == b"f" else _CODES.get(status, 0) | _UNKNOWN
        before = known.setdefault(key, number)
        if before != number:
            known[key] = number | before & _UNKNOWN
        # An id that the library refuses is never started.
        if status != b"INVALID_ARGUMENT":
            while one not in open_:
                start = next(starts, b"")[:-1]
                if not start:
                    break
                if start in open_:
                    # Started twice, without a row the first time: the process died in the call.
                    _mark_unknown(known, start)
                open_.add(start)
            open_.discard(one)
    for start in open_:
        _mark_unknown(known, start)
    for line in starts:
        if line.endswith(b"\n"):
            _mark_unknown(known, line[:-1])
    return known


def _mark_unknown(known: dict[bytes, int], signature_request_id: bytes) -> None:
    key = digest_of_bytes(signature_request_id)
    known[key] = known.get(key, 0) | _UNKNOWN


def _own_row(base_url: str | None) -> Callable[[bytes], re.Match[bytes] | None]:
    """Matches a row as this package writes it, several times faster than a JSON parser."""
    url = rb'[^"\\]*' if base_url is None else re.escape(json.dumps(base_url)[1:-1].encode())
    return re.compile(
        rb'\{"id": "([^"\\]*)", "base_url": "' + url + rb'", "time": ".{24}", "status": "(\w+)", '
        rb'"http_status": \d+, "attempts": \d+, "outcome_unknown": ([tf])[a-z]+, "retry_after": '
    ).match


def _end_of_whole_lines(file: BinaryIO) -> int:
    """Where the last complete line ends; searched for backwards."""
    end = file.seek(0, os.SEEK_END)
    while end > 0:
        start = max(0, end - (1 << 16))
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def row_in(line: bytes, path: str, number: int, base_url: str | None = None) -> dict[str, Any]:
    """Parses a row that need not look as this package writes it."""
    try:
        row: dict[str, Any] = json.loads(line)
        for field, kind in (("id", str), ("base_url", str), ("status", str), ("outcome_unknown", bool)):
            if not isinstance(row[field], kind):
                raise TypeError(field)
    except (ValueError, TypeError, LookupError):
        raise ReportError(f"{path} is not a report: line {number}") from None
    if base_url is not None and row["base_url"].rstrip("/") != base_url.rstrip("/"):
        raise ReportError(f"{path} is for another base URL: {row['base_url']}")
    return row
