"""One exception for each status, derived from the built-in exception that fits, if there is one."""

from __future__ import annotations

from . import _ffi
from ._record import Attempt
from ._status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class OkdokError(Exception):
    """A signature request was not deleted, the call could not find out whether it was, or a client could not be made.

    ``str(error)`` says what happened and what to do. ``type(error)(*error.args)`` makes an exception with the same
    fields, even after ``args`` was converted to JSON and back, since it has only types that JSON has. If an exception
    is made from a message alone, its ``outcome_unknown`` is true, since the outcome is not known.
    """

    args: tuple[Any, ...]
    """All fields, in the order of the constructor's arguments."""
    status: Status = Status.INTERNAL
    http_status: int
    """The HTTP status code of the reported response; 0 if none arrived."""
    attempts: int
    """Attempts started, including retries and those that sent nothing; 0 if the call was refused before the first."""
    outcome_unknown: bool
    """True if the service may have deleted the signature request and this call could not find out. If false, this call
    deleted nothing."""
    retry_after: float
    """The wait that the last response asked for, in seconds; 0.0 for none."""
    service_code: str
    """The response's ``message``, such as ``err.signature.request.not.exist``; empty if there is none."""
    service_value: str
    """The response's ``value`` or ``result``; empty if there is none."""
    elapsed: float
    """The duration of the whole call including waits, in seconds."""
    attempt_log: tuple[Attempt, ...]
    """The newest six attempts, oldest first; empty if the call was refused before the first."""

    def __init__(
        self,
        message: str = "",
        status: int | None = None,
        http_status: int = 0,
        attempts: int = 0,
        outcome_unknown: bool = True,
        retry_after: float = 0.0,
        service_code: str = "",
        service_value: str = "",
        elapsed: float = 0.0,
        attempt_log: Iterable[Attempt | Sequence[int | float]] = (),
    ) -> None:
        super().__init__(message)
        self.status = type(self).status if status is None else Status(status)
        self.http_status = http_status
        self.attempts = attempts
        self.outcome_unknown = outcome_unknown
        self.retry_after = retry_after
        self.service_code = service_code
        self.service_value = service_value
        self.elapsed = elapsed
        self.attempt_log = tuple(
            [one if isinstance(one, Attempt) else Attempt(*one) for one in attempt_log]  # type: ignore[arg-type]
        )
        # Set after super().__init__(): OSError would take some of them for errno and the name of a file.
        self.args = (
            message,
            int(self.status),
            http_status,
            attempts,
            outcome_unknown,
            retry_after,
            service_code,
            service_value,
            elapsed,
            [[int(one.status), one.http_status, one.waited, one.elapsed] for one in self.attempt_log],
        )

    def __str__(self) -> str:
        return str(self.args[0])

    def __repr__(self) -> str:
        fields = "".join([f", {name}={value!r}" for name, value in vars(self).items() if value or name == "status"])
        return f"{type(self).__name__}({str(self)!r}{fields})"


class InvalidArgumentError(OkdokError, ValueError):
    """An argument was refused; nothing was sent."""

    status: Status = Status.INVALID_ARGUMENT


class InvalidClientError(OkdokError, ValueError):
    """The client is closed; nothing was sent."""

    status: Status = Status.INVALID_CLIENT


class NotFoundError(OkdokError, LookupError):
    """The signature request does not exist, and no attempt of this call can have deleted it."""

    status: Status = Status.NOT_FOUND


class BadRequestError(OkdokError):
    """Any other 400."""

    status: Status = Status.BAD_REQUEST


class UnauthorizedError(OkdokError):
    """401: the service did not accept the API key."""

    status: Status = Status.UNAUTHORIZED


class ForbiddenError(OkdokError, PermissionError):
    """403: the API key lacks the permission."""

    status: Status = Status.FORBIDDEN


class RateLimitedError(OkdokError):
    """429: too many requests; see ``retry_after``."""

    status: Status = Status.RATE_LIMITED


class ServerError(OkdokError):
    """5xx: the service or a gateway failed."""

    status: Status = Status.SERVER_ERROR


class UnexpectedResponseError(OkdokError):
    """Any other response: a redirect, 204, 404, 408, a 200 that does not confirm this id, or something that is not
    HTTP. The service does not send these: the host may be wrong, or something in between responded.
    """

    status: Status = Status.UNEXPECTED_RESPONSE


class ResolveFailedError(OkdokError, ConnectionError):
    """The host name could not be resolved, or not in time."""

    status: Status = Status.RESOLVE_FAILED


class ConnectFailedError(OkdokError, ConnectionError):
    """No connection: refused, unreachable, too slow, or broken during the handshake."""

    status: Status = Status.CONNECT_FAILED


class TlsFailedError(OkdokError, ConnectionError):
    """One side refused the certificate or the handshake; or, from the constructor, there are no roots to trust."""

    status: Status = Status.TLS_FAILED


class TimedOutError(OkdokError, TimeoutError):
    """The deadline passed."""

    status: Status = Status.TIMED_OUT


class ConnectionLostError(OkdokError, ConnectionError):
    """The connection broke after the request may have been sent."""

    status: Status = Status.CONNECTION_LOST


class ProxyRefusedError(OkdokError, ConnectionError):
    """The proxy did not open a tunnel: it refused, asked for a login or hung up. Never retried."""

    status: Status = Status.PROXY_REFUSED


class InternalError(OkdokError):
    """A bug in the library, caught at its boundary."""

    status: Status = Status.INTERNAL


class NoResourcesError(OkdokError):
    """The system has no thread, descriptor or memory map left."""

    status: Status = Status.NO_RESOURCES


_BY_STATUS: dict[int, type[OkdokError]] = {int(kind.status): kind for kind in OkdokError.__subclasses__()}

for _kind in (OkdokError, *_BY_STATUS.values()):
    # Tracebacks and pickles then name the module that users import from.
    _kind.__module__ = "okdok"


def from_ffi(error: _ffi.Error) -> OkdokError:
    """The exception for a call that returned false, made from what the library wrote."""
    return _BY_STATUS.get(error.status, OkdokError)(
        error.message.decode(errors="replace"),
        status=error.status,
        http_status=error.http_status,
        attempts=error.attempts,
        outcome_unknown=error.outcome_unknown != 0,
        retry_after=error.retry_after_ms / 1000,
        service_code=error.service_code.decode(errors="replace"),
        service_value=error.service_value.decode(errors="replace"),
        elapsed=error.elapsed_ms / 1000,
        attempt_log=attempt_log_of(error),
    )


def attempt_log_of(error: _ffi.Error) -> tuple[Attempt, ...]:
    """The attempts that the library recorded."""
    return tuple(
        [
            Attempt(one.status, one.http_status, one.waited_ms / 1000, one.elapsed_ms / 1000)
            for one in error.attempt_log[: error.attempts]
        ]
    )
