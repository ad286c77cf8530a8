"""Lets tasks.py delete the ids on standard input, one per line, and prints the outcome of each: python submit.py < ids

A task can be lost when its worker dies. So if no result has arrived for PATIENCE seconds, every id without a result is
submitted again, as one that may have been deleted.
"""

import os
import sys
import time

import okdok
import tasks

PATIENCE = float(os.environ.get("PATIENCE", "1200"))


def submit(signature_request_id, maybe_deleted=False):
    # The result has the id as its name, so a task that runs twice has one outcome.
    return tasks.delete.apply_async((signature_request_id, maybe_deleted), task_id=signature_request_id)


def main():
    pending = {one: submit(one) for one in dict.fromkeys(sys.stdin.read().split())}
    last_news = time.monotonic()
    failed = False
    while pending:
        ready = [one for one, result in pending.items() if result.ready()]
        for one in ready:
            try:
                deletion = pending.pop(one).get()
                print(one, "presumed deleted" if deletion["presumed"] else "deleted", flush=True)
            except okdok.OkdokError as error:
                failed = True
                print(one, error.status.name, "unknown" if error.outcome_unknown else "not deleted", error, flush=True)
        if ready:
            last_news = time.monotonic()
        elif time.monotonic() - last_news > PATIENCE:
            last_news = time.monotonic()
            pending = {one: submit(one, maybe_deleted=True) for one in pending}
        else:
            time.sleep(1)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
