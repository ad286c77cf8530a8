from __future__ import annotations

import asyncio
import gc
import threading
import weakref
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import okdok
import pytest
from conftest import MakeClient, MakePort, RunPython
from fault_server import Port


async def arrived(port: Port, requests: int) -> None:
    await asyncio.get_running_loop().run_in_executor(None, port.wait, requests)


def test_the_result_and_the_exception(client: MakeClient, sandbox: str) -> None:
    async def main() -> None:
        made = client(sandbox)
        assert (await made.delete_signature_request_async("python-async")).id == "python-async"
        with pytest.raises(okdok.NotFoundError) as caught:
            await made.delete_signature_request_async("python-async")
        assert caught.value.http_status == 400
        with pytest.raises(TypeError):
            await made.delete_signature_request_async(5)  # type: ignore[arg-type]

    asyncio.run(main())


def test_one_client_serves_two_event_loops(client: MakeClient, sandbox: str) -> None:
    made = client(sandbox)
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
        # Released with the cancellation barely said: the loop has not run since.
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
    """The port answers only after all this is over; waiting for it would end in a time-out of 30 seconds."""
    port = serve("hold")
    made = client(port.url)

    async def main() -> None:
        task = asyncio.ensure_future(made.delete_signature_request_async("id"))
        abandoned = asyncio.ensure_future(made.delete_signature_request_async("abandoned"))
        await arrived(port, 2)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert not abandoned.done()

    asyncio.run(main())
    still_calling = [thread for thread in threading.enumerate() if thread.name == "okdok"]
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


def test_the_default_executor_is_not_touched(client: MakeClient, sandbox: str) -> None:
    async def main() -> None:
        asyncio.get_running_loop().set_default_executor(_Untouchable())
        await client(sandbox).delete_signature_request_async("python-executor")

    asyncio.run(main())


def test_nothing_is_kept(sandbox: str) -> None:
    """Threads end with the work, and let go of the client."""

    async def main() -> weakref.ref[okdok.Client]:
        made = okdok.Client(sandbox, api_key="sandbox-key")
        await made.delete_signature_request_async("python-kept")
        return weakref.ref(made)

    gone = asyncio.run(main())
    for thread in threading.enumerate():
        if thread.name == "okdok":
            thread.join(30)
    gc.collect()
    assert gone() is None
    assert not [thread for thread in threading.enumerate() if thread.name == "okdok"]


def test_no_thread_to_be_had(client: MakeClient, sandbox: str, monkeypatch: pytest.MonkeyPatch) -> None:
    made = client(sandbox)

    def start(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(okdok.NoResourcesError, match="no thread could be started"):
            asyncio.run(made.delete_signature_request_async("python-no-thread"))
    assert asyncio.run(made.delete_signature_request_async("python-no-thread")).http_status == 200
