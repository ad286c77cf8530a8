"""Nothing reaches C that C would read differently."""

from __future__ import annotations

import ctypes
import fractions
import math
import os
import uuid
from pathlib import Path
from typing import Any

import okdok
import pytest
from okdok import _ffi

NUL_AND_SURROGATE = ["a\0b", "a\ud800b", "\0", "\udc80"]


class Boundary:
    """Takes the place of the library, and keeps what it gets."""

    def __init__(self) -> None:
        self.options: list[_ffi.Options] = []
        self.texts: list[tuple[object, object]] = []

    def okdok_client_new(self, base_url: object, api_key: object, options: Any, _status: object, _error: object) -> int:
        self.texts.append((base_url, api_key))
        self.options.append(options._obj)
        return 42

    def okdok_delete_signature_request(self, *_: object) -> bool:
        raise AssertionError("this must not cross the boundary")

    def okdok_free(self, handle: int) -> None:
        assert handle == 42


@pytest.fixture
def boundary(monkeypatch: pytest.MonkeyPatch) -> Boundary:
    made = Boundary()
    monkeypatch.setattr(_ffi, "library", lambda: made)
    return made


@pytest.mark.parametrize("value", NUL_AND_SURROGATE)
@pytest.mark.parametrize("name", ["base_url", "api_key", "ca_file", "proxy", "user_agent"])
def test_text_that_c_would_read_otherwise(boundary: Boundary, name: str, value: str) -> None:
    arguments: dict[str, Any] = {"api_key": "key", name: value}
    with pytest.raises(okdok.InvalidArgumentError, match=f"^{name} contains a") as caught:
        okdok.Client(**arguments)
    assert caught.value.status is okdok.Status.INVALID_ARGUMENT
    assert not caught.value.outcome_unknown
    assert not boundary.options


@pytest.mark.parametrize("value", NUL_AND_SURROGATE)
def test_ids_that_c_would_read_otherwise(boundary: Boundary, value: str) -> None:
    client = okdok.Client(api_key="key")
    with pytest.raises(okdok.InvalidArgumentError, match=r"^signature_request_id contains a"):
        client.delete_signature_request(value)


def test_a_refused_key_is_not_quoted(boundary: Boundary) -> None:
    for key in ("secret\0", "secret\ud800"):
        with pytest.raises(okdok.InvalidArgumentError) as caught:
            okdok.Client(api_key=key)
        assert "secret" not in repr(caught.value)
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("base_url", b"http://127.0.0.1"),
        ("base_url", 5),
        ("api_key", None),
        ("api_key", b"key"),
        ("timeout", "30"),
        ("timeout", None),
        ("timeout", True),
        ("timeout", 1j),
        ("connect_timeout", "1"),
        ("max_attempts", 1.0),
        ("max_attempts", "1"),
        ("max_attempts", True),
        ("max_attempts", None),
        ("ca_file", 5),
        ("proxy", b""),
        ("user_agent", 1),
    ],
)
def test_wrong_types(boundary: Boundary, name: str, value: object) -> None:
    arguments: dict[str, Any] = {"api_key": "key", name: value}
    with pytest.raises(TypeError):
        okdok.Client(**arguments)
    assert not boundary.options


@pytest.mark.parametrize("value", [None, b"id", 5, ["id"], Path("id")])
def test_ids_of_the_wrong_type(boundary: Boundary, value: Any) -> None:
    with pytest.raises(TypeError, match="signature_request_id must be a str"):
        okdok.Client(api_key="key").delete_signature_request(value)


def test_a_uuid_is_told_what_to_do(boundary: Boundary) -> None:
    with pytest.raises(TypeError, match=r"must be a str, not UUID: convert it with str\(\)"):
        okdok.Client(api_key="key").delete_signature_request(uuid.uuid4())  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["timeout", "connect_timeout"])
@pytest.mark.parametrize("value", [0, 0.0, -1, -0.0, math.nan, math.inf, -math.inf, 4294967.296, 1e300, 10**400])
def test_times_outside_the_abi(boundary: Boundary, name: str, value: float) -> None:
    arguments: dict[str, Any] = {"api_key": "key", name: value}
    with pytest.raises(okdok.InvalidArgumentError, match=f"^{name} must be above 0"):
        okdok.Client(**arguments)
    assert not boundary.options


@pytest.mark.parametrize("value", [0, -1, 2**32, 10**30])
def test_attempts_outside_the_abi(boundary: Boundary, value: int) -> None:
    with pytest.raises(okdok.InvalidArgumentError, match=r"^max_attempts must be from 1"):
        okdok.Client(api_key="key", max_attempts=value)
    assert not boundary.options


@pytest.mark.parametrize(
    ("seconds", "milliseconds"),
    [
        (0.0004, 1),
        (5e-324, 1),
        (1e-10, 1),
        (0.001, 1),
        (0.0011, 2),
        (4.035, 4035),
        (2.003, 2003),
        (1, 1000),
        (fractions.Fraction(1, 3), 334),
        (30.0, 30000),
        (4294967.295, 2**32 - 1),
    ],
)
def test_seconds_are_rounded_up_to_milliseconds(boundary: Boundary, seconds: float, milliseconds: int) -> None:
    okdok.Client(api_key="key", timeout=seconds, connect_timeout=seconds)
    assert boundary.options[0].timeout_ms == milliseconds
    assert boundary.options[0].connect_timeout_ms == milliseconds


def test_what_crosses(boundary: Boundary) -> None:
    okdok.Client("http://é", api_key="key", max_attempts=7, ca_file=Path("/ca/é.pem"), proxy="", user_agent="me/1")
    okdok.Client(api_key="key", ca_file=os.fsencode("/ca/bytes.pem"))  # type: ignore[arg-type]
    assert boundary.texts == [("http://é".encode(), b"key"), (None, b"key")]
    first, second = boundary.options
    assert first.size == ctypes.sizeof(_ffi.Options)
    assert first.max_attempts == 7
    assert (first.ca_file, first.proxy, first.user_agent) == ("/ca/é.pem".encode(), b"", b"me/1")
    assert (second.ca_file, second.proxy, second.user_agent) == (b"/ca/bytes.pem", None, None)
    assert (second.timeout_ms, second.connect_timeout_ms, second.max_attempts) == (30000, 10000, 3)


class TestFromEnv:
    def test_the_base_url_must_be_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKDOK_API_KEY", "key")
        for value in (None, ""):
            if value is not None:
                monkeypatch.setenv("OKDOK_BASE_URL", value)
            with pytest.raises(okdok.InvalidArgumentError, match="OKDOK_BASE_URL is not set"):
                okdok.Client.from_env()

    def test_a_key_must_be_set(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKDOK_BASE_URL", "http://127.0.0.1")
        with pytest.raises(okdok.InvalidArgumentError, match="neither OKDOK_API_KEY nor OKDOK_API_KEY_FILE"):
            okdok.Client.from_env()

    def test_two_keys_are_one_too_many(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKDOK_BASE_URL", "http://127.0.0.1")
        monkeypatch.setenv("OKDOK_API_KEY", "key")
        monkeypatch.setenv("OKDOK_API_KEY_FILE", "/key")
        with pytest.raises(okdok.InvalidArgumentError, match="both set"):
            okdok.Client.from_env()

    def test_the_key_from_the_environment(self, boundary: Boundary, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("OKDOK_BASE_URL", "http://127.0.0.1")
        monkeypatch.setenv("OKDOK_API_KEY", "key")
        okdok.Client.from_env(timeout=1, connect_timeout=0.5, max_attempts=2, ca_file="ca", proxy="p", user_agent="u")
        assert boundary.texts == [(b"http://127.0.0.1", b"key")]
        options = boundary.options[0]
        assert (options.timeout_ms, options.connect_timeout_ms, options.max_attempts) == (1000, 500, 2)
        assert (options.ca_file, options.proxy, options.user_agent) == (b"ca", b"p", b"u")

    @pytest.mark.parametrize("content", [b"key", b"key\n", b"key\r\n", b"\xef\xbb\xbfkey\n\n", b"  key \n"])
    def test_the_key_from_a_file(
        self, boundary: Boundary, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: bytes
    ) -> None:
        (tmp_path / "key").write_bytes(content)
        monkeypatch.setenv("OKDOK_BASE_URL", "http://127.0.0.1")
        monkeypatch.setenv("OKDOK_API_KEY_FILE", str(tmp_path / "key"))
        okdok.Client.from_env()
        assert boundary.texts[0][1] == b"key"

    def test_a_key_file_that_cannot_be_read(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.setenv("OKDOK_BASE_URL", "http://127.0.0.1")
        monkeypatch.setenv("OKDOK_API_KEY_FILE", str(tmp_path / "key"))
        with pytest.raises(okdok.InvalidArgumentError, match=r"cannot be read.*No such file"):
            okdok.Client.from_env()
        (tmp_path / "key").write_bytes(b"secret\xff")
        with pytest.raises(okdok.InvalidArgumentError, match="is not text") as caught:
            okdok.Client.from_env()
        assert "secret" not in repr(caught.value)
