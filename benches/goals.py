"""What the figures should be, and whether they are."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from contenders import Contender
from measures import DELAY_MS, JOBS, THREADS, Results


@dataclass(frozen=True)
class Verdict:
    what: str
    ours: str
    theirs: str
    figure: float
    """A ratio, or the figure itself where there is nobody to compare with."""
    goal: float
    at_most: bool

    @property
    def met(self) -> bool:
        # As shown: to the hundredth, below which nothing here can be repeated.
        figure = round(self.figure, 2)
        return figure <= self.goal if self.at_most else figure >= self.goal

    @property
    def sign(self) -> str:
        return "≤" if self.at_most else "≥"


def verdicts(results: Results, contenders: Sequence[Contender]) -> list[Verdict]:
    names = {contender.key for contender in contenders}
    libcurls = [name for name in ("C libcurl/OpenSSL", "C libcurl/GnuTLS") if name in names]
    return [
        *_first_deletion(results, libcurls),
        *_warm(results, libcurls, names),
        *_threads(results, libcurls),
        *_alone(results),
    ]


def _best(results: Results, measure: str, names: Sequence[str], *, highest: bool = False) -> str:
    choose = max if highest else min
    return choose(names, key=lambda name: results.of(measure, name))


def _compared(
    results: Results, what: str, measure: str, unit: str, ours: str, theirs: str, *, times: float, slower: bool
) -> Verdict:
    """``slower``: okdok may take at most so many times theirs; else theirs takes at least so many times okdok's."""
    mine, other = results.of(measure, ours), results.of(measure, theirs)
    return Verdict(
        what=what,
        ours=f"{mine:,.1f} {unit}",
        theirs=f"{other:,.1f} {unit} ({theirs.split(' ', 1)[1]})",
        figure=mine / other if slower else other / mine,
        goal=times,
        at_most=slower,
    )


def _first_deletion(results: Results, libcurls: Sequence[str]) -> Iterator[Verdict]:
    for name, times in (("C libcurl/OpenSSL", 3.0), ("C libcurl/GnuTLS", 2.0)):
        if name in libcurls:
            yield _compared(
                results, "C: process start to first deletion, HTTPS: times faster", "first", "ms", "C okdok", name,
                times=times, slower=False,
            )  # fmt: skip
    if libcurls:
        smaller = _best(results, "memory", libcurls)
        yield _compared(
            results, "C: peak memory of that process", "memory", "MiB", "C okdok", smaller, times=0.5, slower=True
        )


def _warm(results: Results, libcurls: Sequence[str], names: set[str]) -> Iterator[Verdict]:
    for protocol in ("HTTP", "HTTPS"):
        if libcurls:
            yield _compared(
                results, f"C: a deletion, {protocol}", protocol, "µs", "C okdok",
                _best(results, protocol, libcurls), times=1.5, slower=True,
            )  # fmt: skip
        for other, times, slower in (
            ("Python pycurl", 1.0, True),
            ("Python requests", 3.0, False),
            ("Python httpx", 2.0, False),
            (".NET HttpClient", 1.0, True),
        ):
            if other in names:
                language = other.split(" ")[0]
                what = f"{language}: a deletion, {protocol}" + ("" if slower else ": times faster")
                yield _compared(results, what, protocol, "µs", f"{language} okdok", other, times=times, slower=slower)
    if not libcurls:
        return
    for protocol in ("HTTP", "HTTPS"):
        delayed = f"{protocol} + {DELAY_MS} ms"
        yield _compared(
            results, f"C: a deletion, {delayed}", delayed, "µs", "C okdok", _best(results, delayed, libcurls),
            times=1.03, slower=True,
        )  # fmt: skip
    for protocol in ("HTTP", "HTTPS", f"HTTP + {DELAY_MS} ms", f"HTTPS + {DELAY_MS} ms"):
        cpu = f"CPU, {protocol}"
        yield _compared(
            results, f"C: CPU time of a deletion, {protocol}", cpu, "µs", "C okdok", _best(results, cpu, libcurls),
            times=1.2, slower=True,
        )  # fmt: skip


def _threads(results: Results, libcurls: Sequence[str]) -> Iterator[Verdict]:
    for threads in THREADS:
        measure = f"threads {threads}"
        ours = results.of(measure, "C okdok")
        shown = f"{ours:,.0f} /s"
        if threads <= JOBS:
            possible = threads * 1000 / DELAY_MS
            yield Verdict(
                f"C, threads {threads}, at {DELAY_MS} ms, of what is possible", shown, f"{possible:,.0f} /s",
                ours / possible, 0.95, at_most=False,
            )  # fmt: skip
        if libcurls:
            best = _best(results, measure, libcurls, highest=True)
            theirs = results.of(measure, best)
            yield Verdict(
                f"C, threads {threads}, at {DELAY_MS} ms, of what libcurl does", shown,
                f"{theirs:,.0f} /s ({best.split(' ', 1)[1]})", ours / theirs, 1.0, at_most=False,
            )  # fmt: skip


def _alone(results: Results) -> Iterator[Verdict]:
    rate, possible = results.of("command line", "Python okdok"), JOBS * 1000 / DELAY_MS
    yield Verdict(
        f"Command line: 10,000 ids, --jobs {JOBS} at {DELAY_MS} ms, of what is possible", f"{rate:,.0f} /s",
        f"{possible:,.0f} /s", rate / possible, 0.9, at_most=False,
    )  # fmt: skip
    for roots in ("system roots", "CA file"):
        for what, unit, goal in (
            ("second client", "µs", 100.0),
            ("client after the last", "µs", 100.0),
            ("bytes per client", "B", 4096.0),
            ("descriptors and threads", "", 0.0),
        ):
            figure = results.of(f"{what}, {roots}", "C okdok")
            shown = f"{figure:,.1f} {unit}".strip()
            yield Verdict(f"C: {what}, {roots}", shown, "", figure, goal, at_most=True)
    size = results.of("size", "C okdok")
    yield Verdict("Stripped library", f"{size / 1e6:.2f} MB", "", size / 1e6, 3.0, at_most=True)
