"""Deletes signature requests on any number of machines: celery -A tasks worker

OKDOK_BASE_URL and OKDOK_API_KEY say where and with which key, REDIS_URL where the queue and the results are.
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
    # A task whose worker has vanished comes again after this. It must exceed TIMEOUT and the wait before a retry, or
    # tasks that are still being worked on come again, too.
    broker_transport_options={"visibility_timeout": int(os.environ.get("VISIBILITY_TIMEOUT", "600"))},
)
# Made before the workers are forked: they share nothing but this handle.
client = okdok.Client.from_env(timeout=TIMEOUT)


@app.task(
    bind=True,
    acks_late=True,
    reject_on_worker_lost=True,
    max_retries=5,
    rate_limit=os.environ.get("RATE_LIMIT", "50/s"),
    # Python sees the signal of a soft limit only after the call: more than TIMEOUT, or it comes too late to help.
    soft_time_limit=TIMEOUT + 10,
)
def delete(self, signature_request_id, maybe_deleted=False):
    """Returns the fields of an okdok.Deletion, or raises an okdok.OkdokError.

    maybe_deleted: an earlier task may have deleted it, so "does not exist" is presumed to be that task's work.
    """
    maybe_deleted = maybe_deleted or bool(self.request.delivery_info.get("redelivered"))
    try:
        return client.delete_signature_request(signature_request_id).asdict()
    except okdok.NotFoundError as error:
        if not maybe_deleted:
            raise
        return okdok.Deletion(signature_request_id, True, error.attempts, error.http_status).asdict()
    except okdok.OkdokError as error:
        # What this call knows of itself, and what is not known of an earlier one.
        unknown = maybe_deleted or error.outcome_unknown
        failure = type(error)(str(error), **{**vars(error), "outcome_unknown": unknown})
        if unknown or isinstance(error, NOTHING_WAS_SENT):
            wait = max(error.retry_after, min(120, 2**self.request.retries))
            raise self.retry(args=(signature_request_id, unknown), exc=failure, countdown=wait) from None
        raise failure from None
