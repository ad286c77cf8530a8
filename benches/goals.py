"""What the figures should be, and whether they are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from measures import Results


class Verdict(NamedTuple):
    what: str
    ours: str
    theirs: str
    figure: float
    sign: str
    goal: float

    @property
    def met(self) -> bool:
        # As shown: to the hundredth, below which nothing here can be repeated.
        figure = round(self.figure, 2)
        return figure <= self.goal if self.sign == "≤" else figure >= self.goal


C, PYTHON, DOTNET = "C okdok", "Python okdok", ".NET okdok"
LIBCURLS = ("C libcurl/OpenSSL", "C libcurl/GnuTLS")
PYCURL, REQUESTS, HTTPX, HTTPCLIENT = "Python pycurl", "Python requests", "Python httpx", ".NET HttpClient"
REQWEST = "Rust reqwest::blocking"

# A measure, its unit, okdok's client, the clients of which the best is compared with it, how, and the goal.
# faster: theirs divided by ours. ratio: ours divided by theirs. rate: the same, but more is better. alone: just ours.
GOALS: tuple[tuple[str, str, str, Sequence[str], str, float], ...] = (
    ("first deletion", "ms", C, LIBCURLS[:1], "faster", 7.0),
    ("first deletion", "ms", C, LIBCURLS[1:], "faster", 3.8),
    ("first deletion", "ms", PYTHON, (PYCURL,), "faster", 1.0),
    ("first deletion", "ms", PYTHON, (REQUESTS,), "faster", 3.0),
    ("first deletion", "ms", PYTHON, (HTTPX,), "faster", 3.0),
    ("first deletion", "ms", DOTNET, (HTTPCLIENT,), "faster", 2.5),
    ("peak memory", "MiB", C, LIBCURLS, "ratio", 0.4),
    ("peak memory", "MiB", PYTHON, (PYCURL, REQUESTS, HTTPX), "ratio", 1.0),
    ("peak memory", "MiB", DOTNET, (HTTPCLIENT,), "ratio", 1.0),
    ("5 ms, threads: 1", "µs", C, LIBCURLS, "ratio", 1.02),
    ("20 ms, threads: 1", "µs", C, LIBCURLS, "ratio", 1.01),
    ("5 ms, threads: 16", "µs", C, LIBCURLS, "ratio", 1.05),
    ("20 ms, threads: 16", "µs", C, LIBCURLS, "ratio", 1.02),
    *((measure, "µs", C, (REQWEST,), "ratio", 1.03) for measure in ("HTTP", "CPU, HTTP", "HTTPS", "CPU, HTTPS")),
    ("HTTP", "µs", PYTHON, (PYCURL,), "ratio", 1.05),
    *((measure, "µs", PYTHON, (REQUESTS,), "faster", 3.0) for measure in ("HTTP", "HTTPS")),
    *((measure, "µs", PYTHON, (HTTPX,), "faster", 2.0) for measure in ("HTTP", "HTTPS")),
    *((measure, "µs", DOTNET, (HTTPCLIENT,), "ratio", 1.0) for measure in ("CPU, HTTP", "CPU, HTTPS")),
    ("10,000 ids, 16 jobs, 5 ms", "/s", PYTHON, (C,), "rate", 0.95),
    *(
        (f"{what}, {roots}", unit, C, (), "alone", most)
        for roots in ("system roots", "CA file")
        for what, unit, most in (("second client", "µs", 100.0), ("client after the last", "µs", 100.0))
    ),
    *((f"bytes per client, {roots}", "B", C, (), "alone", 4096.0) for roots in ("system roots", "CA file")),
    ("library", "MiB", C, (), "alone", 3.0),
)


def verdicts(results: Results) -> list[Verdict]:
    """Of the goals whose contenders are here."""
    judged = []
    for measure, unit, ours, beside, kind, goal in GOALS:
        there = [name for name in beside if results.has(measure, name)]
        if not results.has(measure, ours) or (beside and not there):
            continue
        figure = results.of(measure, ours)
        theirs, best = min(((results.of(measure, name), name) for name in there), default=(1.0, ""))
        judged.append(
            Verdict(
                what=f"{ours.split()[0]}: {measure}" + (", times faster" if kind == "faster" else ""),
                ours=f"{figure:,.1f} {unit}",
                theirs=f"{theirs:,.1f} {unit} ({best.split(' ', 1)[1]})" if best else "",
                figure=theirs / figure if kind == "faster" else figure / theirs,
                sign="≥" if kind in ("faster", "rate") else "≤",
                goal=goal,
            )
        )
    return judged
