"""What the logger ``okdok`` gets."""

from __future__ import annotations

import logging

import okdok
import pytest
from conftest import MakeClient, MakePort, RunPython


def test_one_record_a_call_and_one_more_where_it_was_retried(
    client: MakeClient, serve: MakePort, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "okdok")
    made = client(serve("ok", "reply=503", "reply=401").url, api_key="very-secret-key")
    made.delete_signature_request("first")
    with pytest.raises(okdok.UnauthorizedError) as caught:
        made.delete_signature_request("second")
    assert [(record.name, record.levelname, record.signature_request_id) for record in caplog.records] == [  # type: ignore[attr-defined]
        ("okdok", "DEBUG", "first"),
        ("okdok", "DEBUG", "second"),
        ("okdok", "INFO", "second"),
    ]
    first, _, second = caplog.records
    fields = vars(second)
    assert (fields["status"], fields["http_status"], fields["attempts"]) == ("UNAUTHORIZED", 401, 2)
    assert fields["outcome_unknown"] is True
    assert fields["attempt_log"] == [attempt.asdict() for attempt in caught.value.attempt_log]
    assert (vars(first)["status"], vars(first)["outcome_unknown"]) == ("OK", False)
    assert "secret" not in "".join(str(vars(record)) + record.getMessage() for record in caplog.records)


def test_a_program_without_logging_is_left_without(run_python: RunPython, service: str) -> None:
    program = """
import okdok, sys
okdok.Client(sys.argv[1], api_key="sandbox-key", max_attempts=2).delete_signature_request("python-no-logging")
print("logging" in sys.modules)
"""
    assert run_python(program, service).stdout == "False\n"
