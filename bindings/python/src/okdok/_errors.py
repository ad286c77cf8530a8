"""One exception for each status, each also a built-in exception that a Python programmer would catch."""

from __future__ import annotations

from . import _ffi
from ._record import Attempt
from ._status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any


class OkdokError(Exception):
    """A call that did not delete the signature request, or could not find out whether it did.

    ``str(error)`` says what happened and what to do. ``type(error)(*error.args)`` has all fields again, also after the
    ``args``, which hold JSON's types only, went through JSON. One that is made from a message alone knows nothing, so
    its ``outcome_unknown`` is true.
    """

    args: tuple[Any, ...]
    """All fields, in the order of the constructor's arguments."""
    status: Status = Status.INTERNAL
    http_status: int
    """0 when no response arrived."""
    attempts: int
    """Attempts begun, retries included; 0 when the call was refused before the first."""
    outcome_unknown: bool
    """True when the service may have deleted the request all the same. False: this call deleted nothing."""
    retry_after: float
    """Seconds that the service asked to wait; 0.0 when it did not."""
    service_code: str
    """The service's own code, such as ``err.signature.request.not.exist``; empty when it sent none."""
    service_value: str
    """The value that came with it; empty when there was none."""
    elapsed: float
    """Seconds that the whole call took, waits included."""
    attempt_log: tuple[Attempt, ...]
    """The newest six attempts, oldest first."""

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
        # After super(), since OSError would take some of them for errno and the name of a file.
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
    """No such signature request, and no attempt of this call can have deleted it."""

    status: Status = Status.NOT_FOUND


class BadRequestError(OkdokError):
    """The service answered 400 for another reason than a missing signature request."""

    status: Status = Status.BAD_REQUEST


class UnauthorizedError(OkdokError):
    """The service did not accept the key (401)."""

    status: Status = Status.UNAUTHORIZED


class ForbiddenError(OkdokError, PermissionError):
    """The key lacks the permission (403)."""

    status: Status = Status.FORBIDDEN


class RateLimitedError(OkdokError):
    """Too many requests (429); see ``retry_after``."""

    status: Status = Status.RATE_LIMITED


class ServerError(OkdokError):
    """The service failed (5xx)."""

    status: Status = Status.SERVER_ERROR


class UnexpectedResponseError(OkdokError):
    """An answer that this service does not give: a wrong host, or something in between."""

    status: Status = Status.UNEXPECTED_RESPONSE


class ResolveFailedError(OkdokError, ConnectionError):
    """The host name could not be resolved, or not in time."""

    status: Status = Status.RESOLVE_FAILED


class ConnectFailedError(OkdokError, ConnectionError):
    """No connection: refused, unreachable, too slow, or broken during the handshake."""

    status: Status = Status.CONNECT_FAILED


class TlsFailedError(OkdokError, ConnectionError):
    """Certificate or handshake refused by either side, or no roots to trust."""

    status: Status = Status.TLS_FAILED


class TimedOutError(OkdokError, TimeoutError):
    """The deadline passed."""

    status: Status = Status.TIMED_OUT


class ConnectionLostError(OkdokError, ConnectionError):
    """The connection broke after the request may have been sent."""

    status: Status = Status.CONNECTION_LOST


class ProxyRefusedError(OkdokError, ConnectionError):
    """The proxy did not open a tunnel."""

    status: Status = Status.PROXY_REFUSED


class InternalError(OkdokError):
    """A bug in the library, caught at its boundary."""

    status: Status = Status.INTERNAL


class NoResourcesError(OkdokError):
    """No thread, descriptor or memory map could be had from the system."""

    status: Status = Status.NO_RESOURCES


_BY_STATUS: dict[int, type[OkdokError]] = {int(kind.status): kind for kind in OkdokError.__subclasses__()}

for _kind in (OkdokError, *_BY_STATUS.values()):
    # Tracebacks and pickles name the place that users import from.
    _kind.__module__ = "okdok"


def from_ffi(error: _ffi.Error) -> OkdokError:
    """The exception for what the library wrote about a call that returned false."""
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
    """The attempts that the library wrote down."""
    return tuple(
        [
            Attempt(one.status, one.http_status, one.waited_ms / 1000, one.elapsed_ms / 1000)
            for one in error.attempt_log[: error.attempts]
        ]
    )
