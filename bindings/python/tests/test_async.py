from __future__ import annotations

import asyncio
import gc
import threading
import time
import types
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import okdok
import pytest
from conftest import MakeClient, MakePort, RunPython
from fault_server import Port
from okdok import _async


async def arrived(port: Port, requests: int) -> None:
    await asyncio.get_running_loop().run_in_executor(None, port.wait, requests)


def okdok_threads(before: set[threading.Thread]) -> list[threading.Thread]:
    """The threads of this test: one of an earlier test may still be about to end."""
    return [thread for thread in threading.enumerate() if thread.name == "okdok" and thread not in before]


def test_the_result_and_the_exception(client: MakeClient, service: str) -> None:
    async def main() -> None:
        made = client(service)
        assert (await made.delete_signature_request_async("python-async")).id == "python-async"
        with pytest.raises(okdok.NotFoundError) as caught:
            await made.delete_signature_request_async("python-async")
        assert caught.value.http_status == 400
        with pytest.raises(TypeError):
            await made.delete_signature_request_async(5)  # type: ignore[arg-type]

    asyncio.run(main())


def test_one_client_serves_two_event_loops(client: MakeClient, service: str) -> None:
    made = client(service)
    for n in range(2):
        assert asyncio.run(made.delete_signature_request_async(f"python-loop-{n}")).http_status == 200


def test_two_event_loops_at_once(client: MakeClient, serve: MakePort) -> None:
    port = serve("hold")
    made = client(port.url)
    with ThreadPoolExecutor(2) as threads:
        loops = [threads.submit(asyncio.run, made.delete_signature_request_async(f"id-{n}")) for n in range(2)]
        port.wait(2)
        port.release()
        assert [loop.result().http_status for loop in loops] == [200, 200]


def test_64_at_once_the_rest_queued_and_never_sent_when_cancelled(client: MakeClient, serve: MakePort) -> None:
    port = serve("hold")
    made = client(port.url)

    async def main() -> list[Any]:
        tasks = [asyncio.ensure_future(made.delete_signature_request_async(f"id-{n}")) for n in range(100)]
        await arrived(port, 64)
        for task in tasks[64:]:
            task.cancel()
        # Released right after the cancellation: the loop has not run since.
        port.release()
        return await asyncio.gather(*tasks, return_exceptions=True)

    results = asyncio.run(main())
    assert [result.id for result in results[:64]] == [f"id-{n}" for n in range(64)]
    assert all(isinstance(result, asyncio.CancelledError) for result in results[64:])
    assert port.requests() == 64


def test_the_queue_is_worked_off(client: MakeClient, serve: MakePort) -> None:
    made = client(serve("ok").url)

    async def main() -> list[okdok.Deletion]:
        return await asyncio.gather(*(made.delete_signature_request_async(f"id-{n}") for n in range(1000)))

    assert [deletion.id for deletion in asyncio.run(main())] == [f"id-{n}" for n in range(1000)]


def test_a_cancelled_task_returns_at_once_and_the_loop_does_not_wait(client: MakeClient, serve: MakePort) -> None:
    """The port answers only after all this; waiting for it would end in a time-out of 30 seconds."""
    port = serve("hold")
    made = client(port.url)
    before = set(threading.enumerate())

    async def main() -> None:
        task = asyncio.ensure_future(made.delete_signature_request_async("id"))
        abandoned = asyncio.ensure_future(made.delete_signature_request_async("abandoned"))
        await arrived(port, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not abandoned.done()

    asyncio.run(main())
    still_calling = okdok_threads(before)
    assert len(still_calling) == 2
    assert all(thread.daemon for thread in still_calling)
    port.release()
    for thread in still_calling:
        thread.join(30)
        assert not thread.is_alive()


def test_the_interpreter_does_not_wait(run_python: RunPython, serve: MakePort) -> None:
    port = serve("hold")
    program = """
import asyncio, sys
sys.path.insert(0, sys.argv[2])
import okdok
from fault_server import command
client = okdok.Client(sys.argv[1], api_key="key", timeout=120)
async def main():
    calls = [asyncio.ensure_future(client.delete_signature_request_async(f"id-{n}")) for n in range(70)]
    await asyncio.get_running_loop().run_in_executor(None, command, "wait", sys.argv[1].rsplit(":", 1)[1], "64")
asyncio.run(main())
"""
    ended = run_python(program, port.url, __file__.rpartition("/")[0])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert port.requests() == 64


class _Untouchable(ThreadPoolExecutor):
    def submit(self, *_: Any, **__: Any) -> Future[Any]:
        raise AssertionError("the default executor was used")


def test_the_default_executor_is_not_touched(client: MakeClient, service: str) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(_Untouchable())
        await client(service).delete_signature_request_async("python-executor")

    asyncio.run(main())


def test_nothing_is_kept(service: str) -> None:
    """Threads end with the work, and do not keep the client alive."""
    before = set(threading.enumerate())

    async def main() -> weakref.ref[okdok.Client]:
        made = okdok.Client(service, api_key="sandbox-key")
        await made.delete_signature_request_async("python-kept")
        return weakref.ref(made)

    gone = asyncio.run(main())
    for thread in okdok_threads(before):
        thread.join(30)
    gc.collect()
    assert gone() is None
    assert not okdok_threads(before)


def test_every_call_keeps_its_deadline(client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_async, "AT_ONCE", 8)
    port = serve("silent")
    silent = client(port.url, timeout=4)

    async def timed(call: Any) -> tuple[okdok.OkdokError, float]:
        began = time.monotonic()
        with pytest.raises(okdok.TimedOutError) as caught:
            await call
        return caught.value, time.monotonic() - began

    async def main() -> list[tuple[okdok.OkdokError, float]]:
        return await asyncio.gather(*(timed(silent.delete_signature_request_async(f"id-{n}")) for n in range(64)))

    ended = asyncio.run(main())
    # 8 after 8, they would take 32 seconds.
    assert max(took for _, took in ended) < 8
    begun = [error for error, _ in ended if error.attempts]
    queued = [error for error, _ in ended if not error.attempts]
    assert all(error.outcome_unknown for error in begun)
    assert not any(error.outcome_unknown for error in queued)
    assert all("nothing was sent" in str(error) and "okdok.bulk" in str(error) for error in queued)
    # On a busy machine, the last ones are awaited late enough to take the places of the first 8.
    assert 8 <= port.requests() <= len(begun) < 64


def test_a_host_that_does_not_answer_does_not_delay_the_calls_of_another_client(
    client: MakeClient, serve: MakePort
) -> None:
    port = serve("hold")
    silent, healthy = client(port.url), client(serve("ok").url)

    async def main() -> None:
        calls = [asyncio.ensure_future(silent.delete_signature_request_async(f"id-{n}")) for n in range(400)]
        await arrived(port, 64)
        for n in range(10):
            await healthy.delete_signature_request_async(f"id-{n}")
        assert not any(call.done() for call in calls)
        port.release()
        await asyncio.gather(*calls)

    asyncio.run(main())


def test_one_that_got_a_thread_late_ends_at_its_own_deadline(
    client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its native call runs on unobserved, here for 30 seconds."""
    monkeypatch.setattr(_async, "AT_ONCE", 1)
    port = serve("hold", "silent")
    made = client(port.url)

    async def main() -> tuple[okdok.OkdokError, float]:
        first = asyncio.ensure_future(made.delete_signature_request_async("first"))
        await arrived(port, 1)
        began = time.monotonic()
        last = asyncio.ensure_future(_async.in_thread(made, "last", 5))
        await asyncio.sleep(0)
        port.release()
        await first
        with pytest.raises(okdok.TimedOutError) as caught:
            await last
        return caught.value, time.monotonic() - began

    error, took = asyncio.run(main())
    assert 5 <= took < 15
    assert (error.attempts, error.outcome_unknown) == (1, True)
    assert "under way" in str(error)
    assert port.requests() == 2


def test_one_that_gets_a_thread_at_its_deadline_does_not_say_that_nothing_was_sent(
    client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is held up after it saw that there was time left, until the deadline has passed."""
    monkeypatch.setattr(_async, "AT_ONCE", 1)
    port = serve("hold")
    made = client(port.url)
    seen, passed = threading.Event(), threading.Event()

    def monotonic() -> float:
        now = time.monotonic()
        if threading.current_thread().name == "okdok":
            seen.set()
            passed.wait(30)
        elif seen.is_set():
            passed.set()
        return now

    async def main() -> okdok.OkdokError:
        first = asyncio.ensure_future(made.delete_signature_request_async("first"))
        await arrived(port, 1)
        last = asyncio.ensure_future(made.delete_signature_request_async("last"))
        await asyncio.sleep(0)
        calls = vars(made)["_calls"]
        (queued,) = calls._queue
        with monkeypatch.context() as patch:
            patch.setattr(_async, "time", types.SimpleNamespace(monotonic=monotonic))
            port.release()
            await asyncio.get_running_loop().run_in_executor(None, seen.wait)
            # As its timer does.
            calls.expire(queued)
        await first
        with pytest.raises(okdok.TimedOutError) as caught:
            await last
        return caught.value

    error = asyncio.run(main())
    port.wait(2)
    assert (error.attempts, error.outcome_unknown) == (1, True)


def test_one_whose_deadline_is_near_when_a_thread_is_free_is_not_sent(
    client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_async, "AT_ONCE", 1)
    port = serve("hold", "ok")
    made = client(port.url)

    async def main() -> None:
        first = asyncio.ensure_future(made.delete_signature_request_async("first"))
        await arrived(port, 1)
        late = asyncio.ensure_future(made.delete_signature_request_async("late"))
        await asyncio.sleep(0)
        with monkeypatch.context() as patch:
            patch.setattr(_async, "time", types.SimpleNamespace(monotonic=lambda: time.monotonic() + 28))
            port.release()
            await first
        await made.delete_signature_request_async("after")
        assert late.cancel()

    asyncio.run(main())
    assert port.requests() == 2


def test_a_cancelled_call_gives_its_place_back_and_those_left_behind_are_capped(
    client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_async, "LEFT_BEHIND", 64)
    port = serve("hold")
    made = client(port.url)

    async def main() -> None:
        for round_ in range(2):
            calls = [asyncio.ensure_future(made.delete_signature_request_async(f"{round_}-{n}")) for n in range(64)]
            await arrived(port, 64 * (round_ + 1))
            for call in calls:
                call.cancel()
            await asyncio.gather(*calls, return_exceptions=True)
        with pytest.raises(okdok.NoResourcesError, match="128 calls that were cancelled or timed out") as caught:
            await made.delete_signature_request_async("one-too-many")
        assert (caught.value.attempts, caught.value.outcome_unknown) == (0, False)
        port.release()
        while True:
            try:
                await made.delete_signature_request_async("after")
                break
            except okdok.NoResourcesError:
                await asyncio.sleep(0)

    asyncio.run(main())
    assert port.requests() == 129


def test_no_thread_to_be_had(client: MakeClient, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = client(service)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(okdok.NoResourcesError, match="no thread could be started"):
            asyncio.run(made.delete_signature_request_async("python-no-thread"))
    assert asyncio.run(made.delete_signature_request_async("python-no-thread")).http_status == 200


def test_a_call_that_is_given_up_while_no_thread_can_be_had_gives_its_place_back_once(
    client: MakeClient, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another loop may start the thread for it."""
    made = client(service)

    async def main() -> None:
        calls, call = _async._Calls(), _async._Call(made, "id", 30)

        def start(_: threading.Thread) -> None:
            calls.give_up(call)
            raise RuntimeError("can't start new thread")

        with monkeypatch.context() as patch:
            patch.setattr(threading.Thread, "start", start)
            calls.begin(call)
        assert (calls._active, calls._threads, len(calls._queue)) == (0, 0, 0)

    asyncio.run(main())
