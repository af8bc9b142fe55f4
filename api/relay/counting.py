"""Tokens of an answer, read from the `usage` that upstreams report."""

import json
import re
from dataclasses import dataclass
from typing import Any

import msgspec

_NAME = b'"usage"'
_LONGEST_BYTES = 8_192
"""A `usage` is some hundred bytes."""
_DECODER = json.JSONDecoder()

Number = int | float | None


class _Details(msgspec.Struct, gc=False):
    cached_tokens: Number = None


class _Usage(msgspec.Struct, gc=False):
    """Both ways of naming: chat and embeddings say prompt and completion, the rest input and output."""

    prompt_tokens: Number = None
    completion_tokens: Number = None
    input_tokens: Number = None
    output_tokens: Number = None
    total_tokens: Number = None
    prompt_tokens_details: _Details | None = None
    input_tokens_details: _Details | None = None
    input_token_details: _Details | None = None
    prompt_cache_hit_tokens: Number = None


class _Error(msgspec.Struct, gc=False):
    code: Any = None
    type: Any = None


class _Failed(msgspec.Struct, gc=False):
    error: _Error | None = None


class _Answer(msgspec.Struct, gc=False):
    usage: _Usage | None = None


_ANSWER = msgspec.json.Decoder(_Answer)
_FAILED = msgspec.json.Decoder(_Failed)
_PLAIN_CODE = re.compile(r"[A-Za-z_]{2,64}")
"""Without digits, so that nobody takes a key for a code."""
_STREAMED_ERROR = re.compile(rb'^data: ?(\{"error":.*)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Tokens:
    """What an answer cost in tokens."""

    input: int
    cached: int
    output: int


def of_answer(body: bytes) -> Tokens | None:
    """Tokens of a whole JSON answer; None where it reports none."""
    try:
        usage = _ANSWER.decode(body).usage
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return of_end(body)
    return (_tokens(usage) if usage is not None else None) or of_end(body)


def of_end(tail: bytes) -> Tokens | None:
    """Tokens of the last `usage` in the end of an answer, streamed or not; None where there is none.

    Inside a JSON string the quotes would be escaped, so that no text of a model is taken for it.
    """
    place = tail.rfind(_NAME)
    while place >= 0:
        if tokens := of_value(_value_at(tail, place + len(_NAME))):
            return tokens
        place = tail.rfind(_NAME, 0, place)
    return None


def of_value(value: Any) -> Tokens | None:
    """Tokens of a `usage` that was read already; None where it is none."""
    try:
        usage = msgspec.convert(value, _Usage | None)
    except msgspec.ValidationError:
        return None
    return _tokens(usage) if usage is not None else None


def error_code(body: bytes) -> str | None:
    """The upstream's own word for what went wrong; None where it has none, or something that is no word."""
    try:
        error = _FAILED.decode(body).error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    for word in (error.code, error.type) if error is not None else ():
        if isinstance(word, str) and _PLAIN_CODE.fullmatch(word):
            return word
    return None


def streamed_error_code(tail: bytes) -> str | None:
    """The same of an error in the middle of a stream; None where there is none."""
    found = _STREAMED_ERROR.search(tail) if b'{"error":' in tail else None
    return None if found is None else error_code(found[1]) or "upstream_failed"


def _value_at(tail: bytes, start: int) -> Any:
    text = tail[start : start + _LONGEST_BYTES].decode("utf-8", "replace").lstrip()
    text = text[1:].lstrip() if text.startswith(":") else ""
    if not text.startswith("{"):
        return None
    try:
        return _DECODER.raw_decode(text)[0]
    except (ValueError, RecursionError):
        return None


def _tokens(usage: _Usage) -> Tokens | None:
    read = usage.input_tokens if usage.prompt_tokens is None else usage.prompt_tokens
    written = usage.output_tokens if usage.completion_tokens is None else usage.completion_tokens
    if read is None and written is None:
        if usage.total_tokens is None:
            return None
        read = usage.total_tokens
    return Tokens(int(read or 0), int(_cached(usage)), int(written or 0))


def _cached(usage: _Usage) -> float:
    for details in (usage.prompt_tokens_details, usage.input_tokens_details, usage.input_token_details):
        if details is not None and details.cached_tokens:
            return details.cached_tokens
    return usage.prompt_cache_hit_tokens or 0
