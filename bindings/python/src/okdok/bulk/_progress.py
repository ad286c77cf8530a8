"""How far a run is: a bar on a terminal that has tqdm, else a plain line now and then."""

from __future__ import annotations

import sys
import time
from typing import Any, TextIO

_SECONDS_BETWEEN_LINES = 10.0


class Progress:
    """Counts outcomes and shows them on standard error; nothing at all for a single id."""

    def __init__(self, total: int, *, done: int = 0, failed: int = 0) -> None:
        self.done = done
        self.failed = failed
        self._total = total
        self._before = done + failed
        self._began = self._last_line = time.monotonic()
        self._bar: Any = None
        tqdm = _tqdm() if total > 1 and sys.stderr and sys.stderr.isatty() else None
        if tqdm is not None:
            self._bar = tqdm.tqdm(total=total, initial=self._before, unit=" ids", dynamic_ncols=True)
            self._show_failed()

    def count(self, done: bool) -> None:
        """One more id has its outcome."""
        self.done += done
        self.failed += not done
        if self._bar is not None:
            self._bar.update()
            self._show_failed()

    def tick(self) -> None:
        """To be called about once a second."""
        now = time.monotonic()
        if self._bar is not None:
            self._bar.refresh()
        elif self._total > 1 and now - self._last_line >= _SECONDS_BETWEEN_LINES:
            self._last_line = now
            print(self._line(), file=sys.stderr, flush=True)

    def say(self, line: str, stream: TextIO) -> None:
        """Prints a line without tearing the bar."""
        if self._bar is not None:
            self._bar.write(line, file=stream)
            stream.flush()
        else:
            print(line, file=stream, flush=True)

    def close(self) -> None:
        """Removes the bar and prints the totals."""
        if self._bar is not None:
            self._bar.close()
        if self._total > 1:
            print(self._line(), file=sys.stderr, flush=True)

    def _show_failed(self) -> None:
        self._bar.set_postfix_str(f"done {self.done}, failed {self.failed}", refresh=False)

    def _line(self) -> str:
        asked = self.done + self.failed
        rate = (asked - self._before) / max(time.monotonic() - self._began, 1e-3)
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
