"""What the relay reads of the events on a WebSocket."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from api.relay.counting import Tokens, of_value

_FINAL = ("response.done", "response.completed", "response.incomplete")


class _Response(msgspec.Struct):
    usage: Any = None


class _Event(msgspec.Struct):
    type: Any = None
    response: _Response | None = None
    usage: Any = None


_EVENT = msgspec.json.Decoder(_Event)


def tokens_in(text: str) -> Tokens | None:
    """Tokens of a response that is over, or of a transcription; None for any other event."""
    try:
        event = _EVENT.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    if event.type in _FINAL and event.response is not None:
        return of_value(event.response.usage)
    is_transcription = isinstance(event.type, str) and event.type.endswith("transcription.completed")
    return of_value(event.usage) if is_transcription else None


class _Members(list[tuple[str, Any]]):
    """An object with all its members, also those of the same name: readers differ in which of them counts."""


def models_in(data: str | bytes) -> list[str] | None:
    """Every model that an event of the client may be taken to name; None where that cannot be told."""
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if '"model"' not in text.lower() and "\\u00" not in text:  # letters can be written as numbers
        return []
    try:
        event = json.loads(text, object_pairs_hook=_Members)
    except (ValueError, RecursionError):
        return None
    return list(_named_in(event)) if isinstance(event, _Members) else []


def _named_in(members: _Members, *, is_event: bool = True) -> Iterator[str]:
    for name, value in members:
        if name.lower() == "model" and value is not None:
            yield str(value)
        elif is_event and name.lower() in {"response", "session"} and isinstance(value, _Members):
            yield from _named_in(value, is_event=False)
