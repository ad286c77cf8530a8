"""Measures okdok and what a user would pick instead: the same work, the same server, the same run."""

from __future__ import annotations

import argparse
import os
import signal
import sys

import report
from contenders import BUILT
from goals import verdicts
from measures import DELAYS, measure
from service import service


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--report", action="store_true", help="write RESULTS.md and its plot beside this program")
    parser.add_argument("--rounds", type=int, help="interleaved rounds (default: 5, for a report 11)")
    options = parser.parse_args()
    rounds = options.rounds or (11 if options.report else 5)
    # So that the servers end too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    load = os.getloadavg()[0]
    with service(BUILT / "service", BUILT / "delay", DELAYS) as running:
        results = measure(running, rounds)
    judged = verdicts(results)
    for verdict in judged:
        compared = f"{verdict.ours} : {verdict.theirs}" if verdict.theirs else verdict.ours
        met = "met" if verdict.met else "MISSED"
        print(f"{met:<7}{verdict.figure:>9.2f}  {verdict.sign} {verdict.goal:<7g} {verdict.what}  [{compared}]")
    if options.report:
        report.write(results, judged, rounds, load)


main()
