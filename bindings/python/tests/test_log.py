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


def test_an_outcome_reaches_the_caller_even_if_it_cannot_be_logged(
    client: MakeClient, serve: MakePort, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG, "okdok")
    made = client(serve("ok", "missing").url)
    factory = logging.getLogRecordFactory()

    def with_a_status(*args: object, **options: object) -> logging.LogRecord:
        record: logging.LogRecord = factory(*args, **options)
        record.status = "of the program"
        return record

    monkeypatch.setattr(logging, "_logRecordFactory", with_a_status)
    assert made.delete_signature_request("first").attempts == 1
    with pytest.raises(okdok.NotFoundError):
        made.delete_signature_request("second")
    assert not caplog.records


def test_a_program_without_logging_is_left_without(run_python: RunPython, service: str) -> None:
    program = """
import okdok, sys
okdok.Client(sys.argv[1], api_key="sandbox-key", max_attempts=2).delete_signature_request("python-no-logging")
print("logging" in sys.modules)
"""
    assert run_python(program, service).stdout == "False\n"
