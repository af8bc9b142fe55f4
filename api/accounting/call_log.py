"""A line of the log for each relayed call, many in one message: the log costs most by the message."""

import logging
from collections.abc import Sequence
from time import time
from typing import Any

from api.accounting.entry import Entry

_log = logging.getLogger(__name__)
_RELAYED = " /v1/"


class CallLines:
    """Calls that have ended, as the message of a log record; `api.logs` writes a line for each."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self.entries = entries

    def __str__(self) -> str:
        return "\n".join(described(entry) for entry in self.entries)


def log_calls(entries: Sequence[Entry]) -> None:
    """Log the relayed ones among these calls; the others were logged when they were answered."""
    if not _log.isEnabledFor(logging.INFO):
        return
    relayed = [entry for entry in entries if _RELAYED in entry.endpoint]
    if relayed:
        _log.info(CallLines(relayed))


def described(entry: Entry) -> str:
    """A call in words; what clients choose freely, such as a model's name, is not among them."""
    text = f"{entry.endpoint} {entry.status} in {entry.seconds * 1_000:.1f} ms"
    for name, value in _parties(entry).items():
        text += f" {name}={value}"
    return text


def fields(entry: Entry) -> dict[str, Any]:
    """A call in parts."""
    method, _, endpoint = entry.endpoint.partition(" ")
    numbers = {"status": entry.status, "milliseconds": round(entry.seconds * 1_000, 1)}
    return {"method": method, "endpoint": endpoint} | numbers | _parties(entry)


def ended_at(entry: Entry) -> float:
    """When the last byte was sent, in seconds since 1970."""
    return min(entry.at + entry.seconds, time())


def _parties(entry: Entry) -> dict[str, Any]:
    parties: dict[str, Any] = {}
    if entry.key_id:
        parties["key"] = entry.key_id
    if entry.upstream:
        parties["upstream"] = entry.upstream
    if entry.retries:
        parties["retries"] = entry.retries
    if entry.error:
        parties["error"] = entry.error
    return parties
