"""Logging to standard error, each message with the id of the request it belongs to.

Lines for people, or one JSON object a line for programs that collect logs.
"""

import json
import logging
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import tracebacks
from api.accounting import call_log
from api.accounting.call_log import CallLines
from api.request_ids import RequestIdFilter
from settings import LogSettings

_ADDED = {"message", "asctime", "request_id", "taskName", "color_message"}
_MEANT = frozenset(f"ASGI callable returned without completing {what}." for what in ("handshake", "response"))
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | _ADDED


def configure_logging(settings: LogSettings) -> None:
    """Log what is at least as severe as the settings say; libraries only from warnings on.

    Below that they tell all they see: headers with their keys, queries, the first bytes of what people write.
    """
    level = logging.getLevelNamesMapping()[settings.level.upper()]
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(JsonLines() if settings.format == "json" else TextLines())
    logging.basicConfig(level=max(level, logging.WARNING), handlers=[handler], force=True)
    for package in tracebacks.OURS:
        logging.getLogger(package).setLevel(level)
    logging.getLogger("uvicorn.error").addFilter(_is_news)


def _is_news(record: logging.LogRecord) -> bool:
    """Whether a message of the web server tells of more than what was meant.

    It takes a refused WebSocket, or an answer that is cut since the upstream's was, for a fault, and says so each time.
    Both have a line of their own.
    """
    return record.msg not in _MEANT


class TextLines(logging.Formatter):
    """`2026-11-23 17:11:53,042 INFO api.app [req_…] what happened`, in local time."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, or those of the calls that it tells of."""
        if isinstance(record.msg, CallLines):
            return "\n".join(
                f"{_local(call_log.ended_at(entry))} {record.levelname} {record.name} [{entry.request_id}] "
                f"{call_log.described(entry)}"
                for entry in record.msg.entries
            )
        line = f"{_local(record.created)} {record.levelname} {record.name} [{_id(record)}] {record.getMessage()}"
        return line if (trace := _trace(record)) is None else f"{line}\n{trace}"


class JsonLines(logging.Formatter):
    """One object a line: `time` (RFC 3339, UTC), `level`, `logger`, `message`, `request_id`, and fields of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record, or those of the calls that it tells of."""
        if isinstance(record.msg, CallLines):
            return "\n".join(
                _json(
                    _start(record, call_log.ended_at(entry), call_log.described(entry), entry.request_id)
                    | call_log.fields(entry)
                )
                for entry in record.msg.entries
            )
        line = _start(record, record.created, record.getMessage(), _id(record))
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if trace := _trace(record):
            line["exception"] = trace
        return _json(line)


def _start(record: logging.LogRecord, at: float, message: str, request_id: str) -> dict[str, Any]:
    return {
        "time": datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds"),
        "level": record.levelname.lower(),
        "logger": record.name,
        "message": message,
        "request_id": request_id,
    }


def _json(line: Mapping[str, Any]) -> str:
    return json.dumps(line, ensure_ascii=False, default=str)


def _local(at: float) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))},{int(at % 1 * 1_000):03}"


def _id(record: logging.LogRecord) -> str:
    return str(getattr(record, "request_id", "-"))


def _trace(record: logging.LogRecord) -> str | None:
    error = record.exc_info[1] if record.exc_info else None
    return None if error is None else tracebacks.described(error)
