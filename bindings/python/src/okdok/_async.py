"""Runs blocking calls on daemon threads and awaits them.

The default executor is unsuitable: it is small, ``getaddrinfo`` needs it too, and both ``asyncio.run`` and the exit of
the interpreter wait for it.
"""

from __future__ import annotations

import asyncio
import collections
import contextlib
import os
import threading
import time
import weakref

from ._client import Client
from ._errors import NoResourcesError, TimedOutError
from ._record import Deletion

AT_ONCE = 64
LEFT_BEHIND = 256
# By then, a call that began at once has returned. It keeps every call within its deadline plus a quarter of a second.
_GRACE = 0.15


class _Call:
    """One awaited call. Its fields are guarded by the lock of its ``_Calls``."""

    def __init__(self, client: Client, signature_request_id: str, timeout: float) -> None:
        self.client = client
        self.signature_request_id = signature_request_id
        self.timeout = timeout
        self.awaited = time.monotonic()
        self.loop = asyncio.get_running_loop()
        self.future: asyncio.Future[Deletion] = self.loop.create_future()
        self.begun = False
        self.given_up = False

    def run(self) -> tuple[Deletion | None, BaseException | None]:
        try:
            return self.client.delete_signature_request(self.signature_request_id), None
        except BaseException as raised:  # noqa: BLE001 # any exception goes to the awaiting task
            return None, raised

    def settle(self, result: Deletion | None, problem: BaseException | None) -> None:
        if self.future.done():
            return
        if problem is not None:
            self.future.set_exception(problem)
        else:
            self.future.set_result(result)  # type: ignore[arg-type]


class _Calls:
    """The calls of one client: up to ``AT_ONCE`` run on threads that live while there is work; others are queued."""

    def __init__(self) -> None:
        self.reset()
        _all.add(self)

    def reset(self) -> None:
        """Forgets everything: a forked child has none of its parent's threads, one of which may have held the lock."""
        self._lock = threading.Lock()
        self._queue: collections.OrderedDict[_Call, None] = collections.OrderedDict()
        self._active = 0
        self._threads = 0

    def begin(self, call: _Call) -> None:
        """Queues a call for a thread to run."""
        with self._lock:
            if self._active < AT_ONCE and self._threads >= AT_ONCE + LEFT_BEHIND:
                raise NoResourcesError(
                    f"{self._threads - self._active} calls that were cancelled or timed out are still under way; "
                    "nothing was sent",
                    outcome_unknown=False,
                )
            self._queue[call] = None
        try:
            self._start_threads()
        except RuntimeError as problem:
            with self._lock:
                # Another thread will run it, or already has.
                if self._active or call not in self._queue:
                    return
                del self._queue[call]
            raise NoResourcesError(f"no thread could be started: {problem}", outcome_unknown=False) from problem

    def give_up(self, call: _Call) -> None:
        """Drops a call that nobody awaits any more. Under way, it makes room for the next; queued, it is never sent."""
        with self._lock:
            self._queue.pop(call, None)
            if not call.begun or call.given_up:
                return
            call.given_up = True
            self._active -= 1
        # If no thread can be started, the queue waits until a running call returns.
        with contextlib.suppress(RuntimeError):
            self._start_threads()

    def expire(self, call: _Call) -> None:
        """Ends a call whose deadline passed before its native call returned, because that began late or not at all."""
        elapsed = time.monotonic() - call.awaited
        with self._lock:
            # From here on it cannot begin: a thread that is just taking it has either done so or will not find it.
            self._queue.pop(call, None)
            begun = call.begun
        if begun:
            problem = TimedOutError(
                f"the deadline of {call.timeout:g} s passed; the call had to wait for a thread and is still under way",
                attempts=1, outcome_unknown=True, elapsed=elapsed,
            )  # fmt: skip
        else:
            problem = TimedOutError(
                f"the deadline of {call.timeout:g} s passed before one of this client's {AT_ONCE} threads was free; "
                "nothing was sent. Await fewer calls at once, or use okdok.bulk for many ids",
                outcome_unknown=False, elapsed=elapsed,
            )  # fmt: skip
        call.settle(None, problem)

    def _start_threads(self) -> None:
        while True:
            with self._lock:
                call = self._next() if self._threads < AT_ONCE + LEFT_BEHIND else None
                if call is None:
                    return
                self._threads += 1
            try:
                threading.Thread(target=self._work, args=(call,), name="okdok", daemon=True).start()
            except BaseException:
                with self._lock:
                    self._threads -= 1
                    # Another loop's call may have been given up meanwhile; its place is free already.
                    if not call.given_up:
                        self._active -= 1
                        call.begun = False
                        self._queue[call] = None
                        self._queue.move_to_end(call, last=False)
                raise

    def _next(self) -> _Call | None:
        """Takes a call from the queue if one may begin. The caller holds the lock."""
        while self._queue and self._active < AT_ONCE:
            call, _ = self._queue.popitem(last=False)
            # A task's cancel() marks the future at once, so a call that was cancelled while queued is noticed here. A
            # call with little time left could only end with an unknown outcome, so it is not sent.
            if not call.future.done() and time.monotonic() < call.awaited + 0.9 * call.timeout:
                call.begun = True
                self._active += 1
                return call
        return None

    def _work(self, call: _Call | None) -> None:
        while call is not None:
            outcome = call.run()
            with self._lock:
                if not call.given_up:
                    call.given_up = True
                    self._active -= 1
                following = self._next()
                if following is None:
                    self._threads -= 1
            # RuntimeError: the loop is closed, and nobody waits for the outcome.
            with contextlib.suppress(RuntimeError):
                call.loop.call_soon_threadsafe(call.settle, *outcome)
            # While it runs the next call, this thread must not keep the last one or its outcome alive.
            del outcome
            call = following


_all: weakref.WeakSet[_Calls] = weakref.WeakSet()


def _forget_the_parent() -> None:
    for calls in list(_all):
        calls.reset()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_the_parent)


async def in_thread(client: Client, signature_request_id: str, timeout: float) -> Deletion:
    """Returns or raises what the client's own ``delete_signature_request`` does, within ``timeout`` from now."""
    calls: _Calls = vars(client).get("_calls") or vars(client).setdefault("_calls", _Calls())
    call = _Call(client, signature_request_id, timeout)
    calls.begin(call)
    timer = call.loop.call_later(timeout + _GRACE, calls.expire, call)
    try:
        return await call.future
    finally:
        timer.cancel()
        calls.give_up(call)
