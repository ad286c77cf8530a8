"""RESULTS.md and its plots."""

from __future__ import annotations

import os
import platform
import re
import shutil
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

import plots
from contenders import BUILT, ROOT, Contender, python
from goals import Verdict
from measures import DELAY_MS, THREADS, Results

_HERE = Path(__file__).resolve().parent
# Written by hand: why goals are missed. Kept when the figures are written anew.
_CAUSES = _HERE / "CAUSES.md"
_MET = {True: "met", False: "**missed**"}

_HEAD = """\
# Measured

Written by `make bench REPORT=1` on {day:%d %B %Y}; {met} of {all} goals met.

Every figure is the median of interleaved runs against one nginx on the same machine, which shares its processors with
the client. HTTPS trusts the system's roots and a private CA, read from one file. Each client checks status and body.
libcurl and pycurl reuse one easy handle (one for each thread), requests and httpx a session. Figures are compared with
their goals to the hundredth. "+ {delay} ms" is a forwarder that holds each answer until so long after its request.
"""


def write(
    results: Results, contenders: Sequence[Contender], verdicts: Sequence[Verdict], rounds: int, load: float
) -> None:
    folder = _HERE / "plots"
    folder.mkdir(exist_ok=True)
    drawn = _plots(results, contenders)
    for name, (_, svg) in drawn.items():
        (folder / f"{name}.svg").write_text(svg)
    met = sum(verdict.met for verdict in verdicts)
    text = [
        _HEAD.format(day=datetime.now(timezone.utc), met=met, all=len(verdicts), delay=DELAY_MS),
        "## Machine\n",
        *(f"* {line}" for line in _machine(rounds, load)),
        "\n## Goals\n",
        "| | okdok | beside it | figure | goal | |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *(
            f"| {v.what} | {v.ours} | {v.theirs} | {v.figure:,.2f} | {v.sign} {v.goal:g} | {_MET[v.met]} |"
            for v in verdicts
        ),
        "\n## All figures\n",
        "Time and CPU time (user and system, of the whole process) of one deletion, one thread, in µs.\n",
        *_table(results, contenders),
        "\n## Plots\n",
        *(f"![{title}](plots/{name}.svg)" for name, (title, _) in drawn.items()),
    ]
    if _CAUSES.exists():
        text += ["", _CAUSES.read_text().rstrip()]
    (_HERE / "RESULTS.md").write_text("\n".join(text) + "\n")


def _table(results: Results, contenders: Sequence[Contender]) -> list[str]:
    columns = [
        f"{kind}{protocol}{delay}"
        for delay in ("", f" + {DELAY_MS} ms")
        for protocol in ("HTTP", "HTTPS")
        for kind in ("", "CPU, ")
    ]
    lines = ["| | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for contender in contenders:
        cells = [
            f"{results.of(column, contender.key):,.1f}" if results.has(column, contender.key) else ""
            for column in columns
        ]
        lines.append(f"| {contender.language}: {contender.name} | " + " | ".join(cells) + " |")
    return lines


def _plots(results: Results, contenders: Sequence[Contender]) -> dict[str, tuple[str, str]]:
    in_c = [contender for contender in contenders if contender.language == "C"]

    def bars(title: str, unit: str, measure: str, shown: Sequence[Contender]) -> tuple[str, str]:
        return title, plots.bars(title, unit, {c.key: results.of(measure, c.key) for c in shown})

    title = f"Deletions per second at {DELAY_MS} ms, in % of what is possible"
    series = {
        c.name: [results.of(f"threads {threads}", c.key) / threads * DELAY_MS / 10 for threads in THREADS] for c in in_c
    }
    return {
        "first": bars("Process start to first deletion, HTTPS", "ms", "first", in_c),
        "memory": bars("Peak memory of that process", "MiB", "memory", in_c),
        "warm": bars("A deletion on an open connection, HTTPS", "µs", "HTTPS", contenders),
        "cpu": bars("CPU time of a deletion, HTTPS", "µs", "CPU, HTTPS", contenders),
        "threads": (title, plots.lines(title, "threads", THREADS, series)),
    }


def _machine(rounds: int, load: float) -> list[str]:
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{processor.group(1) if processor else platform.machine()}, {os.cpu_count()} processors, {memory:.1f} GiB, "
        f"{platform.system()} {platform.release().partition('-')[0]}{_virtual()}, {system.group(1) if system else ''}",
        f"load before the start {load:.2f}, {rounds} rounds",
        "okdok " + _first_line(["git", "-C", str(ROOT), "describe", "--always", "--dirty"], "unknown"),
        "; ".join(_versions()),
    ]


def _virtual() -> str:
    return " (a virtual machine)" if "hypervisor" in Path("/proc/cpuinfo").read_text() else ""


def _versions() -> list[str]:
    installed = (
        "import importlib.metadata as m, platform; "
        "print('Python', platform.python_version(), *[f'{d.name} {d.version}' for d in m.distributions() "
        "if d.name.lower() in ('requests', 'urllib3', 'httpx', 'pycurl')], sep=', ')"
    )
    versions = [
        _first_line(["nginx", "-v"], ""),
        *(_first_line([str(program), "version"], "") for program in sorted(BUILT.glob("c-libcurl-*"))),
        _first_line([python(), "-c", installed], "").replace("Python, ", "Python "),
    ]
    if shutil.which("dotnet"):
        versions.append(".NET SDK " + _first_line(["dotnet", "--version"], ""))
    return [version for version in versions if version]


def _first_line(command: Sequence[str], otherwise: str) -> str:
    try:
        environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    except (OSError, subprocess.CalledProcessError):
        return otherwise
    return (done.stdout or done.stderr).strip().split("\n")[0]
