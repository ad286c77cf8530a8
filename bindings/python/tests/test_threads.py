from __future__ import annotations

import ctypes
import itertools
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import okdok
import pytest
from conftest import MakeClient, MakePort, RunPython


def test_calls_run_side_by_side(client: MakeClient, serve: MakePort) -> None:
    """The GIL is released: none of 8 calls is answered before all have arrived."""
    port = serve("hold")
    shared = client(port.url)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(shared.delete_signature_request, f"id-{n}") for n in range(8)]
        port.wait(8)
        port.release()
        assert [call.result().id for call in calls] == [f"id-{n}" for n in range(8)]


def test_closing_during_a_call(client: MakeClient, serve: MakePort) -> None:
    port = serve("hold")
    shared = client(port.url)
    with ThreadPoolExecutor(8) as threads:
        calls = [threads.submit(shared.delete_signature_request, f"id-{n}") for n in range(8)]
        port.wait(8)
        for closing in [threading.Thread(target=shared.close) for _ in range(4)]:
            closing.start()
            closing.join()
        with pytest.raises(okdok.InvalidClientError):
            shared.delete_signature_request("late")
        port.release()
        assert all(call.result().http_status == 200 for call in calls)


def test_a_thousand_clients_are_called_side_by_side(client: MakeClient, serve: MakePort) -> None:
    url = serve("ok").url
    clients = [client(url) for _ in range(1000)]

    def use(n: int) -> str:
        deletion = clients[n].delete_signature_request(f"id-{n}")
        clients[n].close()
        with pytest.raises(okdok.InvalidClientError):
            clients[n].delete_signature_request(f"id-{n}")
        return deletion.id

    with ThreadPoolExecutor(64) as threads:
        assert list(threads.map(use, range(1000))) == [f"id-{n}" for n in range(1000)]


def test_a_key_is_rotated_without_a_failed_call(serve: MakePort) -> None:
    """As in the README: the client is replaced, and the old one closes after the last call that uses it."""
    port = serve("ok")
    current = [okdok.Client(port.url, api_key="key-0")]
    first = current[0]._handle
    library = current[0]._library
    over = threading.Event()
    numbers = itertools.count()

    def call_on() -> int:
        calls = 0
        while not over.is_set():
            current[0].delete_signature_request(f"id-{next(numbers)}")
            calls += 1
        return calls

    with ThreadPoolExecutor(64) as threads:
        working = [threads.submit(call_on) for _ in range(64)]
        for n in range(1, 20):
            port.wait(port.requests() + 64)
            current[0] = okdok.Client(port.url, api_key=f"key-{n}")
        port.wait(port.requests() + 64)
        over.set()
        made = sum(each.result() for each in working)
    assert made == port.requests()
    current[0].delete_signature_request("last")
    assert "x-api-key: key-19" in port.request(made + 1)
    assert "x-api-key: key-0" in port.request(1)
    status = ctypes.c_int32()
    assert not library.okdok_delete_signature_request(first, b"id", ctypes.byref(status), None)
    assert status.value == okdok.Status.INVALID_CLIENT


def test_exit_with_calls_under_way(run_python: RunPython, serve: MakePort) -> None:
    """Neither the exit nor closing the client waits for a daemon thread in a call, and neither crashes."""
    port = serve("hold")
    program = """
import sys, threading
sys.path.insert(0, sys.argv[2])
import okdok
from fault_server import command
client = okdok.Client(sys.argv[1], api_key="key", timeout=120)
for n in range(8):
    threading.Thread(target=client.delete_signature_request, args=(f"id-{n}",), daemon=True).start()
command("wait", sys.argv[1].rsplit(":", 1)[1], "8")
"""
    ended = run_python(program, port.url, __file__.rpartition("/")[0])
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_exit_with_an_open_client(run_python: RunPython, service: str) -> None:
    program = """
import okdok, os, sys
class Last:
    def __init__(self):
        self.client = okdok.Client(sys.argv[1], api_key="sandbox-key")
    def __del__(self):
        # Runs when modules and sys.stdout are already being torn down.
        self.write(1, self.client.delete_signature_request("python-at-shutdown").id.encode())
    write = staticmethod(os.write)
kept = Last()
kept.itself = kept
client = okdok.Client(sys.argv[1], api_key="sandbox-key")
print(client.delete_signature_request("python-open-at-exit").id)
"""
    ended = run_python(program, service)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout == "python-open-at-exit\npython-at-shutdown"


@pytest.mark.skipif(sys.version_info < (3, 13), reason="no module for sub-interpreters before Python 3.13")
def test_sub_interpreters(run_python: RunPython, service: str) -> None:
    inside = """
import asyncio, okdok, threading
client = okdok.Client(url, api_key="sandbox-key")
print(client.delete_signature_request(kind).id)
try:
    asyncio.run(client.delete_signature_request_async(f"{kind}-async"))
except okdok.NoResourcesError:
    print("no daemon threads")
# CPython aborts if an interpreter ends before its threads.
for thread in threading.enumerate():
    if thread.name == "okdok":
        thread.join()
"""
    program = """
import _interpreters, okdok, sys
for kind in ("legacy", "isolated"):
    one = _interpreters.create(kind)
    failure = _interpreters.exec(one, sys.argv[2], {"url": sys.argv[1], "kind": kind})
    assert failure is None, failure
    _interpreters.destroy(one)
print(okdok.Client(sys.argv[1], api_key="sandbox-key").delete_signature_request("main").id)
"""
    ended = run_python(program, service, inside)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.split("\n") == ["legacy", "isolated", "no daemon threads", "main", ""]
