"""The fault server of tests/faults, controlled through its control port."""

from __future__ import annotations

import os
import socket


def command(*words: str) -> str:
    """Sends one command on a separate connection, so that a command that waits delays no other."""
    host, port = os.environ["OKDOK_FAULTS"].rsplit(":", 1)
    with socket.create_connection((host, int(port)), timeout=300) as control:
        control.sendall(" ".join(words).encode() + b"\n")
        answer = control.makefile(encoding="utf-8").readline().strip()
    if answer.startswith("error"):
        raise ValueError(f"{' '.join(words)}: {answer}")
    return answer


class Port:
    """A port of the fault server."""

    def __init__(self, *words: str) -> None:
        self.number = command(*words).split()[1]
        self.scheme = "https" if words[0] == "tls" else "http"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.number}"

    def wait(self, requests: int) -> None:
        """Waits until this many requests have arrived."""
        assert command("wait", self.number, str(requests)) == "ok"

    def wait_gone(self, connections: int) -> None:
        """Waits until this many connections have ended."""
        assert command("waitgone", self.number, str(connections)) == "ok"

    def release(self) -> None:
        command("release", self.number)

    def requests(self) -> int:
        return int(command("seen", self.number).split()[3])

    def connections(self) -> int:
        return int(command("seen", self.number).split()[1])

    def request(self, index: int) -> str:
        return bytes.fromhex(command("request", self.number, str(index)).partition(" ")[2]).decode("latin-1")

    def deleted(self, signature_request_id: str) -> bool:
        return command("deleted", self.number, signature_request_id) == "yes"

    def stop(self) -> None:
        command("stop", self.number)


def ca_file(certificate: str) -> str:
    return command("ca", certificate).partition(" ")[2]
