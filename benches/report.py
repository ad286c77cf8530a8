"""RESULTS.md and its plot."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import datetime, timezone
from pathlib import Path

from contenders import BUILT, CONTENDERS, PYTHON, ROOT
from goals import Verdict
from measures import DELAYS, FIRST_PARTS, THREADS, Results

_HERE = Path(__file__).resolve().parent

_MET = {True: "met", False: "**missed**"}

_HEAD = """\
# Measured

Written by `make bench REPORT=1` on {day:%d %B %Y}; {met} of {all} goals met. [CAUSES.md](CAUSES.md) says why the others
are not, and what okdok costs where no goal is set.

Each figure is the median of interleaved runs against one nginx on the same machine, which shares its processors with
the client. First deletions and delayed ones use HTTPS, which trusts the system's roots and a private CA, read from one
file. Each client checks the status and the body. libcurl and pycurl reuse one easy handle (one for each thread), the
others a session or client. A first deletion is timed from the start of the process, loading and imports included.
Figures are compared with their goals to the hundredth. "5 ms" is a forwarder that holds each answer until 5 ms after
its request.
"""


def write(results: Results, verdicts: Sequence[Verdict], rounds: int, load: float) -> None:
    met = sum(verdict.met for verdict in verdicts)
    c = [contender.key for contender in CONTENDERS if contender.language == "C"]
    everyone = [contender.key for contender in CONTENDERS]
    columns = [
        "first deletion",
        "peak memory",
        *(f"{cpu}{name}" for name in ("HTTP", "HTTPS") for cpu in ("", "CPU, ")),
    ]
    delayed = [f"{cpu}{delay} ms, threads: {n}" for delay in DELAYS for n in THREADS for cpu in ("", "CPU, ")]
    goals = (
        f"| {v.what} | {v.ours} | {v.theirs} | {v.figure:,.2f} | {v.sign} {v.goal:g} | {_MET[v.met]} |"
        for v in verdicts
    )
    text = [
        _HEAD.format(day=datetime.now(timezone.utc), met=met, all=len(verdicts)),
        "## Machine\n",
        *(f"* {line}" for line in _machine(rounds, load)),
        "\n## Goals\n",
        "| | okdok | beside it | figure | goal | |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        *goals,
        "\n## What the time of a first deletion goes to\n\nIn ms, in C. The second deletion is not part of it.\n",
        *_table(results, c, FIRST_PARTS, "{:.2f}"),
        f"\nWith the system's roots okdok's client takes {results.of('first client, system roots', c[0]):,.0f} µs.",
        "\n## All clients\n\nFirst deletion in ms, memory in MiB, a deletion on an open connection in µs.\n",
        *_table(results, everyone, columns, "{:,.1f}"),
        "\nBehind a delay, in µs.\n",
        *_table(results, c, delayed, "{:,.0f}"),
        "\nAn awaited call in .NET after another client's 256 calls were cancelled, in ms.\n",
        *_table(results, [key for key in everyone if key.startswith(".NET")], ["cancelled"], "{:.1f}"),
        "\n![First deletion of a process](first.svg)",
    ]
    (_HERE / "RESULTS.md").write_text("\n".join(text) + "\n")
    firsts = {key: results.of("first deletion", key) for key in everyone if results.has("first deletion", key)}
    (_HERE / "first.svg").write_text(_bars("First deletion of a process over HTTPS, start included", "ms", firsts))


def _table(results: Results, contenders: Sequence[str], measures: Sequence[str], shown: str) -> list[str]:
    lines = ["| | " + " | ".join(measures) + " |", "| --- |" + " ---: |" * len(measures)]
    for key in contenders:
        cells = [shown.format(results.of(name, key)) if results.has(name, key) else "" for name in measures]
        lines.append(f"| {key} | " + " | ".join(cells) + " |")
    return lines


def _bars(title: str, unit: str, rows: dict[str, float]) -> str:
    """One bar a row; less is better. okdok's own rows stand out."""
    width, left, scale = 760, 190, 460 / max(rows.values())
    parts = []
    for number, (name, value) in enumerate(rows.items()):
        y, colour = 46 + 26 * number, "#c2410c" if name.endswith("okdok") else "#94a3b8"
        parts.append(
            f'<text x="{left - 8}" y="{y + 14}" text-anchor="end">{name}</text>'
            f'<rect x="{left}" y="{y}" width="{value * scale:.1f}" height="19" fill="{colour}"/>'
            f'<text x="{left + value * scale + 6:.1f}" y="{y + 14}">{value:,.1f} {unit}</text>'
        )
    height = 56 + 26 * len(rows)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" '
        f'font-size="13">\n<title>{title}</title>\n<rect width="{width}" height="{height}" fill="white"/>\n'
        f'<text x="16" y="26" font-size="16" font-weight="bold">{title}</text>\n' + "\n".join(parts) + "\n</svg>\n"
    )


def _machine(rounds: int, load: float) -> list[str]:
    processor = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    system = re.search(r'PRETTY_NAME="(.*)"', Path("/etc/os-release").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    virtual = " (a virtual machine)" if "hypervisor" in Path("/proc/cpuinfo").read_text() else ""
    installed = (
        "import importlib.metadata as m, platform; print('Python ' + platform.python_version(), "
        "*[f'{name} {m.version(name)}' for name in ('pycurl', 'requests', 'httpx')], sep=', ')"
    )
    versions = [
        _first_line("nginx", "-v"),
        *(_first_line(str(program), "version") for program in sorted(BUILT.glob("c-libcurl-*"))),
        _first_line(PYTHON, "-c", installed),
        ".NET SDK " + _first_line("dotnet", "--version"),
    ]
    return [
        f"{processor.group(1) if processor else platform.machine()}, {os.cpu_count()} processors, {memory:.1f} GiB, "
        f"{platform.system()} {platform.release().partition('-')[0]}{virtual}, {system.group(1) if system else ''}",
        f"load before the start {load:.2f}, {rounds} rounds",
        "okdok " + _first_line("git", "-C", str(ROOT), "describe", "--always", "--dirty"),
        "; ".join(versions),
    ]


def _first_line(*command: str) -> str:
    try:
        environment = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin"}
        done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    except (OSError, subprocess.CalledProcessError):
        return "missing"
    return (done.stdout or done.stderr).strip().split("\n")[0]
