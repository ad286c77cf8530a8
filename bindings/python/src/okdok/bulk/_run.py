"""Deletes many signature requests."""

from __future__ import annotations

import collections
import enum
import math
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType

from .. import (
    Client,
    Deletion,
    InvalidArgumentError,
    NoResourcesError,
    OkdokError,
    Status,
    check_signature_request_id,
)
from ._outcome import Outcome, digest, outcome_of
from ._report import SEEN, Report, final, maybe_deleted

_SAYS_SOMETHING_ABOUT_THE_ID = (Status.OK, Status.PRESUMED_DELETED, Status.NOT_FOUND, Status.BAD_REQUEST)


class Reason(str, enum.Enum):
    """Why a run ended."""

    DONE = "done"
    """Every id has its outcome."""
    STOPPED = "stopped"
    """By ``Run.stop`` or by leaving its block, before all ids were processed."""
    TOO_MANY_FAILURES = "too many failures"
    """``max_failures`` calls in a row said nothing about their ids."""
    KEY_REFUSED = "key refused"
    """The service did not accept the key."""

    def __str__(self) -> str:
        return self.value


# An id, whether an earlier call may have deleted it, and why the library would refuse it.
New = tuple[str, bool, "InvalidArgumentError | None"]


@dataclass(frozen=True)
class Paused:
    """All jobs wait, since a call ended with RATE_LIMITED."""

    seconds: float


class Run:
    """Deletes many signature requests, and yields the outcome of each as it becomes known.

    Use it as a context manager and an iterator, in one thread and once. Leaving the block, even by an exception, stops
    the run, waits for the calls under way and records their outcomes. It installs no signal handlers.

    The thread of the loop takes ids from the iterable, at most twice ``jobs`` ahead of the loop, so a slow loop slows
    the run down. Duplicates are processed once. An id that the library would refuse is yielded as ``INVALID_ARGUMENT``.
    When the service says that there are too many requests, all jobs wait for as long as it asks, and the id is tried
    again.

    :param client: used by ``jobs`` threads; not closed.
    :param ids: any iterable of ``str``.
    :param jobs: number of calls at once, 1 to 1000.
    :param rate: maximum number of calls per second; ``None`` means no limit.
    :param report: a file to which a JSON row is written for each outcome, before the outcome is yielded. It must not
        exist, unless ``resume`` is true.
    :param resume: continue an existing report: an id whose outcome is final is neither tried nor yielded again.
    :param max_failures: the run ends after this many calls in a row that say nothing about their ids (no connection,
        time-outs, 5xx, 403, 429); 0 means never. A key that is not accepted (401) always ends it.
    :raises TypeError: an id is not a ``str``; raised in the loop.
    :raises ValueError: an argument is out of range, or ``resume`` is set without ``report``.
    :raises ReportError: the report cannot be used; raised by ``with`` or in the loop.
    :raises NoResourcesError: no thread can be started; raised in the loop.
    """

    def __init__(
        self,
        client: Client,
        ids: Iterable[str],
        *,
        jobs: int = 8,
        rate: float | None = None,
        report: str | os.PathLike[str] | None = None,
        resume: bool = False,
        max_failures: int = 20,
    ) -> None:
        if not 1 <= jobs <= 1000:
            raise ValueError(f"jobs must be from 1 to 1000, not {jobs}")
        if rate is not None and not 0 < rate < math.inf:
            raise ValueError(f"rate must be above 0, not {rate}")
        if max_failures < 0:
            raise ValueError(f"max_failures must be 0 or more, not {max_failures}")
        if resume and report is None:
            raise ValueError("resume needs a report")
        self.reason: Reason | None = None
        """Why the run ended; ``None`` until it has."""
        self._client = client
        self._base_url = client.base_url
        self._ids = ids
        self._new: Iterator[New] = iter(())
        self._finished: dict[str, int] = {}
        self._jobs = jobs
        self._interval = 1 / rate if rate else 0.0
        self._report_path = report
        self._resume = resume
        self._max_failures = max_failures
        self._report: Report | None = None
        self._known: dict[bytes, int] = {}
        # Reentrant, so that a signal handler may call stop().
        self._lock = threading.RLock()
        self._work = threading.Condition(self._lock)
        self._pace = threading.Condition(self._lock)
        self._news = threading.Condition(self._lock)
        self._pending: collections.deque[tuple[str, bool]] = collections.deque()
        self._ready: collections.deque[Outcome | Paused] = collections.deque()
        self._exhausted = False
        self._stopped = False
        self._threads: set[threading.Thread] = set()
        self._under_way = 0
        self._not_before = 0.0
        self._failures = 0
        self._entered = False
        self._no_point: Reason | None = None
        self._problem: BaseException | None = None

    def __enter__(self) -> Run:
        if self._report_path is not None:
            self._report = Report(os.fspath(self._report_path), self._base_url, resume=self._resume)
            self._known = self._report.known
        self._new = self._sift(self._ids)
        self._entered = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()
        with self._lock:
            while self._threads:
                self._news.wait()
        self._settle()
        if self._report is not None:
            try:
                if kind is None and self._problem is None:
                    self._report.sync()
            finally:
                self._report.close()

    def __iter__(self) -> Iterator[Outcome]:
        return self

    def __next__(self) -> Outcome:
        while True:
            event = self._next_event(1.0)
            if isinstance(event, Outcome):
                return event

    @property
    def finished(self) -> dict[Status, int]:
        """With ``resume``: how many ids were not tried because their outcome was final, by status."""
        return {Status[name]: count for name, count in self._finished.items()}

    def stop(self) -> None:
        """Begins no more calls; those under way finish and are yielded. Any thread or signal handler may call this."""
        self._stopped = True
        with self._lock:
            for condition in (self._work, self._pace, self._news):
                condition.notify_all()

    def _next_event(self, timeout: float) -> Outcome | Paused | None:
        """What happens next; None if nothing did within ``timeout`` seconds, or if the run was stopped meanwhile."""
        if not self._entered:
            raise RuntimeError("a bulk.Run must be used in a with statement")
        self._take_ids()
        if self._report is not None:
            self._report.sync_if_due()
        with self._lock:
            if not self._ready and not self._over():
                self._news.wait(timeout)
            if self._ready:
                return self._ready.popleft()
            if not self._over():
                return None
        self._settle()
        if self._problem is not None:
            raise self._problem
        raise StopIteration

    def _over(self) -> bool:
        return not self._threads and (self._stopped or (self._exhausted and not self._pending))

    def _settle(self) -> None:
        if self.reason is None:
            all_asked = self._exhausted and not self._pending and self._problem is None
            self.reason = self._no_point or (Reason.DONE if all_asked else Reason.STOPPED)

    def _sift(self, ids: Iterable[str]) -> Iterator[New]:
        """The ids to process, each once. From then on, an id takes the memory of its digest."""
        known, finished = self._known, self._finished
        for signature_request_id in ids:
            try:
                key = digest(signature_request_id)
            except AttributeError:
                # Not a str. This raises what a call would raise.
                check_signature_request_id(signature_request_id)
                raise
            number = known.get(key, 0)
            if number & SEEN:
                continue
            known[key] = number | SEEN
            if number:
                status = final(number)
                if status is not None:
                    finished[status] = finished.get(status, 0) + 1
                    continue
            refusal = None
            try:
                check_signature_request_id(signature_request_id)
            except InvalidArgumentError as error:
                refusal = error
            yield signature_request_id, maybe_deleted(number), refusal

    def _ask_for(self, new: Iterable[New]) -> None:
        """Processes these ids, which ``_sift`` returned before, instead of those that the constructor got."""
        self._new = iter(new)

    def _discard_report(self) -> None:
        """Removes the report of a run that made no call."""
        self.stop()
        if self._report is not None:
            self._report.discard()

    def _take_ids(self) -> None:
        """Fills the queue of pending ids."""
        while not self._exhausted and not self._stopped:
            with self._lock:
                if len(self._pending) + self._under_way + len(self._ready) >= 2 * self._jobs:
                    return
            try:
                signature_request_id, maybe_deleted_before, refusal = next(self._new)
            except StopIteration:
                with self._lock:
                    self._exhausted = True
                    self._work.notify_all()
                return
            if refusal is not None:
                outcome = outcome_of(signature_request_id, self._base_url, refusal)
                if self._report is not None:
                    self._report.write(outcome)
                with self._lock:
                    self._ready.append(outcome)
                continue
            with self._lock:
                self._pending.append((signature_request_id, maybe_deleted_before))
                if len(self._threads) < min(self._jobs, len(self._pending) + self._under_way):
                    self._start_thread()
                self._work.notify()

    def _start_thread(self) -> None:
        """Starts a job. The caller holds the lock, for which the new thread waits."""
        thread = threading.Thread(target=self._job, name="okdok-bulk", daemon=True)
        try:
            thread.start()
        except RuntimeError as problem:
            if not self._threads:
                self._stopped = True
                raise NoResourcesError(f"no thread could be started: {problem}", outcome_unknown=False) from problem
            self._jobs = len(self._threads)
        else:
            self._threads.add(thread)

    def _job(self) -> None:
        with self._lock:
            # Ctrl-C may interrupt start(), and nobody would wait for a thread that it has started.
            if threading.current_thread() not in self._threads:
                return
        problem: BaseException | None = None
        try:
            while True:
                taken = self._begin()
                if taken is None:
                    break
                outcome = self._ask(*taken)
                with self._lock:
                    self._under_way -= 1
                    self._ready.append(outcome)
                    self._news.notify()
        except BaseException as raised:  # noqa: BLE001 # raised again in the thread of the loop
            problem = raised
        with self._lock:
            if problem is not None:
                self._problem = self._problem or problem
                self.stop()
            self._threads.remove(threading.current_thread())
            self._news.notify_all()

    def _begin(self) -> tuple[str, bool] | None:
        """Waits for an id whose call may begin; None if there will be none."""
        with self._lock:
            while True:
                if not self._stopped and not self._pending and not self._exhausted:
                    self._work.wait()
                elif self._stopped or not self._pending:
                    return None
                elif self._may_call():
                    self._under_way += 1
                    return self._pending.popleft()

    def _may_call(self) -> bool:
        """Whether a call may begin now. If not, waits first; then call it again. The caller holds the lock."""
        now = time.monotonic()
        if now < self._not_before:
            self._pace.wait(min(self._not_before - now, threading.TIMEOUT_MAX))
            return False
        self._not_before = now + self._interval
        return True

    def _ask(self, signature_request_id: str, maybe_deleted_before: bool) -> Outcome:
        """Makes the call and records its outcome."""
        if self._report is not None:
            self._report.start(signature_request_id)
        while True:
            ended: Deletion | OkdokError
            try:
                ended = self._client.delete_signature_request(signature_request_id)
            except OkdokError as error:
                ended = error
            outcome = outcome_of(signature_request_id, self._base_url, ended, maybe_deleted_before=maybe_deleted_before)
            self._end_where_there_is_no_point(outcome.status)
            if outcome.status != Status.RATE_LIMITED or not self._paused(outcome.retry_after):
                break
            maybe_deleted_before = outcome.outcome_unknown
        if self._report is not None:
            self._report.write(outcome)
        return outcome

    def _end_where_there_is_no_point(self, status: Status) -> None:
        with self._lock:
            if status in _SAYS_SOMETHING_ABOUT_THE_ID:
                self._failures = 0
                return
            self._failures += 1
            if status == Status.UNAUTHORIZED:
                self._no_point = self._no_point or Reason.KEY_REFUSED
            elif self._failures == self._max_failures:
                self._no_point = self._no_point or Reason.TOO_MANY_FAILURES
            else:
                return
            self.stop()

    def _paused(self, seconds: float) -> bool:
        """Makes every job wait. Returns whether the call may then be made again."""
        # One second if the service does not say how long.
        seconds = seconds or 1.0
        with self._lock:
            self._not_before = max(self._not_before, time.monotonic() + seconds)
            if not self._stopped:
                self._ready.append(Paused(seconds))
                self._news.notify()
            while not self._stopped:
                if self._may_call():
                    return True
        return False
