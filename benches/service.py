"""The service under test: nginx that answers every deletion, and a forwarder that delays its answers."""

from __future__ import annotations

import contextlib
import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

_SYSTEM_ROOTS = Path("/etc/ssl/certs/ca-certificates.crt")

_CONFIGURATION = """
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


@dataclass(frozen=True)
class Service:
    """Base URLs, and what to trust."""

    http: str
    https: str
    delayed_http: str
    delayed_https: str
    ca_file: Path


@contextlib.contextmanager
def service(folder: Path, delay: Path, milliseconds: int) -> Iterator[Service]:
    """Serves until the block ends. ``delay`` is the forwarder's program."""
    folder.mkdir(parents=True, exist_ok=True)
    ca_file = _certificates(folder)
    with contextlib.ExitStack() as running:
        listeners = [running.enter_context(_listener()) for _ in range(2)]
        http, https = (listener.getsockname()[1] for listener in listeners)
        configuration = folder / "nginx.conf"
        user = "root" if os.geteuid() == 0 else "nobody"
        configuration.write_text(_CONFIGURATION.format(folder=folder, http=http, https=https, user=user))
        # nginx cannot be told to find free ports, but it takes listeners that are open already.
        inherited = "".join(f"{listener.fileno()};" for listener in listeners)
        log = running.enter_context((folder / "nginx.log").open("wb"))
        nginx = subprocess.Popen(
            [_nginx(), "-p", str(folder), "-c", str(configuration)],
            stderr=log,
            env={**os.environ, "NGINX": inherited},
            pass_fds=[listener.fileno() for listener in listeners],
        )
        running.callback(_stop, nginx)
        delayed = [running.enter_context(_delayed(delay, port, milliseconds)) for port in (http, https)]
        yield Service(
            http=f"http://127.0.0.1:{http}",
            https=f"https://127.0.0.1:{https}",
            delayed_http=f"http://127.0.0.1:{delayed[0]}",
            delayed_https=f"https://127.0.0.1:{delayed[1]}",
            ca_file=ca_file,
        )


def _nginx() -> str:
    # Debian keeps it where only root's PATH leads.
    found = shutil.which("nginx", path=os.environ.get("PATH", "") + ":/usr/sbin")
    if found is None:
        raise FileNotFoundError("nginx")
    return found


def _listener() -> socket.socket:
    listener = socket.create_server(("127.0.0.1", 0), backlog=511)
    listener.setblocking(False)
    return listener


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    process.wait()


@contextlib.contextmanager
def _delayed(delay: Path, port: int, milliseconds: int) -> Iterator[int]:
    command = [str(delay), str(port), str(milliseconds)]
    # It ends with its input, however this program ends.
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as forwarder:
        assert forwarder.stdin is not None
        assert forwarder.stdout is not None
        yield int(forwarder.stdout.readline())
        forwarder.stdin.close()


def _certificates(folder: Path) -> Path:
    """A server certificate of a private CA; returns the system's roots and that CA in one file."""

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
