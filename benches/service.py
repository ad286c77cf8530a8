"""The service under test: nginx that confirms every deletion, and forwarders that delay its answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")

_NGINX = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log stderr;
user {user};
events {{ }}
http {{
    access_log off;
    keepalive_requests 1000000000;
    keepalive_timeout 1h;
    client_body_temp_path {folder}/temporary;
    proxy_temp_path {folder}/temporary;
    fastcgi_temp_path {folder}/temporary;
    uwsgi_temp_path {folder}/temporary;
    scgi_temp_path {folder}/temporary;
    server {{
        listen 127.0.0.1:{http};
        listen 127.0.0.1:{https} ssl;
        # Older releases leave out the newer.
        ssl_protocols TLSv1.2 TLSv1.3;
        ssl_certificate {folder}/server.pem;
        ssl_certificate_key {folder}/server.key;
        location ~ "^/JSON/signatureRequest/(?<id>[^/]+)$" {{
            default_type application/json;
            return 200 '{{"message":"msg.deleted","result":"$id"}}';
        }}
    }}
}}
"""


class Service(NamedTuple):
    """Base URLs, and what to trust."""

    http: str
    https: str
    delayed: dict[int, str]
    """By milliseconds, over https."""
    ca_file: Path


@contextlib.contextmanager
def service(folder: Path, delay: Path, delays: Sequence[int]) -> Iterator[Service]:
    """Serves until the block ends. ``delay`` is the forwarder's program."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = _certificates(folder)
    with contextlib.ExitStack() as running:
        # nginx cannot be told to find free ports, but it takes listeners that are open already.
        listeners = [running.enter_context(socket.create_server(("127.0.0.1", 0), backlog=511)) for _ in range(2)]
        http, https = (listener.getsockname()[1] for listener in listeners)
        for listener in listeners:
            listener.setblocking(False)
        user = "root" if os.geteuid() == 0 else "nobody"
        (folder / "nginx.conf").write_text(_NGINX.format(folder=folder, http=http, https=https, user=user))
        # Debian keeps it where only root's PATH leads.
        nginx = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin") or "nginx"
        process = subprocess.Popen(
            [nginx, "-p", str(folder), "-c", str(folder / "nginx.conf")],
            stderr=running.enter_context((folder / "nginx.log").open("wb")),
            env={**os.environ, "NGINX": "".join(f"{listener.fileno()};" for listener in listeners)},
            pass_fds=[listener.fileno() for listener in listeners],
        )
        running.callback(process.wait)
        running.callback(process.terminate)
        yield Service(
            http=f"http://127.0.0.1:{http}",
            https=f"https://127.0.0.1:{https}",
            delayed={
                milliseconds: f"https://127.0.0.1:{running.enter_context(_delayed(delay, https, milliseconds))}"
                for milliseconds in delays
            },
            ca_file=ca_file,
        )


@contextlib.contextmanager
def _delayed(delay: Path, port: int, milliseconds: int) -> Iterator[int]:
    # It ends with its input, however this program ends.
    command = [str(delay), str(port), str(milliseconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as forwarder:
        assert forwarder.stdin is not None
        assert forwarder.stdout is not None
        yield int(forwarder.stdout.readline())
        forwarder.stdin.close()


def _certificates(folder: Path) -> Path:
    """Makes a certificate of a private CA for the server; returns the system's roots and that CA in one file."""

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "extensions").write_text("subjectAltName = DNS:localhost, IP:127.0.0.1\nextendedKeyUsage = serverAuth\n")
    for name in ("ca", "server"):
        openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
    openssl("req", "-x509", "-new", "-key", "ca.key", "-subj", "/CN=okdok benchmark CA", "-days", "7", "-out", "ca.pem")
    openssl("req", "-new", "-key", "server.key", "-subj", "/CN=localhost", "-out", "server.csr")
    openssl(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-days", "7", "-extfile", "extensions", "-out", "server.pem"),
    )
    bundle = folder / "roots.pem"
    bundle.write_bytes(_SYSTEM_ROOTS.read_bytes() + (folder / "ca.pem").read_bytes())
    return bundle
