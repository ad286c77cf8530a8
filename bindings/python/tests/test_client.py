"""Each status and each option, against the sandbox and the fault server."""

from __future__ import annotations

import asyncio
import copy
import gc
import pickle
import time
import weakref
from pathlib import Path
from unittest import mock

import okdok
import pytest
from conftest import ROOT, MakeClient, MakePort, RunPython
from fault_server import ca_file
from okdok import _client

# glibc refuses a label of more than 63 characters without asking any name server.
UNRESOLVABLE = "x" * 64 + ".test"


class TestStatus:
    def test_ok(self, client: MakeClient, service: str) -> None:
        deletion = client(service).delete_signature_request("python-ok-é %2F ?#")
        assert (deletion.id, deletion.presumed) == ("python-ok-é %2F ?#", False)
        assert (deletion.attempts, deletion.http_status) == (1, 200)
        with pytest.raises(okdok.NotFoundError):
            client(service).delete_signature_request("python-ok-é %2F ?#")

    def test_presumed_deleted(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("delete:reset=0", "service")
        deletion = client(port.url).delete_signature_request("id")
        assert (deletion.id, deletion.presumed, deletion.attempts, deletion.http_status) == ("id", True, 2, 400)
        assert [(one.status.name, one.http_status) for one in deletion.attempt_log] == [
            ("CONNECTION_LOST", 0), ("NOT_FOUND", 400)
        ]  # fmt: skip
        assert deletion.elapsed >= deletion.attempt_log[1].waited > 0
        assert port.deleted("id")

    @pytest.mark.parametrize("value", ["", ".", "..", "a/b", "a\\b", "a\nb", "a\x7fb", "x" * 257])
    def test_invalid_argument(self, client: MakeClient, serve: MakePort, value: str) -> None:
        port = serve("ok")
        with pytest.raises(okdok.InvalidArgumentError) as caught:
            client(port.url).delete_signature_request(value)
        assert (caught.value.attempts, caught.value.outcome_unknown) == (0, False)
        assert str(caught.value)
        assert port.connections() == 0

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("base_url", ""),
            ("base_url", "http://example.org"),
            ("base_url", "https://user@example.org"),
            ("base_url", "https://example.org/?a"),
            ("api_key", ""),
            ("api_key", "with space"),
            ("api_key", "é"),
            ("api_key", "k" * 4097),
            ("ca_file", ""),
            ("ca_file", "/nowhere/ca.pem"),
            ("ca_file", __file__),
            ("proxy", "ftp://127.0.0.1:1"),
            ("proxy", "not a url"),
            ("user_agent", ""),
            ("user_agent", "a\nb"),
        ],
    )
    def test_the_constructor_refuses(self, sandbox: str, name: str, value: str) -> None:
        arguments = {"base_url": sandbox, "api_key": "key", name: value}
        with pytest.raises(okdok.InvalidArgumentError) as caught:
            okdok.Client(**arguments)  # type: ignore[arg-type]
        assert caught.value.attempts == 0

    def test_invalid_client(self, client: MakeClient, sandbox: str) -> None:
        closed = client(sandbox)
        closed.close()
        closed.close()
        with pytest.raises(okdok.InvalidClientError) as caught:
            closed.delete_signature_request("id")
        assert caught.value.attempts == 0

    @pytest.mark.parametrize(
        ("key", "signature_request_id", "kind", "http_status", "code", "attempts"),
        [
            ("sandbox-key", "missing-1", okdok.NotFoundError, 400, "err.signature.request.not.exist", 1),
            ("sandbox-key", "invalid-1", okdok.BadRequestError, 400, "err.invalid", 1),
            ("wrong-key", "python-1", okdok.UnauthorizedError, 401, None, 1),
            ("sandbox-forbidden", "python-1", okdok.ForbiddenError, 403, None, 1),
            ("sandbox-key", "error-1", okdok.ServerError, 500, None, 2),
        ],
    )
    def test_answers(
        self,
        client: MakeClient,
        sandbox: str,
        key: str,
        signature_request_id: str,
        kind: type[okdok.OkdokError],
        http_status: int,
        code: str | None,
        attempts: int,
    ) -> None:
        with pytest.raises(kind) as caught:
            client(sandbox, api_key=key, max_attempts=2).delete_signature_request(signature_request_id)
        error = caught.value
        assert type(error) is kind
        assert (error.http_status, error.attempts) == (http_status, attempts)
        assert error.outcome_unknown is (kind is okdok.ServerError)
        if code is not None:
            assert error.service_code == code
        assert key not in repr(error)

    def test_not_found_names_the_id(self, client: MakeClient, sandbox: str) -> None:
        with pytest.raises(LookupError) as caught:
            client(sandbox).delete_signature_request("missing-2")
        assert isinstance(caught.value, okdok.NotFoundError)
        assert caught.value.service_value == "missing-2"

    def test_rate_limited(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("reply=429;Retry-After:7;;")
        with pytest.raises(okdok.RateLimitedError) as caught:
            client(port.url, max_attempts=1).delete_signature_request("id")
        assert (caught.value.http_status, caught.value.retry_after) == (429, 7.0)
        assert not caught.value.outcome_unknown

    @pytest.mark.parametrize(
        "answer", ["reply=204", "reply=302;Location:http://127.0.0.1/;;", "reply=200;;{}", "reply=404"]
    )
    def test_unexpected_response(self, client: MakeClient, serve: MakePort, answer: str) -> None:
        with pytest.raises(okdok.UnexpectedResponseError):
            client(serve(answer).url, max_attempts=1).delete_signature_request("id")

    def test_resolve_failed(self, client: MakeClient) -> None:
        with pytest.raises(okdok.ResolveFailedError) as caught:
            client("https://okdok.test", proxy=f"http://{UNRESOLVABLE}", max_attempts=1).delete_signature_request("id")
        assert (caught.value.attempts, caught.value.http_status, caught.value.outcome_unknown) == (1, 0, False)

    def test_connect_failed(self, client: MakeClient, serve: MakePort) -> None:
        with pytest.raises(ConnectionError) as caught:
            client(serve(command="closed").url, max_attempts=1).delete_signature_request("id")
        assert type(caught.value) is okdok.ConnectFailedError
        assert not caught.value.outcome_unknown

    @pytest.mark.parametrize("certificate", ["expired", "wronghost", "rotated"])
    def test_tls_failed(self, client: MakeClient, serve: MakePort, certificate: str) -> None:
        trusted = ca_file("good" if certificate == "rotated" else certificate)
        port = serve(certificate, "ok", command="tls")
        with pytest.raises(okdok.TlsFailedError):
            client(port.url, ca_file=trusted).delete_signature_request("id")
        assert port.requests() == 0

    def test_timed_out(self, client: MakeClient, serve: MakePort) -> None:
        began = time.monotonic()
        with pytest.raises(TimeoutError) as caught:
            # Half of it is for connecting.
            client(serve("silent").url, timeout=3).delete_signature_request("id")
        assert 2.9 < time.monotonic() - began < 8
        assert type(caught.value) is okdok.TimedOutError
        assert caught.value.outcome_unknown

    def test_connection_lost(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("delete:reset=0")
        with pytest.raises(okdok.ConnectionLostError) as caught:
            client(port.url, max_attempts=1).delete_signature_request("id")
        assert caught.value.outcome_unknown
        assert port.deleted("id")

    def test_proxy_refused(self, client: MakeClient, serve: MakePort) -> None:
        proxy = serve("407", command="proxy")
        with pytest.raises(okdok.ProxyRefusedError) as caught:
            client("https://okdok.test", proxy=proxy.url).delete_signature_request("id")
        assert (caught.value.attempts, caught.value.http_status) == (1, 0)

    def test_no_resources(self, run_python: RunPython, sandbox: str) -> None:
        program = """
import okdok, resource, sys
with open("/dev/null") as last:
    resource.setrlimit(resource.RLIMIT_NOFILE, (last.fileno() + 1, last.fileno() + 1))
    try:
        okdok.Client(sys.argv[1], api_key="sandbox-key").delete_signature_request("id")
    except okdok.OkdokError as error:
        print(repr(error.status))
"""
        ended = run_python("import okdok, sys; okdok._ffi.library()" + program, sandbox)
        assert ended.stdout.strip() == "<Status.NO_RESOURCES: 41>", ended.stderr


class TestOption:
    def test_connect_timeout(self, client: MakeClient, serve: MakePort) -> None:
        stalled = serve(command="stall")
        began = time.monotonic()
        with pytest.raises(okdok.ConnectFailedError) as caught:
            client(stalled.url, connect_timeout=0.3, max_attempts=1).delete_signature_request("id")
        assert 0.2 < time.monotonic() - began < 5
        assert not caught.value.outcome_unknown

    @pytest.mark.parametrize("attempts", [1, 2])
    def test_max_attempts(self, client: MakeClient, serve: MakePort, attempts: int) -> None:
        port = serve("reply=503")
        with pytest.raises(okdok.ServerError) as caught:
            client(port.url, max_attempts=attempts).delete_signature_request("id")
        assert caught.value.attempts == attempts
        assert port.requests() == attempts

    def test_ca_file(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("good", "ok", command="tls")
        assert client(port.url, ca_file=Path(ca_file("good"))).delete_signature_request("id").http_status == 200

    def test_user_agent_and_key(self, client: MakeClient, serve: MakePort) -> None:
        port = serve("ok")
        client(f"{port.url}/prefix", api_key="the-key", user_agent="me/1 (x)").delete_signature_request("i d")
        lines = port.request(1).split("\r\n")
        assert lines[0] == "DELETE /prefix/JSON/signatureRequest/i%20d HTTP/1.1"
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:])}
        assert headers["x-api-key"] == "the-key"
        assert headers["user-agent"] == f"me/1 (x) okdok/{okdok.__version__}"

    def test_proxy(self, client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch) -> None:
        proxy = serve("403", command="proxy")
        url = "https://okdok.test"
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(okdok.ProxyRefusedError):
            client(url, max_attempts=1).delete_signature_request("id")
        with pytest.raises(okdok.OkdokError):
            client(url, max_attempts=1, proxy="").delete_signature_request("id")
        assert proxy.connections() == 1

    def test_without_a_base_url_it_is_the_development_host(
        self, client: MakeClient, serve: MakePort, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        proxy = serve("403", command="proxy")
        monkeypatch.setenv("HTTPS_PROXY", proxy.url)
        with pytest.raises(okdok.ProxyRefusedError):
            client().delete_signature_request("id")
        assert proxy.request(1).startswith("CONNECT apidev.okdokument.com:443 ")
        assert _client.DEVELOPMENT_HOST in str(okdok.Client.__doc__)
        assert _client.DEVELOPMENT_HOST in (ROOT / "include" / "okdok.h").read_text(encoding="utf-8")


class TestObject:
    def test_a_deletion_is_frozen(self) -> None:
        deletion = okdok.Deletion("id", presumed=False, attempts=1, http_status=200)
        with pytest.raises(AttributeError, match="cannot be changed"):
            deletion.id = "other"
        with pytest.raises(AttributeError, match="cannot be deleted"):
            del deletion.id

    def test_repr_has_no_key(self, client: MakeClient, service: str) -> None:
        made = client(service, api_key="very-secret-key")
        assert repr(made) == f"okdok.Client({service!r})"
        assert "secret" not in "".join(repr(getattr(made, name)) for name in vars(made))

    def test_the_context_manager_closes(self, service: str) -> None:
        with okdok.Client(service, api_key="sandbox-key") as inside:
            inside.delete_signature_request("python-context")
        with pytest.raises(okdok.InvalidClientError):
            inside.delete_signature_request("id")

    def test_the_last_reference_closes(self, service: str) -> None:
        made = okdok.Client(service, api_key="sandbox-key")
        handle, library, gone = made._handle, made._library, weakref.ref(made)
        del made
        gc.collect()
        assert gone() is None
        assert not library.okdok_delete_signature_request(handle, b"id", None, None)

    def test_a_client_is_neither_copied_nor_pickled(self, client: MakeClient, service: str) -> None:
        made = client(service)
        for attempt in (copy.copy, copy.deepcopy, pickle.dumps):
            with pytest.raises(TypeError, match="make another one"):
                attempt(made)
        made.delete_signature_request("python-still-open")

    def test_the_base_url(self, client: MakeClient, service: str) -> None:
        assert client(service).base_url == service
        assert client().base_url == "https://apidev.okdokument.com"

    def test_a_method_can_be_mocked(self, client: MakeClient, service: str) -> None:
        made = client(service)
        deletion = okdok.Deletion("id")
        with mock.patch.object(made, "delete_signature_request", return_value=deletion):
            assert made.delete_signature_request("id") is deletion
            assert asyncio.run(made.delete_signature_request_async("id")) is deletion
        fake = mock.create_autospec(okdok.Client, instance=True)
        fake.delete_signature_request.side_effect = okdok.NotFoundError("gone", outcome_unknown=False)
        with pytest.raises(okdok.NotFoundError):
            fake.delete_signature_request("id")

    def test_a_fake_needs_no_library(self, run_python: RunPython, monkeypatch: pytest.MonkeyPatch) -> None:
        program = """
import asyncio, okdok
class Fake(okdok.Client):
    def __init__(self):
        self.asked = []
    def delete_signature_request(self, signature_request_id):
        self.asked.append(signature_request_id)
        return okdok.Deletion(signature_request_id)
with Fake() as fake:
    fake.delete_signature_request("a")
    asyncio.run(fake.delete_signature_request_async("b"))
    print(fake.asked, fake.base_url)
"""
        monkeypatch.setenv("OKDOK_LIBRARY", "/nowhere/libokdok.so")
        ended = run_python(program)
        assert (ended.stdout, ended.stderr) == ("['a', 'b'] https://apidev.okdokument.com\n", "")

    def test_the_async_context_manager_closes(self, service: str) -> None:
        async def main() -> okdok.Client:
            async with okdok.Client(service, api_key="sandbox-key") as inside:
                pass
            another = okdok.Client(service, api_key="sandbox-key")
            await another.aclose()
            with pytest.raises(okdok.InvalidClientError):
                another.delete_signature_request("id")
            return inside

        with pytest.raises(okdok.InvalidClientError):
            asyncio.run(main()).delete_signature_request("id")

    def test_a_refused_client_goes_quietly(self, run_python: RunPython) -> None:
        ended = run_python("import okdok\ntry: okdok.Client(api_key='')\nexcept ValueError: pass")
        assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
