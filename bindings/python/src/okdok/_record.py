"""The result of a call that succeeded, and how each attempt ended.

Written by hand, since importing ``dataclasses`` takes longer than the rest of this package.
"""

from __future__ import annotations

from ._status import Status


class _Record:
    """An immutable value; two are equal if their fields are."""

    __slots__: tuple[str, ...] = ()

    def _values(self) -> tuple[object, ...]:
        return tuple([getattr(self, name) for name in self.__slots__])

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be changed")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__}.{name} cannot be deleted")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, type(self)):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(self._values())

    def __repr__(self) -> str:
        fields = ", ".join([f"{name}={value!r}" for name, value in zip(self.__slots__, self._values())])
        return f"okdok.{type(self).__name__}({fields})"

    def __reduce__(self) -> tuple[type, tuple[object, ...]]:
        return type(self), self._values()


_set = object.__setattr__


class Attempt(_Record):
    """How one attempt of a call ended. Immutable."""

    __slots__ = ("status", "http_status", "waited", "elapsed")  # noqa: RUF023 # the order of the arguments

    status: Status
    """How it ended."""
    http_status: int
    """The HTTP status code of the response; 0 if none arrived."""
    waited: float
    """The wait before this attempt, in seconds; 0.0 for the first."""
    elapsed: float
    """The duration of this attempt, in seconds."""

    def __init__(self, status: int, http_status: int = 0, waited: float = 0.0, elapsed: float = 0.0) -> None:
        _set(self, "status", Status(status))
        _set(self, "http_status", http_status)
        _set(self, "waited", waited)
        _set(self, "elapsed", elapsed)

    def asdict(self) -> dict[str, object]:
        """The fields in types that JSON has; the status becomes its name."""
        return {
            "status": self.status.name,
            "http_status": self.http_status,
            "waited": self.waited,
            "elapsed": self.elapsed,
        }


class Deletion(_Record):
    """A signature request that is gone. Immutable."""

    __slots__ = ("id", "presumed", "attempts", "http_status", "elapsed", "attempt_log")  # noqa: RUF023 # likewise

    id: str
    """The id that was passed to the call."""
    presumed: bool
    """True if the service said "does not exist" after an attempt with an unknown outcome: most likely that attempt
    deleted it, but the id or the host may also be wrong."""
    attempts: int
    """Attempts started, including retries and those that sent nothing."""
    http_status: int
    """The HTTP status code of the last response."""
    elapsed: float
    """The duration of the whole call including waits, in seconds."""
    attempt_log: tuple[Attempt, ...]
    """The newest six attempts, oldest first."""

    def __init__(
        self,
        id: str,  # noqa: A002 # the name of the field
        presumed: bool = False,
        attempts: int = 1,
        http_status: int = 200,
        elapsed: float = 0.0,
        attempt_log: tuple[Attempt, ...] = (),
    ) -> None:
        _set(self, "id", id)
        _set(self, "presumed", presumed)
        _set(self, "attempts", attempts)
        _set(self, "http_status", http_status)
        _set(self, "elapsed", elapsed)
        _set(self, "attempt_log", attempt_log)

    def asdict(self) -> dict[str, object]:
        """The fields in types that JSON has."""
        return {
            "id": self.id,
            "presumed": self.presumed,
            "attempts": self.attempts,
            "http_status": self.http_status,
            "elapsed": self.elapsed,
            "attempt_log": [attempt.asdict() for attempt in self.attempt_log],
        }
