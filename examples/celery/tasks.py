"""Deletes signature requests on any number of machines: celery -A tasks worker

OKDOK_BASE_URL is the service, OKDOK_API_KEY the key, and REDIS_URL the Redis server with the queue and the results.
"""

import os

import celery
import okdok

TIMEOUT = 30.0
NOTHING_WAS_SENT = (okdok.ConnectFailedError, okdok.ResolveFailedError, okdok.NoResourcesError)

redis = os.environ.get("REDIS_URL", "redis://localhost")
app = celery.Celery("tasks", broker=redis, backend=redis)
app.conf.update(
    task_serializer="json",
    result_serializer="json",
    accept_content=["json"],
    worker_prefetch_multiplier=1,
    # A task whose worker has vanished is delivered again after this time. It must exceed TIMEOUT plus the wait before a
    # retry; otherwise tasks that are still running are delivered again, too.
    broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "600"))},
)
# Made before the workers are forked. They share only this handle.
client = okdok.Client.from_env(timeout=TIMEOUT)


@app.task(
    bind=True,
    acks_late=True,
    reject_on_worker_lost=True,
    max_retries=5,
    rate_limit=os.environ.get("RATE_LIMIT", "50/s"),
    # Python handles the signal of the soft limit only after the call, so the limit must be longer than TIMEOUT.
    soft_time_limit=TIMEOUT + 10,
)
def delete(self, signature_request_id, maybe_deleted=False):
    """Returns the fields of an okdok.Deletion, or raises an okdok.OkdokError.

    maybe_deleted: an earlier task may have deleted it, so "does not exist" is presumed to mean that it did.
    """
    maybe_deleted = maybe_deleted or bool(self.request.delivery_info.get("redelivered"))
    try:
        return client.delete_signature_request(signature_request_id).asdict()
    except okdok.NotFoundError as error:
        if not maybe_deleted:
            raise
        return okdok.Deletion(signature_request_id, True, error.attempts, error.http_status).asdict()
    except okdok.OkdokError as error:
        # The outcome may be unknown because of this call or because of an earlier one.
        unknown = maybe_deleted or error.outcome_unknown
        failure = type(error)(str(error), **{**vars(error), "outcome_unknown": unknown})
        if unknown or isinstance(error, NOTHING_WAS_SENT):
            wait = max(error.retry_after, min(120, 2**self.request.retries))
            raise self.retry(args=(signature_request_id, unknown), exc=failure, countdown=wait) from None
        raise failure from None
