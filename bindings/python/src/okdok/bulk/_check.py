"""``okdok check``: shows how far a call gets, to find out why calls fail."""

from __future__ import annotations

import argparse
import json
from typing import BinaryIO

from .. import OkdokError, Status
from ._delete import client_of
from ._exit import Exit

_STEPS = ("name", "connection", "certificate", "key")
# By status, the first step that failed or was not reached. The steps before it succeeded.
_FAILED_AT = {
    Status.RESOLVE_FAILED: "name",
    Status.CONNECT_FAILED: "connection",
    Status.PROXY_REFUSED: "connection",
    Status.NO_RESOURCES: "connection",
    Status.INTERNAL: "connection",
    Status.TLS_FAILED: "certificate",
    Status.UNAUTHORIZED: "key",
    Status.FORBIDDEN: "key",
}


def run(options: argparse.Namespace, _stdin: BinaryIO | None) -> Exit:
    import uuid  # not needed by the other commands

    # A second attempt could hide what is wrong.
    with client_of(options, max_attempts=1) as client:
        base_url = client.base_url
        try:
            # In the sandbox every UUID in lower case exists.
            client.delete_signature_request(str(uuid.uuid4()).upper())
        except OkdokError as error:
            status, message = error.status, str(error)
        else:
            status = Status.OK
            message = "the service says that it deleted an id that cannot exist: is this OKdokument?"
    steps = _steps(base_url, status, message)
    well = status == Status.NOT_FOUND
    if options.json:
        print(json.dumps({"base_url": base_url, "ok": well, "status": status.name, "message": message, "steps": steps}))
    else:
        print(f"{base_url}:")
        for step, said in steps.items():
            print(f"  {step}: {said}")
    return Exit.DONE if well else Exit.NOT_ALL


def _steps(base_url: str, status: Status, message: str) -> dict[str, str]:
    well = {
        "name": "resolved",
        "connection": "made",
        "certificate": "trusted" if base_url.lower().startswith("https:") else "none, since this is plain http",
        "key": "accepted",
    }
    if status == Status.NOT_FOUND:
        return well
    failed_at = _FAILED_AT.get(status)
    steps: dict[str, str] = {}
    for step in _STEPS:
        if step == failed_at:
            verdict = "refused" if status == Status.UNAUTHORIZED else "failed"
            steps[step] = f"{verdict}: {message}"
        elif failed_at in steps:
            steps[step] = "not reached"
        elif step == "key":
            # The service was reached and said nothing about the key.
            steps[step] = f"not known: {status.name}: {message}"
        else:
            steps[step] = well[step]
    return steps
