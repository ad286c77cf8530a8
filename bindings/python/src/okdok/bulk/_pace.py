"""When the next call may start: at most so many a second, none while the service asks to wait."""

from __future__ import annotations

import threading
import time


class Pace:
    """Shared by all jobs.

    :param rate: calls a second at most; ``None`` = no limit.
    """

    def __init__(self, rate: float | None) -> None:
        self._interval = 1 / rate if rate else 0.0
        self._next = 0.0
        self._stopped = False
        self._changed = threading.Condition()

    def wait(self) -> bool:
        """Blocks until a call may start; False when none may any more."""
        with self._changed:
            while not self._stopped:
                now = time.monotonic()
                if self._next <= now:
                    self._next = now + self._interval
                    return True
                self._changed.wait(min(self._next - now, threading.TIMEOUT_MAX))
            return False

    def pause(self, seconds: float) -> None:
        """No call starts for so long."""
        with self._changed:
            self._next = max(self._next, time.monotonic() + seconds)

    def stop(self) -> None:
        """No call starts any more."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
