"""Awaiting a blocking call on daemon threads.

The default executor is not for this: it is small, ``getaddrinfo`` needs it too, and both ``asyncio.run`` and the
interpreter's exit wait for it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import threading
from typing import Callable, TypeVar

from ._errors import NoResourcesError

T = TypeVar("T")


class _Threads:
    """Up to ``limit`` threads that live while there is work; the rest is queued."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.reset()

    def reset(self) -> None:
        """Forgets everything: a forked child has none of its parent's threads, and maybe a lock held by one."""
        self._lock = threading.Lock()
        self._queue: collections.deque[Callable[[], None]] = collections.deque()
        self._running = 0

    def submit(self, job: Callable[[], None]) -> None:
        with self._lock:
            self._queue.append(job)
            if self._running == self._limit:
                return
            self._running += 1
        try:
            threading.Thread(target=self._work, name="okdok", daemon=True).start()
        except RuntimeError as problem:
            with self._lock:
                self._running -= 1
                # Another thread comes to it, or has already.
                if self._running or job not in self._queue:
                    return
                self._queue.remove(job)
            raise NoResourcesError(f"no thread could be started: {problem}") from problem

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._running -= 1
                    return
                job = self._queue.popleft()
            job()
            # Else an idle moment would keep the last call's client alive.
            del job


_threads = _Threads(64)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_threads.reset)


async def in_thread(call: Callable[[], T]) -> T:
    """The result of ``call``. Cancelled in the queue, it is never called; cancelled later, its result is dropped."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(result: T | None, problem: BaseException | None) -> None:
        if future.done():
            return
        if problem is not None:
            future.set_exception(problem)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def job() -> None:
        # A task's cancel() marks the future at once, so whatever is cancelled while queued is seen here.
        if future.cancelled():
            return
        result, problem = None, None
        try:
            result = call()
        except BaseException as raised:  # noqa: BLE001 # whatever it was belongs to the awaiting task
            problem = raised
        # A loop that is closed: nobody waits any more.
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(settle, result, problem)

    _threads.submit(job)
    return await future
