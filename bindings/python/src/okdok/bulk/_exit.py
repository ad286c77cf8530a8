"""The exit codes of the command."""

from __future__ import annotations

import enum


class Exit(enum.IntEnum):
    DONE = 0
    NOT_ALL = 1
    REFUSED = 2
    NO_POINT = 3
    STOPPED = 130
