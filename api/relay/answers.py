"""Answers of upstreams, and those that are made here in their shape."""

import json
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any, Protocol

import msgspec

_JSON = (b"content-type", b"application/json")
_EVENTS = (b"content-type", b"text/event-stream; charset=utf-8")
_MAX_BYTES = 16_777_216
"""Of an answer that is read as a whole, to be put into another shape."""


class Answer(Protocol):
    """What the relay passes on to a client, whoever it is from."""

    status: int
    headers: list[tuple[bytes, bytes]]
    upstream: str
    tries: int
    model: str | None

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end."""
        ...

    def spend(self, tokens: int) -> None:
        """Count tokens to the limits of the upstream."""
        ...

    def close(self) -> None:
        """Nothing more is wanted."""
        ...


class Composed:
    """An answer made here."""

    __slots__ = ("_like", "_pieces", "headers", "model", "status", "tries", "upstream")

    def __init__(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        pieces: AsyncIterator[bytes],
        like: Answer | None = None,
    ) -> None:
        self.status = status
        self.headers = headers
        self.upstream = like.upstream if like is not None else ""
        self.tries = like.tries if like is not None else 1
        self.model = like.model if like is not None else None
        self._like = like
        self._pieces = pieces

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end."""
        return await anext(self._pieces, b"")

    def spend(self, tokens: int) -> None:
        """Count tokens to the limits of the upstream whose answer this was made of."""
        if self._like is not None:
            self._like.spend(tokens)

    def close(self) -> None:
        """Nothing is held that would have to be given back."""


def composed(value: Any, like: Answer | None = None, *, status: int = HTTPStatus.OK) -> Composed:
    """A JSON answer, from the upstream that `like` came from."""
    return whole(json.dumps(value).encode(), like, status=status, headers=[_JSON])


def whole(body: bytes, like: Answer | None, *, status: int, headers: list[tuple[bytes, bytes]]) -> Composed:
    """An answer with this body."""
    return Composed(status, [*headers, (b"content-length", str(len(body)).encode())], _once(body), like)


def events(pieces: AsyncIterator[bytes], like: Answer | None) -> Composed:
    """A stream of server-sent events."""
    return Composed(HTTPStatus.OK, [_EVENTS], pieces, like)


async def _once(body: bytes) -> AsyncIterator[bytes]:
    yield body


class TooLongError(Exception):
    """The upstream's answer is too long to be put into another shape."""


async def read_all(answer: Answer, most_bytes: int = _MAX_BYTES) -> bytes:
    """The whole body.

    Raises:
        TooLongError: There is more than may be kept.
        UpstreamError: The answer broke off.
    """
    pieces, size_bytes = [], 0
    try:
        while piece := await answer.read():
            pieces.append(piece)
            size_bytes += len(piece)
            if size_bytes > most_bytes:
                raise TooLongError
    finally:
        answer.close()
    return b"".join(pieces)


def json_of(body: bytes) -> dict[str, Any] | None:
    """A body that is a JSON object; None for any other."""
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
