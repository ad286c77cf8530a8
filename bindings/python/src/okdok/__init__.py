"""Delete OKdokument signature requests.

>>> import okdok
>>> with okdok.Client.from_env() as client:                                    # doctest: +SKIP
...     client.delete_signature_request("32f8628d-6658-443d-a2a0-f59d9d3752d2")
"""

from ._client import Client, check_signature_request_id
from ._errors import (
    BadRequestError,
    ConnectFailedError,
    ConnectionLostError,
    ForbiddenError,
    InternalError,
    InvalidArgumentError,
    InvalidClientError,
    NoResourcesError,
    NotFoundError,
    OkdokError,
    ProxyRefusedError,
    RateLimitedError,
    ResolveFailedError,
    ServerError,
    TimedOutError,
    TlsFailedError,
    UnauthorizedError,
    UnexpectedResponseError,
)
from ._ffi import library_path, library_version
from ._record import Attempt, Deletion
from ._status import Status

for _kind in (Attempt, Client, Deletion, Status):
    # Tracebacks and pickles then name the module that users import from.
    _kind.__module__ = __name__

__version__ = "0.1.0"

__all__ = [
    "Attempt",
    "BadRequestError",
    "Client",
    "ConnectFailedError",
    "ConnectionLostError",
    "Deletion",
    "ForbiddenError",
    "InternalError",
    "InvalidArgumentError",
    "InvalidClientError",
    "NoResourcesError",
    "NotFoundError",
    "OkdokError",
    "ProxyRefusedError",
    "RateLimitedError",
    "ResolveFailedError",
    "ServerError",
    "Status",
    "TimedOutError",
    "TlsFailedError",
    "UnauthorizedError",
    "UnexpectedResponseError",
    "__version__",
    "check_signature_request_id",
    "library_path",
    "library_version",
]
