"""What an upstream saw of a request, less what differs between two equal ones."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from tests.fakes.echo_server import Recorded

_OWN = {b"host", b"authorization", b"connection", b"content-length"}
"""Headers that belong to one connection or one key, or whose place says nothing."""
_BOUNDARY = re.compile(rb"boundary=([^;\s]+)")


@dataclass(frozen=True, slots=True)
class Seen:
    """A request that can be compared with another."""

    method: str
    target: str
    headers: Sequence[tuple[bytes, bytes]]
    content_length: bytes | None
    body: bytes


def seen(recorded: Recorded) -> Seen:
    """The request, with the random boundary of a form replaced."""
    content_type = recorded.header("content-type") or b""
    found = _BOUNDARY.search(content_type)
    boundary = found[1].strip(b'"') if found else b"\0"
    headers = [
        (name.lower(), value.replace(boundary, b"BOUNDARY"))
        for name, value in recorded.headers
        if name.lower() not in _OWN
    ]
    length = recorded.header("content-length")
    return Seen(recorded.method, recorded.target, headers, length, recorded.body.replace(boundary, b"BOUNDARY"))
