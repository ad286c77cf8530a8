"""The client: argument checks, then the C ABI."""

from __future__ import annotations

import ctypes
import math
import os
import sys

from . import _ffi
from ._errors import InvalidArgumentError, OkdokError, attempt_log_of, from_ffi
from ._record import Deletion
from ._status import Status

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

DEVELOPMENT_HOST = "https://apidev.okdokument.com"
_UINT32_MAX = 0xFFFF_FFFF


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
    :param proxy: ``None`` = from the environment or the system, ``""`` = none, else its URL.
    :param user_agent: put in front of ``okdok/<version>``.
    :raises TypeError: an argument of the wrong type.
    :raises InvalidArgumentError: an argument that the ABI or the library refuses.
    :raises TlsFailedError: there are no roots to trust.
    :raises ImportError: the shared library cannot be loaded.
    """

    # For a fake that is a subclass and does not call this class's constructor.
    _handle: int | None = None
    _base_url: str | None = None
    _timeout: float = 30.0

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
        self._base_url = base_url
        self._timeout = options.timeout_ms / 1000
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

    @property
    def base_url(self) -> str:
        """The service, as the constructor was told."""
        return DEVELOPMENT_HOST if self._base_url is None else self._base_url

    def delete_signature_request(self, signature_request_id: str) -> Deletion:
        """Deletes one signature request. Blocks for at most ``timeout`` and a quarter of a second, without the GIL.

        :param signature_request_id: opaque, 1 to 256 bytes of UTF-8.
        :raises TypeError: the id is not a ``str``.
        :raises OkdokError: it was not deleted; with ``outcome_unknown``, it may have been.
        """
        status = ctypes.c_int32()
        error = _ffi.Error()
        deleted = self._library.okdok_delete_signature_request(
            self._handle,
            _text("signature_request_id", signature_request_id),
            ctypes.byref(status),
            ctypes.byref(error),
        )
        # An unknown status is no reason for doubt: the returned bool decides.
        if not deleted:
            failure = from_ffi(error)
            _log(signature_request_id, failure.status, failure)
            raise failure
        deletion = Deletion(
            signature_request_id,
            presumed=status.value == Status.PRESUMED_DELETED,
            attempts=error.attempts,
            http_status=error.http_status,
            elapsed=error.elapsed_ms / 1000,
            attempt_log=attempt_log_of(error),
        )
        _log(signature_request_id, Status(status.value), deletion)
        return deletion

    async def delete_signature_request_async(self, signature_request_id: str) -> Deletion:
        """The same, awaited: on one of 64 daemon threads of this client; more calls wait in a queue.

        Ends within ``timeout`` and a quarter of a second of being awaited, queued or not. Cancelling returns at once: a
        call still queued is then never sent, and the outcome of one under way is unknown.

        :raises TimedOutError: with 0 ``attempts``, when no thread became free in time; nothing was sent.
        :raises NoResourcesError: no thread can be had, or too many calls that were given up are still under way.
        """
        # asyncio takes longer to import than all the rest of this package.
        from ._async import in_thread

        return await in_thread(self, signature_request_id, self._timeout)

    def close(self) -> None:
        """Ends the client; calls under way finish. May be called again, from any thread; never waits."""
        # Handles are never reused, and freeing one again does nothing.
        if self._handle is not None:
            self._library.okdok_free(self._handle)

    async def aclose(self) -> None:
        """The same as ``close``."""
        self.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    async def __aenter__(self) -> Client:
        return self

    async def __aexit__(
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


def check_signature_request_id(signature_request_id: str) -> None:
    """Looks at an id as a call would before anything is sent. Needs no client and sends nothing.

    :raises TypeError: it is not a ``str``.
    :raises InvalidArgumentError: no call would send it.
    :raises ImportError: the shared library cannot be loaded.
    """
    call = _ffi.library().okdok_delete_signature_request
    text = _text("signature_request_id", signature_request_id)
    status = ctypes.c_int32()
    # The library looks at the id before the handle.
    call(None, text, ctypes.byref(status), None)
    if status.value != Status.INVALID_CLIENT:
        error = _ffi.Error()
        call(None, text, None, ctypes.byref(error))
        raise from_ffi(error)


def base_url_from_env() -> str:
    """``OKDOK_BASE_URL``, which must be set."""
    base_url = os.environ.get("OKDOK_BASE_URL")
    if not base_url:
        raise _refused("OKDOK_BASE_URL is not set: set it to the service's URL, https://…")
    return base_url


def api_key_from_env() -> str:
    """``OKDOK_API_KEY``, or the content of the file ``OKDOK_API_KEY_FILE``."""
    api_key, path = os.environ.get("OKDOK_API_KEY"), os.environ.get("OKDOK_API_KEY_FILE")
    if api_key and path:
        raise _refused("OKDOK_API_KEY and OKDOK_API_KEY_FILE are both set: unset one")
    if path:
        return api_key_from_file(path)
    if not api_key:
        raise _refused("neither OKDOK_API_KEY nor OKDOK_API_KEY_FILE is set")
    return api_key


def api_key_from_file(path: str) -> str:
    """The key in a file, without the white space around it."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            return file.read().strip()
    except UnicodeDecodeError:
        # Its text would quote bytes of the key.
        raise _refused(f"the key file {path} is not text") from None
    except (OSError, ValueError) as problem:
        raise _refused(f"the key file cannot be read: {problem}") from problem


def _refused(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, outcome_unknown=False)


def _log(signature_request_id: str, status: Status, outcome: Deletion | OkdokError) -> None:
    """To the logger ``okdok``, if the program has imported ``logging``: nobody listens otherwise."""
    # Absent also while another thread is still importing it.
    get_logger = getattr(sys.modules.get("logging"), "getLogger", None)
    if get_logger is None:
        return
    logger = get_logger("okdok")
    # DEBUG and INFO of logging.
    levels = [level for level in (10, 20) if logger.isEnabledFor(level) and (level == 10 or outcome.attempts > 1)]
    if not levels:
        return
    fields = {
        "signature_request_id": signature_request_id,
        "status": status.name,
        "http_status": outcome.http_status,
        "attempts": outcome.attempts,
        "outcome_unknown": isinstance(outcome, OkdokError) and outcome.outcome_unknown,
        "elapsed": outcome.elapsed,
        "attempt_log": [attempt.asdict() for attempt in outcome.attempt_log],
    }
    if isinstance(outcome, OkdokError):
        fields.update(
            retry_after=outcome.retry_after, service_code=outcome.service_code, service_value=outcome.service_value
        )
    for level in levels:
        logger.log(
            level, "%s: %s, attempts: %d, %.3f s", signature_request_id, status.name, outcome.attempts, outcome.elapsed,
            extra=fields,
        )  # fmt: skip


def _text(name: str, value: object) -> bytes:
    if not isinstance(value, str):
        kind = type(value).__name__
        raise TypeError(f"{name} must be a str, not {kind}" + (": pass str(...) of it" if kind == "UUID" else ""))
    if "\0" in value:
        raise _refused(f"{name} contains a NUL")
    try:
        return value.encode()
    except UnicodeEncodeError:
        # Its text would quote the value, which may be the key.
        raise _refused(f"{name} contains a lone surrogate, which is not text") from None


def _milliseconds(name: str, seconds: Any) -> int:
    # A str has no __float__, any number of the real line has.
    if isinstance(seconds, bool) or not hasattr(seconds, "__float__"):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    try:
        exact = float(seconds) * 1000
    except OverflowError:
        exact = math.inf
    # NaN fails both comparisons.
    if not 0 < exact <= _UINT32_MAX:
        raise _refused(f"{name} must be above 0 and at most {_UINT32_MAX / 1000} seconds, not {seconds!r}")
    # Up, or 0.0004 s would become 0, the default; but 4.035 s are 4035 ms, in spite of binary fractions.
    return max(1, math.ceil(round(exact, 6)))


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    count = value.__index__()
    if not 1 <= count <= _UINT32_MAX:
        raise _refused(f"{name} must be from 1 to {_UINT32_MAX}, not {count}")
    return count
