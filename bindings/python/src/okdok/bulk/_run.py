"""Asking for many ids at once."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Union

from .. import Client, Deletion
from .._errors import NoResourcesError, OkdokError
from .._status import Status
from ._pace import Pace
from ._report import Report, Row, row_of


@dataclass(frozen=True)
class Paused:
    """All jobs wait: the service said RATE_LIMITED."""

    seconds: float


@dataclass(frozen=True)
class Ended:
    """A job has ended, maybe by a problem that ends the others too."""

    problem: BaseException | None


@dataclass(frozen=True)
class Signalled:
    """The user wants an end."""


Event = Union[Row, Paused, Ended, Signalled]


class Run:
    """Jobs that ask for each id and say so in ``events``; whoever reads those decides when to ``stop``."""

    def __init__(
        self, client: Client, base_url: str, ids: Iterable[str], *, jobs: int, rate: float | None, report: Report | None
    ) -> None:
        # A SimpleQueue may be put to from a signal handler.
        self.events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._client = client
        self._base_url = base_url
        self._ids = iter(ids)
        self._next_id = threading.Lock()
        self._pace = Pace(rate)
        self._report = report
        self._jobs = jobs

    def start(self) -> int:
        """Starts the jobs, as many as there are threads to be had, and says how many."""
        for started in range(self._jobs):
            try:
                threading.Thread(target=self._work, daemon=True).start()
            except RuntimeError as problem:
                if started == 0:
                    raise NoResourcesError(f"no thread could be started: {problem}") from problem
                return started
        return self._jobs

    def stop(self) -> None:
        """Lets calls under way finish and be written down, and starts no more."""
        self._pace.stop()

    def _work(self) -> None:
        problem: BaseException | None = None
        try:
            while True:
                with self._next_id:
                    signature_request_id = next(self._ids, None)
                row = None if signature_request_id is None else self._ask(signature_request_id)
                if row is None:
                    break
                self.events.put(row)
        except BaseException as raised:  # noqa: BLE001 # a job that vanished silently would be waited for
            problem = raised
        self.events.put(Ended(problem))

    def _ask(self, signature_request_id: str) -> Row | None:
        """The outcome, written down; None when stopped before the first call."""
        row: Row | None = None
        maybe_deleted = self._report is not None and self._report.maybe_deleted(signature_request_id)
        while self._pace.wait():
            if row is None and self._report is not None:
                self._report.start(signature_request_id)
            outcome: Deletion | OkdokError
            try:
                outcome = self._client.delete_signature_request(signature_request_id)
            except OkdokError as error:
                outcome = error
            row = row_of(signature_request_id, self._base_url, outcome, maybe_deleted_before=maybe_deleted)
            if row.status != Status.RATE_LIMITED.name:
                break
            maybe_deleted = row.outcome_unknown
            # A service that does not say how long is given a second.
            paused = Paused(row.retry_after or 1.0)
            self._pace.pause(paused.seconds)
            self.events.put(paused)
        if row is not None and self._report is not None:
            self._report.write(row)
        return row
