"""What became of one id."""

from __future__ import annotations

import dataclasses
import datetime
import json
from dataclasses import dataclass
from hashlib import blake2b

from .. import Attempt, Deletion, OkdokError, Status


@dataclass(frozen=True)
class Outcome:
    """What became of one id: the fields of an ``okdok.Deletion`` or an ``okdok.OkdokError``, and when and where."""

    id: str
    base_url: str
    time: str
    """When the call had ended, in UTC."""
    status: Status
    http_status: int = 0
    """Of the last answer; 0 when none arrived."""
    attempts: int = 0
    """0 when it was refused before the first."""
    outcome_unknown: bool = False
    """True when it may have been deleted all the same."""
    retry_after: float = 0.0
    """Seconds that the service asked to wait."""
    service_code: str = ""
    service_value: str = ""
    message: str = ""
    """For a person: what happened and what to do."""
    elapsed: float = 0.0
    """Seconds that the call took."""
    attempt_log: tuple[Attempt, ...] = ()
    """The newest six attempts, oldest first."""

    @property
    def deleted(self) -> bool:
        """Whether it is gone by this run, or presumed so."""
        return self.status in (Status.OK, Status.PRESUMED_DELETED)

    def to_json(self) -> str:
        """One line, as a report has it."""
        fields = dict(vars(self))
        fields["status"] = self.status.name
        fields["attempt_log"] = [attempt.asdict() for attempt in self.attempt_log]
        # ASCII, so that even an id that is not text can be written and read back.
        return json.dumps(fields)


def outcome_of(
    signature_request_id: str, base_url: str, ended: Deletion | OkdokError, *, maybe_deleted_before: bool = False
) -> Outcome:
    """How a call ended.

    :param maybe_deleted_before: an earlier call may have deleted the id. That stays so until a call finds it deleted.
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
            message="does not exist, but an earlier call whose outcome was not learned may have deleted it; "
            "the id or the host may also be wrong",
        )
    return dataclasses.replace(outcome, outcome_unknown=True)


def digest(signature_request_id: str) -> bytes:
    """Stands for an id where very many are kept in memory: as few bytes as no two ids will ever share."""
    # With 15 bytes the object fits into 48.
    return blake2b(signature_request_id.encode("utf-8", "surrogatepass"), digest_size=15).digest()


def digest_of_bytes(signature_request_id: bytes) -> bytes:
    return blake2b(signature_request_id, digest_size=15).digest()
