"""``okdok summary``: shows what is in a report."""

from __future__ import annotations

import argparse
import collections
import csv
import sys
from collections.abc import Iterator
from typing import Any, BinaryIO

from .. import Status
from . import _streams
from ._exit import Exit
from ._outcome import digest, digest_of_bytes
from ._report import ReportError, maybe_deleted, read_known, row_in

_DONE = (Status.OK.name, Status.PRESUMED_DELETED.name)
_COLUMNS = ("id", "status", "outcome_unknown", "http_status", "attempts", "elapsed", "time", "service_code", "message")
_NO_ROW = {"status": "", "message": "its call was under way when the process ended; --resume tries it again"}


def run(options: argparse.Namespace, _stdin: BinaryIO | None) -> Exit:
    try:
        outcomes = _outcomes(options.report)
        if options.csv:
            table = csv.writer(sys.stdout, lineterminator="\n")
            table.writerow(_COLUMNS)
            table.writerows([row.get(column, "") for column in _COLUMNS] for row in outcomes)
        else:
            _tell(options.report, outcomes)
    except FileNotFoundError as problem:
        raise ReportError(f"{problem.filename} does not exist") from None
    return Exit.DONE


def _tell(path: str, outcomes: Iterator[dict[str, Any]]) -> None:
    statuses: collections.Counter[str] = collections.Counter()
    to_look_at: dict[bool, list[str]] = {True: [], False: []}
    for row in outcomes:
        unknown, status = row["outcome_unknown"], row["status"] or "no outcome"
        statuses[status] += 1
        if unknown or status not in _DONE:
            to_look_at[unknown].append(_streams.printable(f"  {row['id']}: {status}: {row['message']}"))
    print(f"{path}: {sum(statuses.values())} ids")
    for status, count in statuses.most_common():
        print(f"{count:>9}  {status}")
    for unknown, title in ((True, "unknown, may have been deleted"), (False, "failed")):
        if to_look_at[unknown]:
            print(f"{title}: {len(to_look_at[unknown])}", *to_look_at[unknown], sep="\n")


def _outcomes(path: str) -> Iterator[dict[str, Any]]:
    """The last row of each id, with ``outcome_unknown`` as ``--resume`` would see it; then the ids without a row."""
    with open(f"{path}.started", "rb") as started, open(path, "rb") as rows:
        known = read_known(started, rows, path)
        last: dict[bytes, int] = {}
        rows.seek(0)
        for number, row in enumerate(_whole_rows(rows, path)):
            last[digest(row["id"])] = number
        rows.seek(0)
        for number, row in enumerate(_whole_rows(rows, path)):
            key = digest(row["id"])
            if last[key] == number:
                yield {**row, "outcome_unknown": maybe_deleted(known[key])}
        started.seek(0)
        for line in started:
            key = digest_of_bytes(line[:-1])
            if key not in last and line.endswith(b"\n"):
                last[key] = 0
                yield {**_NO_ROW, "id": line[:-1].decode(errors="replace"), "outcome_unknown": True}


def _whole_rows(rows: BinaryIO, path: str) -> Iterator[dict[str, Any]]:
    for number, line in enumerate(rows, 1):
        # A last line without an end is torn or still being written.
        if line.endswith(b"\n"):
            yield row_in(line, path, number)
