"""What is measured. Rounds are interleaved, so that a busy moment of the machine meets every client alike."""

from __future__ import annotations

import os
import socket
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence

from contenders import BUILT, CONTENDERS, LIBRARY, PYTHON, Contender, environment
from service import Service

# Seconds that a client deletes for in one round.
SLICE = 0.5
# Milliseconds that a network and the service add, and how many threads then call at once.
DELAYS = (5, 20)
THREADS = (1, 16)
IDS = 10_000
FIRST_PARTS = ("start of the process, loading of libraries", "making the client", "the deletion", "a second deletion")
CLIENTS = ("first client", "second client", "client after the last", "bytes per client")


class Results:
    """Figures by measure and contender, one for each round; what counts is the median."""

    def __init__(self) -> None:
        self._rounds: defaultdict[tuple[str, str], list[float]] = defaultdict(list)

    def add(self, measure: str, contender: str, value: float) -> None:
        self._rounds[measure, contender].append(value)

    def has(self, measure: str, contender: str) -> bool:
        return (measure, contender) in self._rounds

    def of(self, measure: str, contender: str) -> float:
        return statistics.median(self._rounds[measure, contender])


def measure(service: Service, rounds: int) -> Results:
    results = Results()
    in_c = _of("C")
    for language in ("C", "Python", ".NET"):
        _say(f"first deletions, {language}")
        # Those of C are short, so more of them cost little.
        for contender in _interleaved(_of(language), 3 * rounds if language == "C" else rounds):
            _first(results, contender, service)
    for name, url in (("HTTP", service.http), ("HTTPS", service.https)):
        _warm(results, name, url, service, CONTENDERS, rounds)
    for delay in DELAYS:
        for threads in THREADS:
            name = f"{delay} ms, threads: {threads}"
            _warm(results, name, service.delayed[delay], service, in_c, rounds, threads)
    _bulk(results, service, rounds)
    _cancelled(results, service, rounds)
    _say("more clients")
    for _ in range(rounds):
        for roots, ca_file in (("system roots", ""), ("CA file", str(service.ca_file))):
            figures = _numbers(in_c[0], service, "more", service.https, ca_file)
            for name, figure, unit in zip(CLIENTS, figures, (1000, 1000, 1000, 1)):
                results.add(f"{name}, {roots}", "C okdok", figure / unit)
    results.add("library", "C okdok", LIBRARY.stat().st_size / 2**20)
    return results


def _of(language: str) -> list[Contender]:
    return [contender for contender in CONTENDERS if contender.language == language]


def _say(what: str) -> None:
    print(f"measuring {what}", file=sys.stderr, flush=True)


def _interleaved(contenders: Sequence[Contender], rounds: int) -> Iterator[Contender]:
    """Each contender once a round, and each first in its turn."""
    for number in range(rounds):
        first = number % max(len(contenders), 1)
        yield from (*contenders[first:], *contenders[:first])


def _settings(contender: Contender, service: Service) -> dict[str, str]:
    return environment(SSL_CERT_FILE=str(service.ca_file)) if contender.language == ".NET" else environment()


def _numbers(contender: Contender, service: Service, *arguments: str) -> list[int]:
    command = [*contender.command, *arguments]
    done = subprocess.run(command, env=_settings(contender, service), stdout=subprocess.PIPE, check=True)
    return [int(word) for word in done.stdout.split()]


def _first(results: Results, contender: Contender, service: Service) -> None:
    command = (*contender.command, "first", service.https, str(service.ca_file))
    (asleep, awake), (output, written) = os.pipe(), os.pipe()
    actions = [(os.POSIX_SPAWN_DUP2, asleep, 0), (os.POSIX_SPAWN_DUP2, written, 1)]
    began = time.monotonic_ns()
    child = os.posix_spawn(command[0], command, _settings(contender, service), file_actions=actions)
    os.close(written)
    deleted = os.read(output, 1) == b"d"
    took = (time.monotonic_ns() - began) / 1e6
    # The peak of the program itself: rusage would count what was there before exec.
    with open(f"/proc/{child}/status") as status:
        peak = next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
    for end in (asleep, awake):
        os.close(end)
    with open(output) as rest:
        parts = [int(word) / 1e6 for word in rest.read().split()[1:]]
    if os.waitpid(child, 0)[1] != 0 or not deleted:
        sys.exit(f"{contender.key}: no first deletion")
    results.add("first deletion", contender.key, took)
    results.add("peak memory", contender.key, peak / 1024)
    for name, part in zip(FIRST_PARTS, [took - sum(parts[:2]), *parts] if parts else []):
        results.add(name, contender.key, part)


def _warm(
    results: Results, name: str, url: str, service: Service, among: Sequence[Contender], rounds: int, threads: int = 1
) -> None:
    _say(name)
    for contender in _interleaved(among, rounds):
        deletions, took, cpu = _numbers(contender, service, "warm", url, str(service.ca_file), str(SLICE), str(threads))
        results.add(name, contender.key, took * threads / deletions / 1000)
        results.add(f"CPU, {name}", contender.key, cpu / deletions / 1000)


def _bulk(results: Results, service: Service, rounds: int) -> None:
    _say("bulk")
    command = [PYTHON, "-m", "okdok", "delete", "-", "--jobs", "16", "--base-url", service.delayed[5]]
    settings = environment(OKDOK_API_KEY="bench-key", SSL_CERT_FILE=str(service.ca_file))
    ids = BUILT / "ids"
    ids.write_text("".join(f"{number:08x}-6658-443d-a716-446655440000\n" for number in range(IDS)))
    for _ in range(min(rounds, 5)):
        began = time.monotonic()
        with ids.open() as listed:
            subprocess.run(command, env=settings, stdin=listed, stdout=subprocess.DEVNULL, check=True)
        results.add("10,000 ids, 16 jobs, 5 ms", "Python okdok", IDS / (time.monotonic() - began))
        deletions, took, _ = _numbers(
            CONTENDERS[0], service, "warm", service.delayed[5], str(service.ca_file), "3", "16"
        )
        results.add("10,000 ids, 16 jobs, 5 ms", "C okdok", deletions / took * 1e9)


def _cancelled(results: Results, service: Service, rounds: int) -> None:
    _say("cancelled calls")
    # The system accepts the connections, and nobody answers.
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        for contender in _interleaved(_of(".NET"), rounds):
            results.add(
                "cancelled", contender.key, _numbers(contender, service, "cancelled", url, service.http)[0] / 1e6
            )
