"""Measures one Python library: LIBRARY first BASE_URL CA_FILE, or LIBRARY warm BASE_URL CA_FILE SECONDS THREADS.

It prints the same lines as the C program (client.c), without the parts of a first deletion. THREADS is 1.
"""

from __future__ import annotations

import sys
import time

# Nothing is imported that a library does not need: its start is measured too. Type checkers take this for true.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

WARM_UP = 50
KEY = "bench-key"
HEADERS = {"x-api-key": KEY, "accept": "application/json"}


def confirms(status: int, body: bytes, signature_request_id: str) -> bool:
    import json

    report: dict[str, str] = json.loads(body)
    return status == 200 and report["message"] == "msg.deleted" and report["result"] == signature_request_id


def with_okdok(base_url: str, ca_file: str) -> Callable[[str], bool]:
    import okdok

    client = okdok.Client(base_url, api_key=KEY, ca_file=ca_file)
    # Raises where it was not confirmed.
    return lambda signature_request_id: client.delete_signature_request(signature_request_id).http_status == 200


def with_requests(base_url: str, ca_file: str) -> Callable[[str], bool]:
    import requests

    session = requests.Session()
    session.headers.update(HEADERS)

    def delete(signature_request_id: str) -> bool:
        url = f"{base_url}/JSON/signatureRequest/{signature_request_id}"
        response = session.delete(url, timeout=30, verify=ca_file)
        return confirms(response.status_code, response.content, signature_request_id)

    return delete


def with_httpx(base_url: str, ca_file: str) -> Callable[[str], bool]:
    import ssl

    import httpx

    client = httpx.Client(headers=HEADERS, verify=ssl.create_default_context(cafile=ca_file), timeout=30)

    def delete(signature_request_id: str) -> bool:
        response = client.delete(f"{base_url}/JSON/signatureRequest/{signature_request_id}")
        return confirms(response.status_code, response.content, signature_request_id)

    return delete


def with_pycurl(base_url: str, ca_file: str) -> Callable[[str], bool]:
    import io

    import pycurl

    curl = pycurl.Curl()
    curl.setopt(pycurl.CUSTOMREQUEST, "DELETE")
    curl.setopt(pycurl.HTTPHEADER, [f"{name}: {value}" for name, value in HEADERS.items()])
    curl.setopt(pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1)
    curl.setopt(pycurl.CAINFO, ca_file)
    curl.setopt(pycurl.TIMEOUT, 30)

    def delete(signature_request_id: str) -> bool:
        body = io.BytesIO()
        curl.setopt(pycurl.URL, f"{base_url}/JSON/signatureRequest/{signature_request_id}")
        curl.setopt(pycurl.WRITEDATA, body)
        curl.perform()
        return confirms(curl.getinfo(pycurl.RESPONSE_CODE), body.getvalue(), signature_request_id)

    return delete


def main() -> None:
    library, mode, base_url, ca_file, *rest = sys.argv[1:]
    delete = globals()["with_" + library](base_url, ca_file)
    number = 0

    def delete_next() -> None:
        nonlocal number
        if not delete(f"32f8628d-6658-443d-0000-{number:012x}"):
            sys.exit("not confirmed")
        number += 1

    if mode == "first":
        delete_next()
        print("deleted", flush=True)
        sys.stdin.read()
        return
    while number < WARM_UP:
        delete_next()
    spent = time.process_time_ns()
    began = time.monotonic_ns()
    end = began + int(float(rest[0]) * 1e9)
    while time.monotonic_ns() < end:
        delete_next()
    took = time.monotonic_ns() - began
    print(number - WARM_UP, took, time.process_time_ns() - spent)


main()
