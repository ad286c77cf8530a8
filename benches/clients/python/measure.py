"""Measures one Python library: LIBRARY BASE_URL CA_FILE SECONDS.

Prints the same line as the C program: deletions, nanoseconds, CPU nanoseconds.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from urllib.parse import urlsplit

WARM_UP = 50
KEY = "bench-key"

# Deletes one signature request; false unless the service confirmed just that.
Delete = Callable[[str], bool]


def confirms(status: int, body: bytes, signature_request_id: str) -> bool:
    report: dict[str, str] = json.loads(body)
    return status == 200 and report["message"] == "msg.deleted" and report["result"] == signature_request_id


def with_okdok(base_url: str, ca_file: str) -> Delete:
    import okdok

    client = okdok.Client(base_url, api_key=KEY, ca_file=ca_file)

    def delete(signature_request_id: str) -> bool:
        # Raises where it was not confirmed.
        return client.delete_signature_request(signature_request_id).http_status == 200

    return delete


def with_requests(base_url: str, ca_file: str) -> Delete:
    import requests

    session = requests.Session()
    session.headers.update({"x-api-key": KEY, "accept": "application/json"})

    def delete(signature_request_id: str) -> bool:
        response = session.delete(
            f"{base_url}/JSON/signatureRequest/{signature_request_id}", timeout=30, verify=ca_file
        )
        return confirms(response.status_code, response.content, signature_request_id)

    return delete


def with_httpx(base_url: str, ca_file: str) -> Delete:
    import ssl

    import httpx

    client = httpx.Client(
        headers={"x-api-key": KEY, "accept": "application/json"},
        verify=ssl.create_default_context(cafile=ca_file),
        timeout=30,
    )

    def delete(signature_request_id: str) -> bool:
        response = client.delete(f"{base_url}/JSON/signatureRequest/{signature_request_id}")
        return confirms(response.status_code, response.content, signature_request_id)

    return delete


def with_http_client(base_url: str, ca_file: str) -> Delete:
    import http.client
    import ssl

    address = urlsplit(base_url)
    connection = (
        http.client.HTTPSConnection(address.netloc, timeout=30, context=ssl.create_default_context(cafile=ca_file))
        if address.scheme == "https"
        else http.client.HTTPConnection(address.netloc, timeout=30)
    )
    headers = {"x-api-key": KEY, "accept": "application/json"}

    def delete(signature_request_id: str) -> bool:
        connection.request("DELETE", f"/JSON/signatureRequest/{signature_request_id}", headers=headers)
        response = connection.getresponse()
        return confirms(response.status, response.read(), signature_request_id)

    return delete


def with_pycurl(base_url: str, ca_file: str) -> Delete:
    import io

    import pycurl

    curl = pycurl.Curl()
    curl.setopt(pycurl.CUSTOMREQUEST, "DELETE")
    curl.setopt(pycurl.HTTPHEADER, [f"x-api-key: {KEY}", "accept: application/json"])
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


LIBRARIES: dict[str, Callable[[str, str], Delete]] = {
    "okdok": with_okdok,
    "requests": with_requests,
    "httpx": with_httpx,
    "http.client": with_http_client,
    "pycurl": with_pycurl,
}


def main() -> None:
    library, base_url, ca_file, seconds = sys.argv[1:]
    delete = LIBRARIES[library](base_url, ca_file)
    number = 0

    def delete_next() -> None:
        nonlocal number
        if not delete(f"32f8628d-6658-443d-0000-{number:012x}"):
            sys.exit("not confirmed")
        number += 1

    while number < WARM_UP:
        delete_next()
    spent = time.process_time_ns()
    began = time.monotonic_ns()
    end = began + int(float(seconds) * 1e9)
    while time.monotonic_ns() < end:
        delete_next()
    took = time.monotonic_ns() - began
    print(number - WARM_UP, took, time.process_time_ns() - spent)


main()
