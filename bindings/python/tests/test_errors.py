from __future__ import annotations

import copy
import pickle

import okdok
import pytest
from okdok import _errors, _ffi

EXCEPTIONS = {
    "INVALID_ARGUMENT": (okdok.InvalidArgumentError, ValueError),
    "INVALID_CLIENT": (okdok.InvalidClientError, ValueError),
    "NOT_FOUND": (okdok.NotFoundError, LookupError),
    "BAD_REQUEST": (okdok.BadRequestError, Exception),
    "UNAUTHORIZED": (okdok.UnauthorizedError, Exception),
    "FORBIDDEN": (okdok.ForbiddenError, PermissionError),
    "RATE_LIMITED": (okdok.RateLimitedError, Exception),
    "SERVER_ERROR": (okdok.ServerError, Exception),
    "UNEXPECTED_RESPONSE": (okdok.UnexpectedResponseError, Exception),
    "RESOLVE_FAILED": (okdok.ResolveFailedError, ConnectionError),
    "CONNECT_FAILED": (okdok.ConnectFailedError, ConnectionError),
    "TLS_FAILED": (okdok.TlsFailedError, ConnectionError),
    "TIMED_OUT": (okdok.TimedOutError, TimeoutError),
    "CONNECTION_LOST": (okdok.ConnectionLostError, ConnectionError),
    "PROXY_REFUSED": (okdok.ProxyRefusedError, ConnectionError),
    "INTERNAL": (okdok.InternalError, Exception),
    "NO_RESOURCES": (okdok.NoResourcesError, Exception),
}
KINDS = [kind for kind, _ in EXCEPTIONS.values()]
FIELDS = ("status", "http_status", "attempts", "outcome_unknown", "retry_after", "service_code", "service_value")


def failed(status: int) -> okdok.OkdokError:
    return _errors.from_ffi(
        _ffi.Error(
            status=status,
            http_status=429,
            attempts=3,
            outcome_unknown=1,
            retry_after_ms=1500,
            service_code="err.é".encode(),
            service_value=b"id-1",
            message="what happened: é".encode(),
        )
    )


def test_each_status_that_is_a_failure_has_one_exception() -> None:
    successes = {"OK", "PRESUMED_DELETED"}
    assert set(EXCEPTIONS) == {status.name for status in okdok.Status} - successes
    assert set(KINDS) == set(okdok.OkdokError.__subclasses__())


@pytest.mark.parametrize("name", EXCEPTIONS)
def test_a_status_becomes_its_exception(name: str) -> None:
    kind, built_in = EXCEPTIONS[name]
    error = failed(okdok.Status[name])
    assert type(error) is kind
    assert isinstance(error, built_in)
    assert isinstance(error, okdok.OkdokError)
    assert error.status is okdok.Status[name]
    assert error.http_status == 429
    assert error.attempts == 3
    assert error.outcome_unknown is True
    assert error.retry_after == 1.5
    assert error.service_code == "err.é"
    assert error.service_value == "id-1"
    assert str(error) == "what happened: é"


def test_an_unknown_status_stays_a_number() -> None:
    error = failed(77)
    assert type(error) is okdok.OkdokError
    assert error.status == 77
    assert not isinstance(error.status, okdok.Status)
    assert "status=77" in repr(error)


def test_what_is_absent_is_empty() -> None:
    error = _errors.from_ffi(_ffi.Error(status=okdok.Status.INVALID_CLIENT))
    assert [getattr(error, name) for name in FIELDS] == [okdok.Status.INVALID_CLIENT, 0, 0, False, 0.0, "", ""]


def test_text_of_the_greatest_length() -> None:
    error = _errors.from_ffi(
        _ffi.Error(status=20, service_code=b"c" * 127, service_value=b"v" * 255, message=b"m" * 511)
    )
    assert (len(error.service_code), len(error.service_value), len(str(error))) == (127, 255, 511)


@pytest.mark.parametrize("kind", [okdok.OkdokError, *KINDS])
def test_exceptions_pickle_and_copy(kind: type[okdok.OkdokError]) -> None:
    original = kind(
        "what happened",
        http_status=400,
        attempts=2,
        outcome_unknown=True,
        retry_after=2.5,
        service_code="err.x",
        service_value="id",
    )
    copies = [pickle.loads(pickle.dumps(original, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*copies, copy.copy(original), copy.deepcopy(original)):
        assert type(twin) is kind
        assert str(twin) == "what happened"
        assert [getattr(twin, name) for name in FIELDS] == [getattr(original, name) for name in FIELDS]


def test_exceptions_print_well() -> None:
    error = okdok.NotFoundError("no such request", http_status=400, attempts=1, service_value="id-1")
    assert str(error) == "no such request"
    assert repr(error) == (
        "NotFoundError('no such request', status=<Status.NOT_FOUND: 20>, http_status=400, attempts=1, "
        "service_value='id-1')"
    )
    assert f"{type(error).__module__}.{type(error).__qualname__}" == "okdok.NotFoundError"
