"""The statuses of the C ABI, by name."""

from __future__ import annotations

import enum


class Status(enum.IntEnum):
    """The result of a call or an attempt: the numbers of ``OKDOK_STATUS_…`` in ``okdok.h``, which never change.

    A number that only a newer library knows is also a ``Status``, named ``UNKNOWN_<number>``.
    """

    OK = 0
    PRESUMED_DELETED = 1
    INVALID_ARGUMENT = 10
    INVALID_CLIENT = 11
    NOT_FOUND = 20
    BAD_REQUEST = 21
    UNAUTHORIZED = 22
    FORBIDDEN = 23
    RATE_LIMITED = 24
    SERVER_ERROR = 25
    UNEXPECTED_RESPONSE = 26
    RESOLVE_FAILED = 30
    CONNECT_FAILED = 31
    TLS_FAILED = 32
    TIMED_OUT = 33
    CONNECTION_LOST = 34
    PROXY_REFUSED = 35
    INTERNAL = 40
    NO_RESOURCES = 41

    @classmethod
    def _missing_(cls, value: object) -> Status | None:
        if not isinstance(value, int):
            return None
        unknown = int.__new__(cls, value)
        unknown._name_ = f"UNKNOWN_{value}"
        unknown._value_ = value
        return unknown

    def __reduce_ex__(self, protocol: object) -> tuple[type[Status], tuple[int]]:
        # By number: early releases of Python 3.11 pickle by name, which an unknown number has not.
        return Status, (int(self),)
