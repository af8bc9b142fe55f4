"""What a line of the log looks like, and what of an exception it shows."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from api import tracebacks
from api.accounting.call_log import CallLines, log_calls
from api.logs import JsonLines, TextLines
from records.errors import RecordsError, RecordsUnavailableError
from tests.api.accounting.making import entry

SECRET = "zanzibar marmalade"


def record(message: object = "It happened %d times.", *args: object, **more: Any) -> logging.LogRecord:
    made = logging.LogRecord("api.somewhere", logging.WARNING, "", 0, message, args or (3,), None)
    made.created = 1_793_491_200.042
    made.request_id = "req_1"
    for name, value in more.items():
        setattr(made, name, value)
    return made


def raised(error: Exception, cause: Exception | None = None) -> Exception:
    try:
        raise error from cause  # noqa: TRY301
    except Exception as caught:
        return caught


def test_text_is_a_line_with_time_level_origin_and_request() -> None:
    line = TextLines().format(record())
    assert line.endswith(",042 WARNING api.somewhere [req_1] It happened 3 times.")


def test_json_is_an_object_a_line_with_its_fields() -> None:
    line = JsonLines().format(record(upstream="default", details={"a": 1}))
    assert json.loads(line) == {
        "time": "2026-11-01T00:00:00.042+00:00",
        "level": "warning",
        "logger": "api.somewhere",
        "message": "It happened 3 times.",
        "request_id": "req_1",
        "upstream": "default",
        "details": {"a": 1},
    }


def test_json_stays_on_one_line_whatever_the_message() -> None:
    assert "\n" not in JsonLines().format(record("forged\n{}%s\u2028", "\r\n"))


def test_each_relayed_call_is_a_line_with_what_is_known_of_it(caplog: pytest.LogCaptureFixture) -> None:
    calls = [
        entry(at=1_793_491_200.0, seconds=1.5, retries=1, error="upstream_timeout", status=504),
        entry(endpoint="GET /v1/files/{id}", key_id=None, upstream=None, request_id="req_2"),
    ]
    with caplog.at_level(logging.INFO):
        log_calls([*calls, entry(endpoint="POST /search")])
    (logged,) = caplog.records
    first, second = TextLines().format(logged).splitlines()
    ending = "POST /v1/chat/completions 504 in 1500.0 ms key=key_a upstream=default retries=1 error=upstream_timeout"
    assert first.endswith(f",500 INFO api.accounting.call_log [req_1] {ending}")
    assert second.endswith("[req_2] GET /v1/files/{id} 200 in 500.0 ms")
    assert str(logged.msg).startswith(ending)
    shown = [json.loads(line) for line in JsonLines().format(logged).splitlines()]
    assert shown[0]["time"] == "2026-11-01T00:00:01.500+00:00"
    assert shown[0] | {"time": "", "logger": ""} == {
        "time": "",
        "level": "info",
        "logger": "",
        "message": ending,
        "request_id": "req_1",
        "method": "POST",
        "endpoint": "/v1/chat/completions",
        "status": 504,
        "milliseconds": 1500.0,
        "key": "key_a",
        "upstream": "default",
        "retries": 1,
        "error": "upstream_timeout",
    }


def test_models_that_clients_name_are_not_logged() -> None:
    assert SECRET not in TextLines().format(record(CallLines([entry(model=SECRET)])))


def test_calls_cost_nothing_where_they_are_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        log_calls([entry()])
    assert not caplog.records


@pytest.mark.parametrize(
    "error",
    [
        ValueError(SECRET),
        KeyError(SECRET),
        FileNotFoundError(2, "No such file", f"/data/{SECRET}.pdf"),
        ExceptionGroup(SECRET, [ValueError(SECRET)]),
        UnicodeEncodeError("ascii", SECRET, 0, 1, SECRET),
    ],
)
@pytest.mark.parametrize("lines", [TextLines(), JsonLines()])
def test_what_other_peoples_exceptions_say_is_not_logged(error: Exception, lines: logging.Formatter) -> None:
    caught = raised(RecordsError(), raised(error))
    line = lines.format(record(exc_info=(type(caught), caught, caught.__traceback__)))
    assert "zanzibar" not in line
    assert type(error).__name__ in line
    assert "records.errors.RecordsError: The database could not do what was asked." in line
    assert "test_logs.py" in line


def test_an_exception_is_told_with_those_that_led_to_it_the_first_first() -> None:
    told = tracebacks.described(raised(RecordsUnavailableError(), raised(OSError(111, "Connection refused"))))
    assert "ConnectionRefusedError: Connection refused\nwhich led to:\n" in told
    assert told.endswith("records.errors.RecordsUnavailableError: The database does not answer; try again later.")


def test_parts_of_a_group_are_told_too() -> None:
    told = tracebacks.described(ExceptionGroup("several", [TimeoutError(), RecordsError("The disk is full.")]))
    assert "TimeoutError" in told
    assert "records.errors.RecordsError: The disk is full." in told


_CONFIGURED = """
import logging
from api import configure_logging
from settings import LogSettings
configure_logging(LogSettings(level="{level}", format="json"))
for name in ("api.somewhere", "ingest.somewhere", "uvicorn.error", "somebody.else"):
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger(name).log(level, "said")
"""


@pytest.mark.parametrize(
    ("level", "ours", "theirs"),
    [
        ("debug", ["debug", "info", "warning", "error"], ["warning", "error"]),
        ("info", ["info", "warning", "error"], ["warning", "error"]),
        ("error", ["error"], ["error"]),
    ],
)
def test_libraries_are_never_asked_for_details(level: str, ours: list[str], theirs: list[str]) -> None:
    program = [sys.executable, "-c", _CONFIGURED.format(level=level)]
    ran = subprocess.run(program, check=True, capture_output=True, text=True, timeout=60)
    lines = [json.loads(line) for line in ran.stderr.splitlines()]
    for name, levels in (("api", ours), ("ingest", ours), ("uvicorn", theirs), ("somebody", theirs)):
        assert [line["level"] for line in lines if line["logger"].startswith(name)] == levels


def test_what_was_meant_is_not_told_as_a_fault_of_the_web_server() -> None:
    program = (
        "import logging\nfrom api.logs import configure_logging\nfrom settings import LogSettings\n"
        "configure_logging(LogSettings())\nlog = logging.getLogger('uvicorn.error')\n"
        "log.error('ASGI callable returned without completing handshake.')\nlog.error('It broke.')\n"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stderr
    assert len(said.splitlines()) == 1
    assert "It broke." in said
