"""What is measured. Rounds are interleaved, so that a busy moment of the machine meets every client alike."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Sequence

from contenders import BUILT, LIBRARY, OKDOK_PYTHON, Contender, environment, python
from service import Service

DELAY_MS = 5
THREADS = (1, 2, 4, 8, 16, 32)
JOBS = 16
IDS = 10_000
# Seconds that a client deletes for in one round.
SLICE = 0.5
DELAYED_SLICE = 1.0


class Results:
    """Figures by measure and contender, one for each round; what counts is the median."""

    def __init__(self) -> None:
        self._rounds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, measure: str, contender: str, value: float) -> None:
        self._rounds[measure, contender].append(value)

    def of(self, measure: str, contender: str) -> float:
        return statistics.median(self._rounds[measure, contender])

    def has(self, measure: str, contender: str) -> bool:
        return (measure, contender) in self._rounds


def measure(service: Service, contenders: Sequence[Contender], rounds: int) -> Results:
    results = Results()
    in_c = [contender for contender in contenders if contender.language == "C"]
    _first_deletion(results, service, in_c, rounds)
    for name, base_url in (("HTTP", service.http), ("HTTPS", service.https)):
        _warm(results, name, base_url, service, contenders, rounds, SLICE)
    for name, base_url in (("HTTP", service.delayed_http), ("HTTPS", service.delayed_https)):
        _warm(results, f"{name} + {DELAY_MS} ms", base_url, service, in_c, rounds, DELAYED_SLICE)
    _threads(results, service, in_c, rounds)
    _command_line(results, service, rounds)
    _more_clients(results, service, rounds)
    results.add("size", "C okdok", LIBRARY.stat().st_size)
    return results


def _say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)


def _interleaved(contenders: Sequence[Contender], rounds: int) -> list[Contender]:
    """Each contender once a round, and each first in its turn."""
    order: list[Contender] = []
    for number in range(rounds):
        first = number % len(contenders)
        order += [*contenders[first:], *contenders[:first]]
    return order


def _numbers(contender: Contender, *arguments: str, prefix: tuple[str, ...] = ()) -> list[int]:
    command = [*prefix, *contender.command, *arguments]
    done = subprocess.run(command, env=environment(contender.settings), stdout=subprocess.PIPE, check=True)
    return [int(word) for word in done.stdout.split()]


def _first_deletion(results: Results, service: Service, contenders: Sequence[Contender], rounds: int) -> None:
    _say("the first deletion of a process")
    # Short, so that more of them cost little.
    for contender in _interleaved(contenders, 3 * rounds):
        nanoseconds, kibibytes = _numbers(
            contender, "first", service.https, str(service.ca_file), prefix=(str(BUILT / "start"),)
        )
        results.add("first", contender.key, nanoseconds / 1e6)
        results.add("memory", contender.key, kibibytes / 1024)


def _warm(
    results: Results,
    name: str,
    base_url: str,
    service: Service,
    contenders: Sequence[Contender],
    rounds: int,
    seconds: float,
) -> None:
    _say(f"one thread, {name}")
    for contender in _interleaved(contenders, rounds):
        mode, threads = (("warm",), ("1",)) if contender.language == "C" else ((), ())
        deletions, nanoseconds, cpu = _numbers(contender, *mode, base_url, str(service.ca_file), str(seconds), *threads)
        results.add(name, contender.key, nanoseconds / deletions / 1000)
        results.add(f"CPU, {name}", contender.key, cpu / deletions / 1000)


def _threads(results: Results, service: Service, contenders: Sequence[Contender], rounds: int) -> None:
    for threads in THREADS:
        _say(f"threads: {threads}")
        for contender in _interleaved(contenders, rounds):
            deletions, nanoseconds, _ = _numbers(
                contender, "warm", service.delayed_http, str(service.ca_file), str(DELAYED_SLICE), str(threads)
            )
            results.add(f"threads {threads}", contender.key, deletions / nanoseconds * 1e9)


def _command_line(results: Results, service: Service, rounds: int) -> None:
    _say("the command line")
    ids = "".join(f"32f8628d-6658-443d-0000-{number:012x}\n" for number in range(IDS)).encode()
    command = [python(), "-m", "okdok", "delete", "-", "--jobs", str(JOBS), "--base-url", service.delayed_http]
    for _ in range(min(rounds, 5)):
        began = time.monotonic()
        subprocess.run(
            command,
            env=environment({**OKDOK_PYTHON, "OKDOK_API_KEY": "bench-key"}),
            input=ids,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        results.add("command line", "Python okdok", IDS / (time.monotonic() - began))


def _more_clients(results: Results, service: Service, rounds: int) -> None:
    _say("more clients")
    more_clients = Contender("okdok", "C", (str(BUILT / "more_clients"),))
    for _ in range(rounds):
        for roots, ca_file in (("system roots", ""), ("CA file", str(service.ca_file))):
            second, after_last, size, descriptors, threads = _numbers(more_clients, service.https, ca_file)
            results.add(f"second client, {roots}", "C okdok", second / 1000)
            results.add(f"client after the last, {roots}", "C okdok", after_last / 1000)
            results.add(f"bytes per client, {roots}", "C okdok", size)
            results.add(f"descriptors and threads, {roots}", "C okdok", descriptors + threads)
