"""The command ``okdok``."""

from __future__ import annotations

import argparse
import io
import json
import math
import os
import queue
import signal
import sys
import time
from collections.abc import Sequence
from types import FrameType

from .. import __version__, _ffi
from .._client import Client, api_key_from_env, api_key_from_file, base_url_from_env
from .._errors import OkdokError
from .._status import Status
from . import _ids
from ._progress import Progress
from ._report import Report, ReportError, Row
from ._run import Ended, Paused, Run, Signalled

DONE, SOME_FAILED, REFUSED, STOPPED = 0, 1, 2, 130

_EXIT_CODES = """\
exit codes:
  0    every id is done: deleted, presumed deleted, or missing with --missing-ok
  1    at least one id failed
  2    refused or broken off: wrong use, no key, no library, a report that cannot be used
  130  stopped before every id was asked for: by Ctrl-C, SIGTERM, or because nobody reads the output

The first signal lets calls under way finish and be written down, the second leaves at once.
OKDOK_BASE_URL and OKDOK_API_KEY or OKDOK_API_KEY_FILE say whom to ask, with which key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # An id that the locale's encoding lacks is no reason to stop; a closed stream is None.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        return _delete(options)
    except (OkdokError, ReportError, ImportError) as problem:
        print(f"okdok: {problem}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:
        _write_to_nobody()
        return STOPPED
    except KeyboardInterrupt:
        return STOPPED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="okdok", description="Deletes OKdokument signature requests.")
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", required=True)
    delete = commands.add_parser(
        "delete",
        help="delete signature requests",
        description="Deletes signature requests, one id or ten thousand.",
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    delete.add_argument("ids", metavar="ID", nargs="+", help="an id, or - for one a line from standard input")
    delete.add_argument("--base-url", metavar="URL", help="the service, instead of OKDOK_BASE_URL")
    delete.add_argument("--api-key-file", metavar="FILE", help="file with the key, instead of the environment's")
    delete.add_argument("--json", action="store_true", help="one JSON object a line for each id")
    delete.add_argument("--dry-run", action="store_true", help="check every id and the options, and send nothing")
    delete.add_argument("--missing-ok", action="store_true", help='count "does not exist" as done')
    delete.add_argument("--jobs", metavar="N", type=_jobs, default=8, help="calls at once (default: 8)")
    delete.add_argument("--rate", metavar="N", type=_rate, help="calls a second at most (default: no limit)")
    delete.add_argument("--report", metavar="FILE", help="write the outcome of each id to FILE as it is known")
    delete.add_argument("--resume", action="store_true", help="go on with the report of an earlier run")
    return parser


class _Version(argparse.Action):
    """Prints the versions of the package and of the library, which may differ in a development build."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the versions of package and library")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        try:
            library = _ffi.library()
        except ImportError as problem:
            parser.exit(REFUSED, f"okdok {__version__}\n{problem}\n")
        print(f"okdok {__version__} (library {library.okdok_version().decode()}, {library._name})")
        parser.exit()


def _jobs(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 1000")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return rate


def _delete(options: argparse.Namespace) -> int:
    if options.resume and not options.report:
        raise ReportError("--resume needs --report")
    base_url = options.base_url or base_url_from_env()
    api_key = api_key_from_file(options.api_key_file) if options.api_key_file else api_key_from_env()
    with Client(base_url, api_key=api_key) as client:
        ids = _ids.read(options.ids, sys.stdin)
        if options.dry_run:
            return _check(ids, as_json=options.json)
        report = Report(options.report, base_url, resume=options.resume) if options.report else None
        try:
            return _ask(ids, client, base_url, report, options)
        finally:
            if report is not None:
                report.close()


def _check(ids: list[str], *, as_json: bool) -> int:
    code = DONE
    for signature_request_id in ids:
        problem = _ids.problem_of(signature_request_id)
        if problem is not None:
            code = SOME_FAILED
        if as_json:
            print(json.dumps({"id": signature_request_id, "valid": problem is None, "message": problem or ""}))
        elif problem is None:
            print(f"would delete {signature_request_id}")
        else:
            print(f"{_printable(signature_request_id)}: INVALID_ARGUMENT: the id {problem}", file=sys.stderr)
    return code


def _ask(ids: list[str], client: Client, base_url: str, report: Report | None, options: argparse.Namespace) -> int:
    done_statuses = {Status.OK.name, Status.PRESUMED_DELETED.name}
    if options.missing_ok:
        done_statuses.add(Status.NOT_FOUND.name)
    final = [status for status in (report.final(one) for one in ids) if status] if report else []
    done = sum(status in done_statuses for status in final)
    progress = Progress(len(ids), done=done, failed=len(final) - done)
    to_ask = [one for one in ids if not (report and report.final(one))]
    run = Run(client, base_url, to_ask, jobs=max(1, min(options.jobs, len(to_ask))), rate=options.rate, report=report)
    _stop_on_signals(run)

    jobs = run.start()
    problem: BaseException | None = None
    next_sync = time.monotonic() + 1
    while jobs:
        try:
            event = run.events.get(timeout=max(0.0, next_sync - time.monotonic()))
        except queue.Empty:
            event = None
        try:
            if isinstance(event, Row):
                progress.count(event.status in done_statuses)
                _print(event, event.status in done_statuses, progress, as_json=options.json)
            elif isinstance(event, Paused):
                progress.say(f"okdok: rate limited, waiting {event.seconds:g} s", sys.stderr)
            elif isinstance(event, Signalled):
                run.stop()
                progress.say("okdok: stopping; calls under way finish (again: leave at once)", sys.stderr)
            elif isinstance(event, Ended):
                jobs -= 1
                if event.problem is not None:
                    raise event.problem
            if time.monotonic() >= next_sync:
                next_sync = time.monotonic() + 1
                progress.tick()
                if report is not None:
                    report.sync()
        except BrokenPipeError:
            _write_to_nobody()
            run.stop()
        except BaseException as raised:  # noqa: BLE001 # calls under way still have to be written down
            problem = problem or raised
            run.stop()
    if report is not None and problem is None:
        report.sync()
    progress.close()
    if problem is not None:
        raise problem
    if progress.done + progress.failed < len(ids):
        return STOPPED
    return SOME_FAILED if progress.failed else DONE


def _stop_on_signals(run: Run) -> None:
    signalled = False

    def handler(_number: int, _frame: FrameType | None) -> None:
        nonlocal signalled
        if signalled:
            os._exit(STOPPED)
        signalled = True
        run.events.put(Signalled())

    for number in (signal.SIGINT, signal.SIGTERM):
        # A shell starts background jobs with Ctrl-C ignored.
        if signal.getsignal(number) != signal.SIG_IGN:
            signal.signal(number, handler)


def _write_to_nobody() -> None:
    """Gives up a stream whose reader has gone, so that neither the next line nor the exit fails on it."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:
            nobody = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nobody, stream.fileno())
            os.close(nobody)


def _print(row: Row, done: bool, progress: Progress, *, as_json: bool) -> None:
    if as_json:
        progress.say(row.to_json(), sys.stdout)
    elif done:
        words = {"OK": "deleted", "PRESUMED_DELETED": "presumed deleted", "NOT_FOUND": "missing"}
        progress.say(f"{words[row.status]} {row.id}", sys.stdout)
    else:
        unknown = " (it may have been deleted)" if row.outcome_unknown else ""
        progress.say(f"{_printable(row.id)}: {row.status}{unknown}: {row.message}", sys.stderr)


def _printable(signature_request_id: str) -> str:
    # A refused id may hold anything, terminal controls too.
    return signature_request_id if signature_request_id.isprintable() else ascii(signature_request_id)
