"""A client made before a fork works on both sides. Each test forks a separate process, not that of pytest."""

from __future__ import annotations

from conftest import MakePort, RunPython

PROLOGUE = """
import os, sys, threading, warnings
# Python warns about any fork with threads, which is what is tested here.
warnings.simplefilter("ignore", DeprecationWarning)
sys.path.insert(0, sys.argv[2])
import okdok
from fault_server import command
url = sys.argv[1]
port = url.rsplit(":", 1)[1]
client = okdok.Client(url, api_key="sandbox-key")
def fork(child):
    pid = os.fork()
    if pid:
        return pid
    try:
        child()
        os._exit(0)
    except BaseException as problem:
        print(repr(problem), file=sys.stderr, flush=True)
        os._exit(1)
def joined(pid):
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


def run(run_python: RunPython, program: str, url: str) -> None:
    ended = run_python(PROLOGUE + program, url, __file__.rpartition("/")[0])
    assert (ended.returncode, ended.stderr) == (0, "")


def test_parent_and_child(run_python: RunPython, service: str) -> None:
    program = """
client.delete_signature_request("fork-before")
def child():
    client.delete_signature_request("fork-child")
    client.close()
pids = [fork(child)]
client.delete_signature_request("fork-parent")
def grandchild():
    client.delete_signature_request("fork-grandchild")
def second():
    client.delete_signature_request("fork-second")
    assert joined(fork(grandchild)) == 0
pids.append(fork(second))
assert [joined(pid) for pid in pids] == [0, 0]
client.delete_signature_request("fork-after")
"""
    run(run_python, program, service)


def test_with_threads_in_mid_call(run_python: RunPython, serve: MakePort) -> None:
    program = """
calls = [threading.Thread(target=client.delete_signature_request, args=(f"id-{n}",)) for n in range(8)]
for call in calls:
    call.start()
command("wait", port, "8")
pids = [fork(lambda: client.delete_signature_request("child")) for _ in range(8)]
assert [joined(pid) for pid in pids] == [0] * 8
command("release", port)
for call in calls:
    call.join()
client.delete_signature_request("after")
"""
    run(run_python, program, serve(*["hold"] * 8, "ok").url)


def test_async_calls_with_threads_in_mid_call(run_python: RunPython, serve: MakePort) -> None:
    """The child has threads of its own: all 64 are available again."""
    program = """
import asyncio
async def hold():
    calls = [asyncio.ensure_future(client.delete_signature_request_async(f"id-{n}")) for n in range(64)]
    await asyncio.get_running_loop().run_in_executor(None, command, "wait", port, "64")
    def child():
        asyncio.set_event_loop(None)
        asyncio.events._set_running_loop(None)
        async def again():
            return await asyncio.gather(*(client.delete_signature_request_async(f"child-{n}") for n in range(65)))
        assert len(asyncio.run(again())) == 65
    code = joined(fork(child))
    command("release", port)
    await asyncio.gather(*calls)
    return code
assert asyncio.run(hold()) == 0
"""
    run(run_python, program, serve(*["hold"] * 64, "ok").url)


def test_multiprocessing(run_python: RunPython, service: str) -> None:
    program = """
import multiprocessing
def delete(n):
    return client.delete_signature_request(f"multiprocessing-{n}").http_status
client.delete_signature_request("multiprocessing-before")
with multiprocessing.get_context("fork").Pool(4) as pool:
    assert pool.map(delete, range(100), chunksize=1) == [200] * 100
client.delete_signature_request("multiprocessing-after")
"""
    run(run_python, program, service)


def test_a_client_dies_in_the_child(run_python: RunPython, service: str) -> None:
    program = """
import gc
client.delete_signature_request("dies-before")
def child():
    global client
    del client
    gc.collect()
    with okdok.Client(url, api_key="sandbox-key") as another:
        another.delete_signature_request("dies-child")
assert joined(fork(child)) == 0
client.delete_signature_request("dies-parent")
"""
    run(run_python, program, service)
