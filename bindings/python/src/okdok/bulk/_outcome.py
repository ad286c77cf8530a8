"""The outcome of one id."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass
from hashlib import blake2b

from .. import Attempt, Deletion, OkdokError, Status


@dataclass(frozen=True)
class Outcome:
    """The outcome of one id: the fields of an ``okdok.Deletion`` or an ``okdok.OkdokError``, time and base URL."""

    id: str
    base_url: str
    time: str
    """When the call ended, in UTC."""
    status: Status
    http_status: int = 0
    """The HTTP status code of the reported response; 0 if none arrived."""
    attempts: int = 0
    """Attempts started, including retries and those that sent nothing; 0 if the call was refused before the first."""
    outcome_unknown: bool = False
    """True if the service may have deleted the signature request and no call could find out."""
    retry_after: float = 0.0
    """The wait that the last response asked for, in seconds; 0.0 for none."""
    service_code: str = ""
    """The response's ``message``, such as ``err.signature.request.not.exist``; empty if there is none."""
    service_value: str = ""
    """The response's ``value`` or ``result``; empty if there is none."""
    message: str = ""
    """For a person: what happened and what to do."""
    elapsed: float = 0.0
    """The duration of the whole call including waits, in seconds."""
    attempt_log: tuple[Attempt, ...] = ()
    """The newest six attempts, oldest first."""

    @property
    def deleted(self) -> bool:
        """Whether it was deleted or is presumed deleted."""
        return self.status in (Status.OK, Status.PRESUMED_DELETED)

    def to_json(self) -> str:
        """The outcome as one line of a report."""
        fields = dict(vars(self))
        fields["status"] = self.status.name
        fields["attempt_log"] = [attempt.asdict() for attempt in self.attempt_log]
        # ASCII, so that even an id that is not text can be written and read back.
        return json.dumps(fields)


def outcome_of(
    signature_request_id: str, base_url: str, ended: Deletion | OkdokError, *, maybe_deleted_before: bool = False
) -> Outcome:
    """The outcome of a call.

    :param maybe_deleted_before: an earlier call may have deleted the id. This holds until a call finds it deleted.
    """
    now = datetime.datetime.now(datetime.timezone.utc)
    time = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if isinstance(ended, Deletion):
        return Outcome(
            signature_request_id, base_url, time, Status.PRESUMED_DELETED if ended.presumed else Status.OK,
            http_status=ended.http_status, attempts=ended.attempts, elapsed=ended.elapsed,
            attempt_log=ended.attempt_log,
        )  # fmt: skip
    outcome = Outcome(
        signature_request_id, base_url, time, ended.status,
        http_status=ended.http_status, attempts=ended.attempts, outcome_unknown=ended.outcome_unknown,
        retry_after=ended.retry_after, service_code=ended.service_code, service_value=ended.service_value,
        message=str(ended), elapsed=ended.elapsed, attempt_log=ended.attempt_log,
    )  # fmt: skip
    if not maybe_deleted_before:
        return outcome
    if outcome.status == Status.NOT_FOUND:
        return dataclasses.replace(
            outcome,
            status=Status.PRESUMED_DELETED,
            message="does not exist, but an earlier call with an unknown outcome may have deleted it; "
            "the id or the host may also be wrong",
        )
    return dataclasses.replace(outcome, outcome_unknown=True)


def digest(signature_request_id: str) -> bytes:
    """Kept in memory in place of an id, since there may be very many: short, but no two ids will ever share one."""
    # With 15 bytes the object fits into 48.
    return blake2b(signature_request_id.encode("utf-8", "surrogatepass"), digest_size=15).digest()


def digest_of_bytes(signature_request_id: bytes) -> bytes:
    return blake2b(signature_request_id, digest_size=15).digest()
