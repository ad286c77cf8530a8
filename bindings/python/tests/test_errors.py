from __future__ import annotations

import copy
import json
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
FIELDS = (
    "status", "http_status", "attempts", "outcome_unknown", "retry_after", "service_code", "service_value", "elapsed",
    "attempt_log",
)  # fmt: skip
LOG = (okdok.Attempt(okdok.Status.SERVER_ERROR, 503, 0.0, 0.25), okdok.Attempt(77, 429, 1.5, 0.125))


def failed(status: int) -> okdok.OkdokError:
    return _errors.from_ffi(
        _ffi.Error(
            status=status,
            http_status=429,
            attempts=2,
            outcome_unknown=1,
            retry_after_ms=1500,
            service_code="err.é".encode(),
            service_value=b"id-1",
            message="what happened: é".encode(),
            elapsed_ms=1875,
            attempt_log=(_ffi.Attempt * 6)(
                _ffi.Attempt(25, 503, 0, 250), _ffi.Attempt(77, 429, 1500, 125), _ffi.Attempt(0, 0, 0, 0)
            ),
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
    assert error.attempts == 2
    assert error.outcome_unknown is True
    assert error.retry_after == 1.5
    assert error.service_code == "err.é"
    assert error.service_value == "id-1"
    assert error.elapsed == 1.875
    assert error.attempt_log == LOG
    assert str(error) == "what happened: é"


def test_an_unknown_number_is_a_status_too() -> None:
    error = failed(77)
    assert type(error) is okdok.OkdokError
    assert isinstance(error.status, okdok.Status)
    assert (error.status, error.status.name, error.status.value) == (77, "UNKNOWN_77", 77)
    assert pickle.loads(pickle.dumps(error.status)) == error.status
    assert "status=<Status.UNKNOWN_77: 77>" in repr(error)
    with pytest.raises(ValueError, match="not a valid Status"):
        okdok.Status("77")  # type: ignore[arg-type]


def test_the_log_has_the_newest_six_attempts() -> None:
    entries = [_ffi.Attempt(25, 500 + n, 0, 0) for n in range(6)]
    error = _errors.from_ffi(_ffi.Error(status=25, attempts=9, attempt_log=(_ffi.Attempt * 6)(*entries)))
    assert [attempt.http_status for attempt in error.attempt_log] == [500, 501, 502, 503, 504, 505]


def test_what_is_absent_is_empty() -> None:
    error = _errors.from_ffi(_ffi.Error(status=okdok.Status.INVALID_CLIENT))
    assert [getattr(error, name) for name in FIELDS] == [
        okdok.Status.INVALID_CLIENT, 0, 0, False, 0.0, "", "", 0.0, ()
    ]  # fmt: skip


def test_text_of_the_greatest_length() -> None:
    error = _errors.from_ffi(
        _ffi.Error(status=20, service_code=b"c" * 127, service_value=b"v" * 255, message=b"m" * 511)
    )
    assert (len(error.service_code), len(error.service_value), len(str(error))) == (127, 255, 511)


def made(kind: type[okdok.OkdokError]) -> okdok.OkdokError:
    return kind(
        "what happened",
        http_status=400,
        attempts=2,
        outcome_unknown=False,
        retry_after=2.5,
        service_code="err.x",
        service_value="id",
        elapsed=12.25,
        attempt_log=LOG,
    )


def assert_equal(twin: BaseException, original: okdok.OkdokError) -> None:
    assert type(twin) is type(original)
    assert isinstance(twin, okdok.OkdokError)
    assert isinstance(twin.status, okdok.Status)
    assert str(twin) == str(original)
    assert vars(twin) == vars(original)
    assert set(FIELDS) == set(vars(twin))
    assert twin.args == original.args
    if isinstance(twin, OSError):
        assert (twin.errno, twin.strerror, twin.filename) == (None, None, None)


@pytest.mark.parametrize("kind", [okdok.OkdokError, *KINDS])
def test_exceptions_pickle_and_copy(kind: type[okdok.OkdokError]) -> None:
    original = made(kind)
    copies = [pickle.loads(pickle.dumps(original, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*copies, copy.copy(original), copy.deepcopy(original)):
        assert_equal(twin, original)


@pytest.mark.parametrize("kind", [okdok.OkdokError, *KINDS])
def test_exceptions_go_through_json(kind: type[okdok.OkdokError]) -> None:
    """As Celery, RQ, Dramatiq and others transfer exceptions without pickle."""
    for original in (made(kind), kind("what happened"), kind(), failed(77)):
        assert_equal(type(original)(*original.args), original)
        assert_equal(type(original)(*json.loads(json.dumps(original.args))), original)


@pytest.mark.parametrize("kind", [okdok.OkdokError, *KINDS])
def test_a_message_alone_claims_nothing(kind: type[okdok.OkdokError]) -> None:
    assert kind("what happened").outcome_unknown
    assert kind().outcome_unknown


def test_a_deletion_goes_through_pickle_and_json() -> None:
    deletion = okdok.Deletion("id", presumed=True, attempts=2, http_status=400, elapsed=1.5, attempt_log=LOG)
    for twin in (pickle.loads(pickle.dumps(deletion)), copy.copy(deletion), copy.deepcopy(deletion)):
        assert twin == deletion
        assert hash(twin) == hash(deletion)
    assert deletion != okdok.Deletion("id", presumed=True, attempts=2, http_status=400, elapsed=1.5)
    assert deletion != "id"
    assert json.loads(json.dumps(deletion.asdict())) == {
        "id": "id",
        "presumed": True,
        "attempts": 2,
        "http_status": 400,
        "elapsed": 1.5,
        "attempt_log": [
            {"status": "SERVER_ERROR", "http_status": 503, "waited": 0.0, "elapsed": 0.25},
            {"status": "UNKNOWN_77", "http_status": 429, "waited": 1.5, "elapsed": 0.125},
        ],
    }
    assert repr(LOG[0]) == (
        "okdok.Attempt(status=<Status.SERVER_ERROR: 25>, http_status=503, waited=0.0, elapsed=0.25)"
    )


def test_exceptions_print_well() -> None:
    error = okdok.NotFoundError(
        "no such request", http_status=400, attempts=1, outcome_unknown=False, service_value="id-1"
    )
    assert str(error) == "no such request"
    assert repr(error) == (
        "NotFoundError('no such request', status=<Status.NOT_FOUND: 20>, http_status=400, attempts=1, "
        "service_value='id-1')"
    )
    assert f"{type(error).__module__}.{type(error).__qualname__}" == "okdok.NotFoundError"
