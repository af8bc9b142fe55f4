"""Ids of things at an upstream: in the body of a request that uses them, and in the answer that made them."""

import re
from collections.abc import Iterator
from typing import Any

import msgspec

_ONE = frozenset(
    {
        "assistant_id",
        "batch_id",
        "container",
        "container_id",
        "conversation",
        "conversation_id",
        "eval_id",
        "file_id",
        "input_file_id",
        "input_reference",
        "previous_response_id",
        "response_id",
        "skill_id",
        "thread_id",
        "training_file",
        "upload_id",
        "validation_file",
        "vector_store_id",
        "video_id",
    }
)
_MANY = frozenset({"file_ids", "vector_store_ids"})
_MARKS = tuple(f'"{name}"'.encode() for name in sorted(_ONE | _MANY))
_LONGEST_ID = 256
_STARTED = re.compile(rb'"response"\s*:\s*\{\s*"id"\s*:\s*"([\w.-]{1,256})"')
_BEGINS_WITH_ID = re.compile(rb'^\s*\{\s*"id"\s*:\s*"([\w.-]{1,256})"')


def used_by(body: bytes) -> list[str]:
    """Ids that a JSON request names, wherever in it; nothing where it is no JSON."""
    if not any(mark in body for mark in _MARKS):
        return []
    try:
        return list(_walk(msgspec.json.decode(body)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return []


def _walk(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, member in value.items():
            if name in _ONE:
                yield from _ids([member.get("id") if isinstance(member, dict) else member])
            elif name in _MANY:
                yield from _ids(member)
            yield from _walk(member)
    elif isinstance(value, list):
        for member in value:
            yield from _walk(member)


def _ids(values: Any) -> Iterator[str]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, str) and 0 < len(value) <= _LONGEST_ID:
            yield value


class _Part(msgspec.Struct):
    id: str | None = None


class _Made(msgspec.Struct):
    id: str | None = None
    thread_id: str | None = None
    file: _Part | None = None
    """What an upload became when it was complete."""


def made_by(first_piece: bytes, answer: bytes, *, streamed: bool) -> list[str]:
    """Ids of what an answer says has come into being.

    Args:
        first_piece: How the answer begins.
        answer: The whole of it, or its end where it is large.
        streamed: Whether it is a stream of events, whose first one names the id.
    """
    if streamed:
        return _matched(_STARTED.search(first_piece))
    try:
        made = msgspec.json.decode(answer, type=_Made)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _matched(_BEGINS_WITH_ID.search(first_piece))
    ids = (made.id, made.thread_id, made.file.id if made.file else None)
    return [one for one in ids if one and len(one) <= _LONGEST_ID]


def _matched(found: re.Match[bytes] | None) -> list[str]:
    return [found[1].decode()] if found is not None else []
