"""The progress of a run: a bar on a terminal if tqdm is installed, otherwise a plain line now and then."""

from __future__ import annotations

import contextlib
import sys
import time
from typing import Any

_SECONDS_BETWEEN_LINES = 10.0
# Drawing the bar for each id would cost more than the call.
_SECONDS_BETWEEN_BARS = 0.1


class Progress:
    """Counts outcomes and shows the counts on standard error; shows nothing for a single id."""

    def __init__(self, total: int) -> None:
        self.done = 0
        self.failed = 0
        self.before = 0
        """How many of these are from an earlier run."""
        self._total = total
        self._began = self._shown = time.monotonic()
        self._bar: Any = None
        tqdm = _tqdm() if total > 1 and sys.stderr.isatty() else None
        if tqdm is not None:
            self._bar = tqdm.tqdm(total=total, unit=" ids", dynamic_ncols=True)

    def tick(self) -> None:
        """Must be called after each outcome, and about once a second while there is none."""
        now = time.monotonic()
        if self._bar is not None:
            if now - self._shown >= _SECONDS_BETWEEN_BARS:
                self._shown = now
                self._draw()
        elif self._total > 1 and now - self._shown >= _SECONDS_BETWEEN_LINES:
            self._shown = now
            self.say(self._line())

    def write(self, line: str) -> None:
        """Prints a line on standard error, without breaking the bar.

        :raises OSError: as ``print`` does.
        """
        if self._bar is not None:
            self._bar.write(line, file=sys.stderr)
        else:
            print(line, file=sys.stderr, flush=True)

    def say(self, line: str) -> None:
        """The same, but ignores errors, since they could not be reported."""
        with contextlib.suppress(OSError):
            self.write(line)

    def clear(self) -> None:
        """Removes the bar before a line is printed on standard output, which may be the same terminal."""
        if self._bar is not None:
            with contextlib.suppress(OSError):
                self._bar.clear()

    def close(self) -> None:
        """Removes the bar and prints the totals."""
        if self._bar is not None:
            self._draw()
            with contextlib.suppress(OSError):
                self._bar.close()
            self._bar = None
        if self._total > 1:
            self.say(self._line())

    def _draw(self) -> None:
        self._bar.initial, self._bar.n = self.before, self.done + self.failed
        self._bar.set_postfix_str(f"done {self.done}, failed {self.failed}", refresh=False)
        with contextlib.suppress(OSError):
            self._bar.refresh()

    def _line(self) -> str:
        asked = self.done + self.failed
        rate = (asked - self.before) / max(time.monotonic() - self._began, 1e-3)
        left = self._total - asked
        line = f"okdok: {self.done} done, {self.failed} failed of {self._total}, {rate:.1f} ids/s"
        if left and rate:
            minutes, seconds = divmod(round(left / rate), 60)
            line += f", {minutes}:{seconds:02} left"
        return line


def _tqdm() -> Any:
    try:
        import tqdm
    except ImportError:
        return None
    return tqdm
