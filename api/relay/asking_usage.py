"""Asking for the tokens of a stream where the caller did not, and remembering upstreams that refuse to be asked."""

import time
from typing import Any

import msgspec

from api.relay.request_head import RequestHead

_NAME = b'"stream_options"'
_ASKED = b'{"include_usage":true}'
_REMEMBER_SECONDS = 3_600.0
_MAX_MODELS = 1_024


def with_usage(body: bytes, head: RequestHead) -> bytes | None:
    """The body with `stream_options.include_usage`, all other bytes as they were; None where that is not called for."""
    if head.stream is not True:
        return None
    if not head.stream_options:
        return _inserted(body)
    asked = _asking(bytes(head.stream_options))
    return None if asked is None else _replaced(body, bytes(head.stream_options), asked)


def _inserted(body: bytes) -> bytes | None:
    start = body.find(b"{") + 1
    return body[:start] + _NAME + b":" + _ASKED + b"," + body[start:]


def _asking(value: bytes) -> bytes | None:
    options: Any = msgspec.json.decode(value)
    if options is None or options == {}:
        return _ASKED
    if not isinstance(options, dict) or options.get("include_usage") is True:
        return None
    if "include_usage" in options:
        return msgspec.json.encode({**options, "include_usage": True})
    return value.replace(b"{", b'{"include_usage":true,', 1)


def _replaced(body: bytes, value: bytes, asked: bytes) -> bytes | None:
    if body.count(_NAME) != 1:  # which of them is the member cannot be told without reading all
        return None
    start = body.find(value, body.find(_NAME) + len(_NAME))
    return body[:start] + asked + body[start + len(value) :]


class Refusals:
    """Models whose upstream takes no `stream_options`; forgotten after an hour, since servers are renewed."""

    def __init__(self) -> None:
        self._until: dict[str, float] = {}

    def add(self, model: str) -> None:
        """Ask no more for this model's usage."""
        if len(self._until) >= _MAX_MODELS:
            self._until.clear()
        self._until[model] = time.monotonic() + _REMEMBER_SECONDS

    def __contains__(self, model: object) -> bool:
        return bool(self._until) and self._until.get(str(model), 0.0) > time.monotonic()


def is_refusal(status: int, body: bytes) -> bool:
    """Whether an upstream's answer objects to having been asked."""
    return status in {400, 422} and (b"stream_options" in body or b"include_usage" in body)
