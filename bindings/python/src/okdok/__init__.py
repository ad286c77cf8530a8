"""Delete OKdokument signature requests.

>>> import okdok
>>> with okdok.Client.from_env() as client:                                    # doctest: +SKIP
...     client.delete_signature_request("32f8628d-6658-443d-a2a0-f59d9d3752d2")
"""

from ._client import Client, Deletion
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
from ._status import Status

__version__ = "0.1.0"

__all__ = [
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
]
