"""The command ``okdok``."""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Sequence

from .. import OkdokError, __version__, library_path, library_version
from . import _check, _delete, _streams, _summary
from ._exit import Exit
from ._input import InputError
from ._report import ReportError

_EXIT_CODES = f"""\
exit codes:
  {Exit.DONE:<3}  every id is done: deleted, presumed deleted, or missing with --missing-ok
  {Exit.NOT_ALL:<3}  at least one id failed
  {Exit.REFUSED:<3}  refused or aborted: wrong usage, no key, no library, invalid ids, a full disk
  {Exit.NO_POINT:<3}  given up: the key was refused, or too many calls failed in a row
  {Exit.STOPPED:<3}  stopped before all ids were processed: by a signal, or because nobody reads the output

After the first Ctrl-C, SIGTERM or SIGHUP, calls under way finish and are recorded; the second exits at once.
"""
_ENVIRONMENT = """\
OKDOK_BASE_URL is the URL of the service, OKDOK_API_KEY the key, or OKDOK_API_KEY_FILE a file with the key.
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs the command and returns its exit code."""
    stdin = _streams.set_up()
    options = _parser().parse_args(arguments)
    try:
        code: Exit = options.run(options, None if stdin is None else stdin.buffer)
        sys.stdout.flush()
    except (OkdokError, ReportError, InputError, ImportError) as problem:
        _streams.say(f"okdok: {problem}")
        code = Exit.REFUSED
    except BrokenPipeError:
        code = Exit.STOPPED
    except OSError as problem:
        _streams.say(f"okdok: the output cannot be written: {problem}")
        code = Exit.REFUSED
    except KeyboardInterrupt:
        code = Exit.STOPPED
    _streams.give_up_broken_ones()
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="okdok", description="Deletes OKdokument signature requests.")
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", required=True)

    delete = commands.add_parser(
        "delete",
        help="delete signature requests",
        description="Deletes signature requests, one id or ten million.",
        epilog=_EXIT_CODES + _ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    delete.set_defaults(run=_delete.run)
    delete.add_argument("ids", metavar="ID", nargs="+", help="an id, or - for ids from standard input, one per line")
    _service(delete)
    delete.add_argument("--csv", metavar="COLUMN", help="standard input is CSV with a header; the ids are in COLUMN")
    delete.add_argument("--skip-invalid", action="store_true", help="skip ids that would be refused")
    delete.add_argument("--json", action="store_true", help="print a line with a JSON object for each id")
    delete.add_argument("-v", "--verbose", action="store_true", help="print a line for each id on a terminal, too")
    delete.add_argument("--dry-run", action="store_true", help="check every id and the options, but send nothing")
    delete.add_argument("--missing-ok", action="store_true", help='count "does not exist" as done')
    delete.add_argument("--jobs", metavar="N", type=_jobs, default=8, help="number of calls at once (default: 8)")
    delete.add_argument("--rate", metavar="N", type=_rate, help="maximum calls per second (default: no limit)")
    delete.add_argument(
        "--max-failures", metavar="N", type=_count, default=20,
        help="give up after N calls in a row that say nothing about their ids (default: 20; 0: never)",
    )  # fmt: skip
    delete.add_argument("--report", metavar="FILE", help="write the outcome of each id to FILE as soon as it is known")
    delete.add_argument("--resume", action="store_true", help="continue the report of an earlier run")

    summary = commands.add_parser(
        "summary",
        help="show what is in a report",
        description="Counts the ids of a report by status, and lists those that failed or are unknown, and why.",
    )
    summary.set_defaults(run=_summary.run)
    summary.add_argument("report", metavar="FILE", help="a report written by okdok delete --report FILE")
    summary.add_argument("--csv", action="store_true", help="print one row per id, as CSV for a spreadsheet")

    check = commands.add_parser(
        "check",
        help="show how far a call gets",
        description="Asks the service to delete a random id, which cannot exist, and shows how far the call got.\n"
        f"The exit code is {Exit.DONE} only if all is well, else {Exit.NOT_ALL}.",
        epilog=_ENVIRONMENT,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    check.set_defaults(run=_check.run)
    _service(check)
    check.add_argument("--json", action="store_true", help="print a JSON object")
    return parser


def _service(command: argparse.ArgumentParser) -> None:
    command.add_argument("--base-url", metavar="URL", help="URL of the service, instead of OKDOK_BASE_URL")
    command.add_argument("--api-key-file", metavar="FILE", help="file with the key, instead of the environment")


class _Version(argparse.Action):
    """Prints the versions of the package and of the library, which may differ in a development build."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="print the versions of the package and the library")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        try:
            library = f"{library_version()}, {library_path()}"
        except ImportError as problem:
            parser.exit(Exit.REFUSED, f"okdok {__version__}\n{problem}\n")
        print(f"okdok {__version__} (library {library})")
        parser.exit()


def _jobs(text: str) -> int:
    if not (text.isdecimal() and 1 <= int(text) <= 1000):
        raise argparse.ArgumentTypeError("must be a whole number from 1 to 1000")
    return int(text)


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError("must be a whole number, 0 or more")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not 0 < rate < math.inf:
        raise argparse.ArgumentTypeError("must be a number above 0")
    return rate
