"""``okdok delete``: a ``Run`` with ids from the command line or standard input, signals, and output for people."""

from __future__ import annotations

import argparse
import errno
import json
import os
import signal
import sys
from types import FrameType
from typing import BinaryIO

from .. import Client, OkdokError, Status
from . import _streams
from ._exit import Exit
from ._input import Ids, InputError, Kept
from ._outcome import Outcome
from ._progress import Progress
from ._run import Paused, Reason, Run

_TOLD_AT_MOST = 20


def client_of(options: argparse.Namespace, *, max_attempts: int = 3) -> Client:
    """The client that the environment and the options describe; options replace variables."""
    if options.base_url:
        os.environ["OKDOK_BASE_URL"] = options.base_url
    if options.api_key_file:
        os.environ.pop("OKDOK_API_KEY", None)
        os.environ["OKDOK_API_KEY_FILE"] = options.api_key_file
    return Client.from_env(max_attempts=max_attempts)


def run(options: argparse.Namespace, stdin: BinaryIO | None) -> Exit:
    if options.resume and not options.report:
        raise InputError("--resume needs --report")
    if options.csv is not None and "-" not in options.ids:
        raise InputError("--csv needs standard input: pass - as an id")
    with client_of(options) as client, _Signals() as signals:
        ids = Ids(options.ids, stdin, options.csv)
        if options.dry_run:
            return _dry_run(Run(client, []), ids, as_json=options.json)
        return _Deleting(options, ids, client, signals).run()


def _dry_run(run: Run, ids: Ids, *, as_json: bool) -> Exit:
    code = Exit.DONE
    for one, _, refusal in run._sift(ids):
        if refusal is not None:
            code = Exit.NOT_ALL
        if as_json:
            print(json.dumps({"id": one, "valid": refusal is None, "message": str(refusal or "")}))
        elif refusal is None:
            print(f"would delete {one}")
        else:
            _tell_refused(ids, one, refusal)
    return code


def _tell_refused(ids: Ids, one: str, refusal: OkdokError) -> None:
    _streams.say(_streams.printable(f"{ids.place}{one}: {refusal.status.name}: {refusal}"))


class _Signals:
    """The first signal stops the run, the second exits at once."""

    def __init__(self) -> None:
        self.arrived = False
        self.run: Run | None = None

    def __enter__(self) -> _Signals:
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            number = getattr(signal, name, None)
            # Ignored signals stay ignored: a shell ignores SIGINT for background jobs, nohup ignores SIGHUP.
            if number is not None and signal.getsignal(number) != signal.SIG_IGN:
                signal.signal(number, self._handle)
        return self

    def __exit__(self, *_: object) -> None:
        self.run = None

    def _handle(self, _number: int, _frame: FrameType | None) -> None:
        if self.arrived:
            os._exit(Exit.STOPPED)
        self.arrived = True
        if self.run is None:
            raise KeyboardInterrupt
        # Not left to the loop, which may be blocked writing to somebody who does not read.
        self.run.stop()


class _Deleting:
    def __init__(self, options: argparse.Namespace, ids: Ids, client: Client, signals: _Signals) -> None:
        self._options = options
        self._signals = signals
        self._ids = ids
        self._on_terminal = sys.stdout.isatty()
        self._done_statuses = {Status.OK, Status.PRESUMED_DELETED}
        if options.missing_ok:
            self._done_statuses.add(Status.NOT_FOUND)
        self._done = self._failed = 0
        self._last_failure: Outcome | None = None
        self._nobody_reads = False
        self._output_problem: OSError | None = None
        self._run = Run(
            client, [], jobs=options.jobs, rate=options.rate, report=options.report, resume=options.resume,
            max_failures=options.max_failures,
        )  # fmt: skip

    def run(self) -> Exit:
        with self._run:
            new = None
            try:
                new = self._look_at_all()
            finally:
                # Nothing was sent: an empty report would only get in the way of the next run.
                if new is None:
                    self._run._discard_report()
            if new is None:
                return Exit.REFUSED
            self._total = new.count + sum(self._run.finished.values())
            self._progress = Progress(self._total)
            # On a terminal the bar is enough, but a single id has none.
            self._done_ids_are_told = not self._on_terminal or self._options.verbose or self._total == 1
            self._run._ask_for(new)
            self._signals.run = self._run
            try:
                self._follow()
            finally:
                self._count_finished()
                self._progress.close()
        return self._end()

    def _look_at_all(self) -> Kept | None:
        """The ids to process; None if some would be refused and nothing must be sent."""
        kept = Kept()
        refused = 0
        for new in self._run._sift(self._ids):
            kept.add(new)
            one, _, refusal = new
            if refusal is not None:
                refused += 1
                if refused <= _TOLD_AT_MOST:
                    _tell_refused(self._ids, one, refusal)
        if refused > _TOLD_AT_MOST:
            _streams.say(f"okdok: and {refused - _TOLD_AT_MOST} more ids that would be refused")
        if not refused or self._options.skip_invalid:
            return kept
        _streams.say(
            f"okdok: {refused} of {kept.count} ids would be refused, so nothing was sent; --skip-invalid skips them"
        )
        return None

    def _follow(self) -> None:
        """Reports what happens until the run is over."""
        stopping_was_told = False
        while True:
            try:
                event = self._run._next_event(1.0)
            except StopIteration:
                break
            if self._signals.arrived and not stopping_was_told:
                stopping_was_told = True
                self._progress.say("okdok: stopping; waiting for calls under way (interrupt again to exit at once)")
            if isinstance(event, Outcome):
                self._count(event)
                self._tell(event)
            elif isinstance(event, Paused):
                self._progress.say(f"okdok: rate limited, waiting {event.seconds:g} s")
            self._progress.tick()

    def _count(self, outcome: Outcome) -> None:
        if outcome.status in self._done_statuses:
            self._done += 1
        else:
            self._failed += 1
            self._last_failure = outcome
        self._count_finished()

    def _count_finished(self) -> None:
        """Updates the totals, which include the ids that earlier runs finished."""
        finished = self._run.finished
        before = sum(finished.values())
        done_before = sum(finished.get(status, 0) for status in self._done_statuses)
        self._progress.before = before
        self._progress.done = self._done + done_before
        self._progress.failed = self._failed + before - done_before

    def _tell(self, outcome: Outcome) -> None:
        try:
            if self._options.json:
                self._print(outcome.to_json())
            elif outcome.status in self._done_statuses:
                if self._done_ids_are_told:
                    words = {Status.OK: "deleted", Status.PRESUMED_DELETED: "presumed deleted"}
                    self._print(f"{words.get(outcome.status, 'missing')} {outcome.id}")
            # Refused ids were reported before anything was sent.
            elif outcome.status != Status.INVALID_ARGUMENT:
                unknown = " (it may have been deleted)" if outcome.outcome_unknown else ""
                line = f"{outcome.id}: {outcome.status.name}{unknown}: {outcome.message}"
                self._progress.write(_streams.printable(line))
        except OSError as problem:
            _streams.give_up_broken_ones()
            self._run.stop()
            # EIO: the terminal is gone.
            if problem.errno in (errno.EPIPE, errno.EIO):
                self._nobody_reads = True
            else:
                self._output_problem = self._output_problem or problem

    def _print(self, line: str) -> None:
        if self._on_terminal:
            self._progress.clear()
        print(line, flush=True)

    def _end(self) -> Exit:
        reason, last = self._run.reason, self._last_failure
        if self._output_problem is not None:
            _streams.say(f"okdok: stopped: the output cannot be written: {self._output_problem}")
            return Exit.REFUSED
        way_on = "; --resume continues" if self._options.report else ""
        if reason == Reason.KEY_REFUSED and last is not None:
            _streams.say(f"okdok: gave up: the service refused the key{way_on}")
            return Exit.NO_POINT
        if reason == Reason.TOO_MANY_FAILURES and last is not None:
            _streams.say(
                f"okdok: gave up after {self._options.max_failures} failures in a row, "
                f"the last {last.status.name}: {last.message}{way_on}"
            )
            return Exit.NO_POINT
        # A signal may come when every id was asked for, but before the run has noticed that there are no more.
        all_asked = self._progress.done + self._progress.failed == self._total
        if (reason == Reason.STOPPED and not all_asked) or self._nobody_reads:
            _streams.say(f"okdok: stopped before all ids were processed{way_on}")
            return Exit.STOPPED
        if self._total == 0:
            _streams.say("okdok: there are no ids, so nothing was sent")
        elif self._done + self._failed == 0:
            _streams.say(f"okdok: nothing is left to do: {self._options.report} has the outcome of every id")
        return Exit.NOT_ALL if self._progress.failed else Exit.DONE
