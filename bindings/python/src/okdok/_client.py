"""The client: checks arguments, then calls the C ABI."""

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

    Any number of threads may use one client at once. It may be closed while calls are under way; they finish. It works
    on both sides of a ``fork``. Clients are cheap: clients with equal options share connections and one background
    thread.

    :param base_url: URL of the service: ``https://…``, or ``http://…`` for this machine only. ``None`` means the
        *development* host, https://apidev.okdokument.com.
    :param api_key: 1 to 4096 visible ASCII characters.
    :param timeout: deadline of a whole call including all attempts and waits, in seconds.
    :param connect_timeout: time-out of one connection in seconds. It covers name resolution, all addresses, the proxy
        and TLS. At most half of ``timeout`` is used.
    :param max_attempts: maximum number of attempts; 1 means no retries.
    :param ca_file: file with PEM certificates that are trusted instead of the system's roots.
    :param proxy: URL of an ``http://``, ``https://``, ``socks5://`` or ``socks5h://`` proxy. ``""`` means no proxy,
        ``None`` the proxy from the environment or the system.
    :param user_agent: text to put in front of ``okdok/<version>`` in the header ``user-agent``.
    :raises TypeError: an argument has the wrong type.
    :raises InvalidArgumentError: an argument cannot be used; the message says which argument, and why.
    :raises TlsFailedError: there are no roots to trust.
    :raises NoResourcesError: the system has no thread, descriptor or memory map left.
    :raises ImportError: the shared library cannot be loaded.
    """

    # Defaults for test fakes: subclasses that do not call this constructor.
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
        """Makes a client for ``OKDOK_BASE_URL`` with the key from ``OKDOK_API_KEY`` or the file ``OKDOK_API_KEY_FILE``.

        ``OKDOK_BASE_URL`` must be set, so that nobody uses the development host by mistake. The arguments are those of
        the constructor.

        :raises InvalidArgumentError: a variable is missing, both keys are set, or the key file cannot be read.
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
        """The base URL, as the constructor got it; for ``None``, the development host."""
        return DEVELOPMENT_HOST if self._base_url is None else self._base_url

    def delete_signature_request(self, signature_request_id: str) -> Deletion:
        """Deletes one signature request. Blocks for at most ``timeout`` plus a quarter of a second, without the GIL.

        :param signature_request_id: opaque, 1 to 256 bytes of UTF-8.
        :raises TypeError: the id is not a ``str``.
        :raises OkdokError: it was not deleted; if ``outcome_unknown`` is true, it may have been.
        """
        status = ctypes.c_int32()
        error = _ffi.Error()
        deleted = self._library.okdok_delete_signature_request(
            self._handle,
            _text("signature_request_id", signature_request_id),
            ctypes.byref(status),
            ctypes.byref(error),
        )
        # The returned bool decides: a newer library may report statuses that are not known here.
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
        """Deletes one signature request, as an awaitable. Runs on a daemon thread of this client.

        64 calls of a client run at once; more wait in a queue. A call ends at most ``timeout`` plus a quarter of a
        second after it was awaited, whether it ran or waited. Cancelling returns at once. A call that is still queued
        is then never sent; the outcome of one under way is unknown.

        :raises TimedOutError: with 0 ``attempts`` if no thread became free in time; nothing was sent.
        :raises NoResourcesError: no thread can be started, or too many calls that were given up are still under way.
        """
        # asyncio takes longer to import than the rest of this package.
        from ._async import in_thread

        return await in_thread(self, signature_request_id, self._timeout)

    def close(self) -> None:
        """Closes the client; calls under way finish. Never waits. May be called again, and from any thread."""
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
        # At interpreter shutdown any module may be gone, including contextlib.
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
    """Checks an id as a call does before anything is sent. Needs no client and sends nothing.

    :raises TypeError: the id is not a ``str``.
    :raises InvalidArgumentError: the id cannot be used; the message says why.
    :raises ImportError: the shared library cannot be loaded.
    """
    call = _ffi.library().okdok_delete_signature_request
    text = _text("signature_request_id", signature_request_id)
    status = ctypes.c_int32()
    # The library checks the id before the handle.
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
    """``OKDOK_API_KEY``, or the content of the file that ``OKDOK_API_KEY_FILE`` names."""
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
        # The text of the original error would quote bytes of the key.
        raise _refused(f"the key file {path} is not text") from None
    except (OSError, ValueError) as problem:
        raise _refused(f"the key file cannot be read: {problem}") from problem


def _refused(message: str) -> InvalidArgumentError:
    return InvalidArgumentError(message, outcome_unknown=False)


def _log(signature_request_id: str, status: Status, outcome: Deletion | OkdokError) -> None:
    """Logs to the logger ``okdok`` if the program has imported ``logging``; nobody listens otherwise."""
    # getLogger is also missing while another thread is still importing logging.
    get_logger = getattr(sys.modules.get("logging"), "getLogger", None)
    if get_logger is None:
        return
    # The program's own filters and record factories may raise, and logging itself does if a factory has set one of our
    # fields. The call has been made, so its outcome must reach the caller.
    try:  # noqa: SIM105
        _log_to(get_logger("okdok"), signature_request_id, status, outcome)
    except Exception:  # noqa: BLE001
        pass


def _log_to(logger: Any, signature_request_id: str, status: Status, outcome: Deletion | OkdokError) -> None:
    # The values of logging.DEBUG and logging.INFO.
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
        raise TypeError(f"{name} must be a str, not {kind}" + (": convert it with str()" if kind == "UUID" else ""))
    if "\0" in value:
        raise _refused(f"{name} contains a NUL")
    try:
        return value.encode()
    except UnicodeEncodeError:
        # The text of the original error would quote the value, which may be the key.
        raise _refused(f"{name} contains a lone surrogate, which is not text") from None


def _milliseconds(name: str, seconds: Any) -> int:
    # Every type of real numbers has __float__; str has not.
    if isinstance(seconds, bool) or not hasattr(seconds, "__float__"):
        raise TypeError(f"{name} must be a number of seconds, not {type(seconds).__name__}")
    try:
        exact = float(seconds) * 1000
    except OverflowError:
        exact = math.inf
    # NaN fails both comparisons.
    if not 0 < exact <= _UINT32_MAX:
        raise _refused(f"{name} must be above 0 and at most {_UINT32_MAX / 1000} seconds, not {seconds!r}")
    # Rounds up, or 0.0004 s would become 0, which means the default. The inner round() makes 4.035 s 4035 ms, in spite
    # of binary fractions.
    return max(1, math.ceil(round(exact, 6)))


def _count(name: str, value: int) -> int:
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise TypeError(f"{name} must be an int, not {type(value).__name__}")
    count = value.__index__()
    if not 1 <= count <= _UINT32_MAX:
        raise _refused(f"{name} must be from 1 to {_UINT32_MAX}, not {count}")
    return count
