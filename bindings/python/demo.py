"""``make demo``: what examples/delete.py says in four situations, with the sandbox as the service."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def show(what: str, base_url: str, api_key: str, signature_request_id: str, *, gone: bool) -> None:
    print(f"Python: {what}", flush=True)
    environment = {
        **os.environ,
        "OKDOK_BASE_URL": base_url,
        "OKDOK_API_KEY": api_key,
        "PYTHONPATH": str(ROOT / "bindings" / "python" / "src"),
    }
    command = [sys.executable, str(ROOT / "examples" / "delete.py"), signature_request_id]
    code = subprocess.run(command, env=environment, check=False).returncode
    if (code == 0) != gone:
        sys.exit(f"exit code {code}")


def main() -> None:
    sandbox = os.environ["OKDOK_SANDBOX"]
    show("a request that exists", sandbox, "sandbox-key", "python-demo", gone=True)
    show("a request that does not exist", sandbox, "sandbox-key", "missing-python-demo", gone=False)
    show("a wrong key", sandbox, "wrong-key", "python-demo-2", gone=False)
    with socket.socket() as nobody:
        # Bound but not listening: the port refuses, and nobody else can take it.
        nobody.bind(("127.0.0.1", 0))
        port = nobody.getsockname()[1]
        show("a service that is not there", f"http://127.0.0.1:{port}", "sandbox-key", "python-demo-3", gone=False)


if __name__ == "__main__":
    main()
