"""The client: argument checks, then the C ABI."""

from __future__ import annotations

import ctypes
import functools
import math
import numbers
import operator
import os
from dataclasses import dataclass
from types import TracebackType

from . import _ffi
from ._errors import InvalidArgumentError, from_ffi
from ._status import Status

_UINT32_MAX = 0xFFFF_FFFF


@dataclass(frozen=True)
class Deletion:
    """A signature request that is gone."""

    id: str
    presumed: bool
    """True when the service said "does not exist" after an attempt whose outcome could not be learned: most likely
    that attempt deleted it, but the id or the host may also be wrong."""
    attempts: int
    """Attempts begun, retries included."""
    http_status: int
    """Of the last answer."""


class Client:
    """Deletes signature requests of one OKdokument account.

    Any number of threads may use one client at once, and close it while calls run: those finish. It works on both
    sides of a ``fork``. Clients are cheap: those with equal options share connections and one background thread.

    :param base_url: the service, ``https://…``, or ``http://…`` on this machine only. ``None`` means the *development*
        host, https://apidev.okdokument.com.
    :param api_key: 1 to 4096 visible ASCII characters.
    :param timeout: seconds that one call may take, with all its attempts and waits.
    :param connect_timeout: seconds for name, proxy and TLS of one connection; at most half of ``timeout`` is used.
    :param max_attempts: 1 = never retry.
    :param ca_file: PEM bundle trusted instead of the system's roots.
    :param proxy: ``None`` = from the environment or the system, ``""`` = none, else an ``http://`` or ``https://`` URL.
    :param user_agent: put in front of ``okdok/<version>``.
    :raises TypeError: an argument of the wrong type.
    :raises InvalidArgumentError: an argument that the ABI or the library refuses.
    :raises TlsFailedError: there are no roots to trust.
    :raises ImportError: the shared library cannot be loaded.
    """

    __slots__ = ("__weakref__", "_base_url", "_handle", "_library")

    def __init__(
        self,
        base_url: str | None = None,
        *,
        api_key: str,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_attempts: int = 3,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
    ) -> None:
        self._handle: int | None = None
        self._base_url = base_url
        base_url_text = None if base_url is None else _text("base_url", base_url)
        api_key_text = _text("api_key", api_key)
        options = _ffi.Options(
            size=ctypes.sizeof(_ffi.Options),
            timeout_ms=_milliseconds("timeout", timeout),
            connect_timeout_ms=_milliseconds("connect_timeout", connect_timeout),
            max_attempts=_count("max_attempts", max_attempts),
            ca_file=None if ca_file is None else _text("ca_file", os.fsdecode(ca_file)),
            proxy=None if proxy is None else _text("proxy", proxy),
            user_agent=None if user_agent is None else _text("user_agent", user_agent),
        )
        self._library = _ffi.library()
        error = _ffi.Error()
        self._handle = self._library.okdok_client_new(
            base_url_text, api_key_text, ctypes.byref(options), None, ctypes.byref(error)
        )
        if self._handle is None:
            raise from_ffi(error)

    @classmethod
    def from_env(
        cls,
        *,
        timeout: float = 30.0,
        connect_timeout: float = 10.0,
        max_attempts: int = 3,
        ca_file: str | os.PathLike[str] | None = None,
        proxy: str | None = None,
        user_agent: str | None = None,
    ) -> Client:
        """A client of ``OKDOK_BASE_URL`` with the key in ``OKDOK_API_KEY`` or in the file ``OKDOK_API_KEY_FILE``.

        The base URL must be set: nobody should meet the development host by forgetting it.

        :raises InvalidArgumentError: one is missing, both keys are set, or the file cannot be read.
        """
        return cls(
            base_url_from_env(),
            api_key=api_key_from_env(),
            timeout=timeout,
            connect_timeout=connect_timeout,
            max_attempts=max_attempts,
            ca_file=ca_file,
            proxy=proxy,
            user_agent=user_agent,
        )

    def delete_signature_request(self, signature_request_id: str) -> Deletion:
        """Deletes one signature request. Blocks for at most ``timeout`` and a quarter of a second, without the GIL.

        :param signature_request_id: opaque, 1 to 256 bytes of UTF-8.
        :raises TypeError: the id is not a ``str``.
        :raises OkdokError: it was not deleted; with ``outcome_unknown``, it may have been.
        """
        status = ctypes.c_int32()
        error = _ffi.Error()
        # An unknown status is no reason for doubt: the returned bool decides.
        if not self._library.okdok_delete_signature_request(
            self._handle,
            _text("signature_request_id", signature_request_id),
            ctypes.byref(status),
            ctypes.byref(error),
        ):
            raise from_ffi(error)
        return Deletion(
            id=signature_request_id,
            presumed=status.value == Status.PRESUMED_DELETED,
            attempts=error.attempts,
            http_status=error.http_status,
        )

    async def delete_signature_request_async(self, signature_request_id: str) -> Deletion:
        """The same, awaited. Runs on one of 64 daemon threads; more calls wait in a queue.

        Cancelling returns at once. A call still queued is then never sent; the outcome of one under way is unknown.
        """
        # asyncio takes longer to import than all the rest of this package.
        from ._async import in_thread

        return await in_thread(functools.partial(self.delete_signature_request, signature_request_id))

    def close(self) -> None:
        """Ends the client; calls under way finish. May be called again, from any thread; never waits."""
        # Handles are never reused, and freeing one again does nothing.
        if self._handle is not None:
            self._library.okdok_free(self._handle)

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def __del__(self) -> None:
        # At interpreter shutdown anything may be gone, contextlib too.
        try:  # noqa: SIM105
            self.close()
        except Exception:  # noqa: BLE001
            pass

    def __repr__(self) -> str:
        return f"okdok.Client({self._base_url!r})"

    def __reduce__(self) -> str:
        # A copy would close the original; another process would not know the handle.
        raise TypeError("an okdok.Client cannot be pickled or copied: make another one")


def base_url_from_env() -> str:
    """``OKDOK_BASE_URL``, which must be set."""
    base_url = os.environ.get("OKDOK_BASE_URL")
    if not base_url:
        raise InvalidArgumentError("OKDOK_BASE_URL is not set: set it to the service's URL, https://…")
    return base_url


def api_key_from_env() -> str:
    """``OKDOK_API_KEY``, or the content of the file ``OKDOK_API_KEY_FILE``."""
    api_key, path = os.environ.get("OKDOK_API_KEY"), os.environ.get("OKDOK_API_KEY_FILE")
    if api_key and path:
        raise InvalidArgumentError("OKDOK_API_KEY and OKDOK_API_KEY_FILE are both set: unset one")
    if path:
        return api_key_from_file(path)
    if not api_key:
        raise InvalidArgumentError("neither OKDOK_API_KEY nor OKDOK_API_KEY_FILE is set")
    return api_key


def api_key_from_file(path: str) -> str:
    """The key in a file, without the white space around it."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().strip()
    except UnicodeDecodeError:
        # Its text would quote bytes of the key.
        raise InvalidArgumentError(f"the key file {path} is not text") from None
    except (OSError, ValueError) as problem:
        raise InvalidArgumentError(f"the key file cannot be read: {problem}") from problem


def _text(name: str, value: str) -> bytes:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a str, not {type(value).__name__}")
    if "\0" in value:
        raise InvalidArgumentError(f"{name} contains a NUL")
    try:
        return value.encode()
    except UnicodeEncodeError:
        # Its text would quote the value, which may be the key.
        raise InvalidArgumentError(f"{name} contains a lone surrogate, which is not text") from None


def _milliseconds(name: str, seconds: object) -> int:
    if isinstance(seconds, bool) or not isinstance(seconds, numbers.Real):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    try:
        exact = float(seconds) * 1000
    except OverflowError:
        exact = math.inf
    # NaN fails both comparisons.
    if not 0 < exact <= _UINT32_MAX:
        raise InvalidArgumentError(f"{name} must be above 0 and at most {_UINT32_MAX / 1000} seconds, not {seconds!r}")
    # Up, or 0.0004 s would become 0, the default; but 4.035 s are 4035 ms, in spite of binary fractions.
    return max(1, math.ceil(round(exact, 6)))


def _count(name: str, value: int) -> int:
    if isinstance(value, bool):
        raise TypeError(f"{name} must be an int, not bool")
    count = operator.index(value)
    if not 1 <= count <= _UINT32_MAX:
        raise InvalidArgumentError(f"{name} must be from 1 to {_UINT32_MAX}, not {count}")
    return count
