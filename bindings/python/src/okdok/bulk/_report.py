"""What became of each id, on disk before anything else is asked, and how a later run goes on from there.

``FILE`` has one JSON row per outcome. ``FILE.started`` has one id a line, written before the id is asked for, once in
each run: an id with more starts than rows was in a call when the process died.
"""

from __future__ import annotations

import collections
import dataclasses
import datetime
import json
import os
import stat
import threading
from dataclasses import dataclass

from .. import Deletion
from .._errors import OkdokError
from .._status import Status

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

_DELETED = (Status.OK.name, Status.PRESUMED_DELETED.name)
_FINAL_WHEN_KNOWN = (Status.NOT_FOUND.name, Status.BAD_REQUEST.name)


@dataclass(frozen=True)
class Row:
    """The outcome of one id."""

    id: str
    base_url: str
    time: str
    status: str
    http_status: int = 0
    attempts: int = 0
    outcome_unknown: bool = False
    retry_after: float = 0.0
    service_code: str = ""
    service_value: str = ""
    message: str = ""

    def to_json(self) -> str:
        # ASCII, so that even an id that is not text can be written and read back.
        return json.dumps(dataclasses.asdict(self))


def row_of(
    signature_request_id: str, base_url: str, outcome: Deletion | OkdokError, *, maybe_deleted_before: bool
) -> Row:
    """The row for how a call ended.

    :param maybe_deleted_before: an earlier call may have deleted the id. That stays so until a call finds it deleted.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    row = Row(
        id=signature_request_id,
        base_url=base_url,
        time=now.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        status=Status.OK.name,
        http_status=outcome.http_status,
        attempts=outcome.attempts,
    )
    if isinstance(outcome, Deletion):
        return dataclasses.replace(row, status=_DELETED[outcome.presumed])
    row = dataclasses.replace(
        row,
        status=outcome.status.name if isinstance(outcome.status, Status) else str(outcome.status),
        outcome_unknown=outcome.outcome_unknown,
        retry_after=outcome.retry_after,
        service_code=outcome.service_code,
        service_value=outcome.service_value,
        message=str(outcome),
    )
    if not maybe_deleted_before:
        return row
    if row.status == Status.NOT_FOUND.name:
        return dataclasses.replace(
            row,
            status=Status.PRESUMED_DELETED.name,
            message="does not exist, but an earlier call whose outcome was not learned may have deleted it; "
            "the id or the host may also be wrong",
        )
    return dataclasses.replace(row, outcome_unknown=True)


class ReportError(Exception):
    """The report cannot be used, or no longer; nothing more is to be asked."""


class Report:
    """``FILE`` and ``FILE.started``, locked. All methods but ``close`` may be called from any thread.

    :param resume: go on with an existing report; without, an existing one is refused.
    :raises ReportError: it exists, is in use, is of another base URL, or is no report.
    """

    def __init__(self, path: str, base_url: str, *, resume: bool) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._broken = False
        self._maybe_deleted: set[str] = set()
        self._final: dict[str, str] = {}
        self._rows = self._started = -1
        try:
            self._open(resume)
            self._read(base_url)
        except BaseException:
            self.close()
            raise

    def final(self, signature_request_id: str) -> str | None:
        """The status of an id that needs not be asked for again."""
        return self._final.get(signature_request_id)

    def maybe_deleted(self, signature_request_id: str) -> bool:
        """Whether a call of an earlier run may have deleted it."""
        return signature_request_id in self._maybe_deleted

    def start(self, signature_request_id: str) -> None:
        """To be called before an id is asked for."""
        # The library refuses any other id before it sends anything.
        if "\n" not in signature_request_id and _is_text(signature_request_id):
            self._append(self._started, signature_request_id)

    def write(self, row: Row) -> None:
        """Writes the outcome of an id that was started."""
        self._append(self._rows, row.to_json())

    def sync(self) -> None:
        """Has the system bring both files to the disk."""
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
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | (0 if resume else os.O_EXCL)
        try:
            self._rows = os.open(self._path, flags, 0o666)
            if not stat.S_ISREG(os.fstat(self._rows).st_mode):
                raise ReportError(f"{self._path} is not a regular file")
            fcntl.flock(self._rows, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._started = os.open(started, flags, 0o666)
        except BlockingIOError:
            raise ReportError(f"{self._path} is in use by another process") from None
        except OSError as problem:
            raise ReportError(f"{self._path} cannot be used: {problem}") from problem

    def _read(self, base_url: str) -> None:
        unanswered: collections.Counter[str] = collections.Counter()
        for line in _whole_lines(self._started):
            unanswered[line.decode(errors="replace")] += 1
        last: dict[str, str] = {}
        for number, line in enumerate(_whole_lines(self._rows), 1):
            try:
                row = _row_in(line)
            except (ValueError, TypeError):
                raise ReportError(f"{self._path} is not a report: line {number}") from None
            if row.base_url.rstrip("/") != base_url.rstrip("/"):
                raise ReportError(f"{self._path} is of another base URL: {row.base_url}")
            last[row.id] = row.status
            unanswered[row.id] -= 1
            if row.outcome_unknown:
                self._maybe_deleted.add(row.id)
        self._maybe_deleted.update(signature_request_id for signature_request_id, n in unanswered.items() if n > 0)
        for signature_request_id, status in last.items():
            if status in _DELETED:
                self._maybe_deleted.discard(signature_request_id)
            elif not (
                status == Status.INVALID_ARGUMENT.name
                or (status in _FINAL_WHEN_KNOWN and signature_request_id not in self._maybe_deleted)
            ):
                continue
            self._final[signature_request_id] = status

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


def _whole_lines(descriptor: int) -> list[bytes]:
    """The lines of a file; a last one without its end is cut off the file: its writer died, or the disk was full."""
    with open(descriptor, "rb", closefd=False) as file:
        content = file.read()
    end = content.rfind(b"\n") + 1
    if end != len(content):
        os.ftruncate(descriptor, end)
    return content[:end].split(b"\n")[:-1]


def _row_in(line: bytes) -> Row:
    row = Row(**json.loads(line))
    if not all(isinstance(text, str) for text in (row.id, row.base_url, row.status)):
        raise TypeError
    return row


def _is_text(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
