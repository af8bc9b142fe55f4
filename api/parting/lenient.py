"""JSON that strict readers refuse and many servers take all the same, with NaN, halves of characters or in UTF-16.

What it names decides who answers: a question for our stores must not go elsewhere because of how it is written.
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

_STRAY_ID = re.compile(rb'"((?:vs|resp)_[0-9a-f]{24})"')
_ESCAPED = re.compile(rb"\\u00(?:2[dDeEfF]|3[0-9aA]|[4-7])")
"""Letters, digits and what else is in names, which few writers escape; many escape `&` and `<`."""


def is_disguised(body: bytes) -> bool:
    """Whether names in it may be spelt with other bytes than usual: escaped, or in UTF-16 or UTF-32."""
    escapes = b"\\" in body and b"\\u00" in body  # one byte is looked for much faster than four
    return (escapes and _ESCAPED.search(body) is not None) or b"\0" in body[:4]


def members(body: bytes) -> Mapping[str, Any] | None:
    """The members of an object; None where Python's own reader cannot read it either."""
    try:
        read = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else {}


def stray_texts(body: bytes, name: str) -> list[str]:
    """What follows this name anywhere in bytes that cannot be read, or are only the beginning."""
    return [text for text in map(_unquoted, _member(name).findall(body)) if text is not None]


def stray_ids(body: bytes) -> list[str]:
    """Ids of stores and responses anywhere in such bytes."""
    return [one.decode() for one in _STRAY_ID.findall(body)]


@cache
def _member(name: str) -> re.Pattern[bytes]:
    return re.compile(rb'"%b"\s*:\s*("(?:[^"\\]|\\.){0,300}")' % name.encode())


def _unquoted(text: bytes) -> str | None:
    try:
        return str(json.loads(text))
    except ValueError:
        return None
