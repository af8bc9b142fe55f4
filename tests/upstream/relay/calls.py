"""Calls for tests, and what comes of them."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from typing import Any

from upstream.relay import Call, Relay, Replay


def get(target: str = "/things", headers: tuple[tuple[bytes, bytes], ...] = (), **options: Any) -> Call:
    """A call without a body."""
    return Call("GET", target, headers, b"", None, Replay.ALWAYS, **options)


def chat(body: bytes = b'{"model": "m"}', **options: Any) -> Call:
    """A call that may be sent again."""
    return Call(
        "POST",
        "/chat/completions",
        ((b"content-type", b"application/json"),),
        body,
        len(body),
        options.pop("replay", Replay.ALWAYS),
        **({"model": "m"} | options),
    )


def create(body: bytes = b"{}", **options: Any) -> Call:
    """A call that must not be made twice."""
    return Call("POST", "/files", (), body, len(body), Replay.UNDONE, **options)


def upload(pieces: Iterable[bytes], content_length: int | None = None, **options: Any) -> Call:
    """A call whose body passes through in pieces."""
    return Call("POST", "/files", options.pop("headers", ()), each(pieces), content_length, Replay.UNDONE, **options)


async def each(pieces: Iterable[bytes]) -> AsyncIterator[bytes]:
    """The pieces, as a client sends them."""
    for piece in pieces:
        yield piece


@dataclass(frozen=True, slots=True)
class Got:
    """A whole answer."""

    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes
    upstream: str
    tries: int
    model: str | None


async def send(relay: Relay, call: Call) -> Got:
    """Send the call and read the answer to its end."""
    answer = await relay.send(call)
    body = b""
    try:
        while piece := await answer.read():
            body += piece
    finally:
        answer.close()
    return Got(answer.status, answer.headers, body, answer.upstream, answer.tries, answer.model)
