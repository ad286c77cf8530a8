"""Two kinds of SVG plot: bars and lines."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

_WIDTH = 760
_LEFT = 190
_OURS, _THEIRS = "#c2410c", "#94a3b8"
_COLOURS = (_OURS, "#1d4ed8", "#15803d")


def _svg(height: int, title: str, parts: Sequence[str]) -> str:
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" '
        f'font-size="13">\n<title>{html.escape(title)}</title>\n'
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>\n'
        f'<text x="16" y="26" font-size="16" font-weight="bold">{html.escape(title)}</text>\n{body}\n</svg>\n'
    )


def bars(title: str, unit: str, rows: Mapping[str, float]) -> str:
    """One bar a row; less is better. okdok's own rows stand out."""
    longest = max(rows.values())
    parts = []
    for number, (name, value) in enumerate(rows.items()):
        y = 46 + 26 * number
        width = value / longest * (_WIDTH - _LEFT - 110)
        colour = _OURS if name.endswith("okdok") else _THEIRS
        parts.append(
            f'<text x="{_LEFT - 8}" y="{y + 14}" text-anchor="end">{html.escape(name)}</text>'
            f'<rect x="{_LEFT}" y="{y}" width="{width:.1f}" height="19" fill="{colour}"/>'
            f'<text x="{_LEFT + width + 6:.1f}" y="{y + 14}">{value:,.1f} {unit}</text>'
        )
    return _svg(56 + 26 * len(rows), title, parts)


def lines(title: str, x_title: str, x: Sequence[int], series: Mapping[str, Sequence[float]]) -> str:
    """One line a series over evenly spaced ``x``, in percent."""
    height, top, bottom = 380, 60, 330

    def place(index: int, value: float) -> str:
        across = 70 + index * (_WIDTH - 240) / (len(x) - 1)
        return f"{across:.1f},{bottom - value / 100 * (bottom - top):.1f}"

    parts = [f'<line x1="70" y1="{bottom}" x2="{_WIDTH - 170}" y2="{bottom}" stroke="black"/>']
    for index, value in enumerate(x):
        across = place(index, 0).split(",")[0]
        parts.append(f'<text x="{across}" y="{bottom + 18}" text-anchor="middle">{value}</text>')
    for quarter in range(1, 5):
        y = bottom - quarter / 4 * (bottom - top)
        parts.append(
            f'<line x1="70" y1="{y}" x2="{_WIDTH - 170}" y2="{y}" stroke="#e2e8f0"/>'
            f'<text x="62" y="{y + 4}" text-anchor="end">{25 * quarter} %</text>'
        )
    parts.append(f'<text x="{_WIDTH / 2 - 50}" y="{bottom + 38}" text-anchor="middle">{html.escape(x_title)}</text>')
    for (name, values), colour, key in zip(series.items(), _COLOURS, range(len(series))):
        points = " ".join(place(index, value) for index, value in enumerate(values))
        y = top + 22 * key
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>'
            f'<line x1="{_WIDTH - 150}" y1="{y}" x2="{_WIDTH - 126}" y2="{y}" stroke="{colour}" stroke-width="3"/>'
            f'<text x="{_WIDTH - 120}" y="{y + 4}">{html.escape(name)}</text>'
        )
    return _svg(height, title, parts)
