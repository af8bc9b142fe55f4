"""What the echo server is told to answer, and what it saw."""

import hashlib
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

Headers = tuple[tuple[bytes, bytes], ...]
KEPT_BYTES = 1024 * 1024
"""Bodies up to this size are kept as they came."""


class Fault(Enum):
    """What goes wrong at one place of an answer."""

    RESET = "reset"
    """The connection is cut with a TCP reset."""
    CLOSE = "close"
    """The connection is closed in good order, whatever is still missing."""
    HALF_CLOSE = "half_close"
    """Nothing more is sent, which the client is told; the server still reads until the client leaves."""
    STALL = "stall"
    """Nothing more happens until `release` or the client leaves."""


Piece = bytes | float | Fault
"""Bytes are sent as one write (of a chunked body: as one chunk), numbers are pauses in seconds."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    pieces: Iterable[Piece] = ()
    """The body. With `framing="raw"` all bytes of the answer, status line included."""
    status: int = 200
    headers: Headers = ((b"content-type", b"application/json"),)
    """Sent as they are, in this order; the framing adds its own."""
    framing: Literal["length", "chunked", "close", "raw"] = "length"
    """`close`: the end of the connection is the end of the body."""
    declared_bytes: int | None = None
    """What Content-Length says, where it shall be wrong."""
    before: Sequence[Piece] = ()
    """Pauses and faults before the status line; bytes here come before it too, such as an interim answer."""
    body_bytes_read: int | None = None
    """Bytes of the request's body to read before answering; None reads all."""


@dataclass(slots=True)
class Recorded:
    """A request as it arrived, and what became of it."""

    method: str
    target: str
    """Path and query as they stood in the request line."""
    headers: Headers
    """Names as they were written, in order."""
    connection: int
    """Number of the connection it came over, from 1."""
    in_flight: int
    """Requests under way when this one came, itself included."""
    body_bytes: int = 0
    sha256: str = ""
    """Of the body, in hexadecimal digits; empty while it is not read to its end."""
    kept: bytes | None = b""
    """The body; None where it is longer than `KEPT_BYTES`."""
    chunks: int = 0
    """Pieces of a chunked body; 0 of others."""
    frames: list[str | bytes] = field(default_factory=list)
    """Messages that came over a WebSocket."""
    close_code: int | None = None
    """What a WebSocket's client closed it with."""
    outcome: Literal["open", "done", "left"] = "open"
    """`left` when the client went before the answer was complete."""
    ended_at: float | None = None
    """`time.monotonic()` when the outcome was known."""

    def header(self, name: str) -> bytes | None:
        """First value of a header, whatever the case of its name."""
        return next((value for key, value in self.headers if key.lower() == name.encode()), None)

    def values(self, name: str) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self.headers if key.lower() == name.encode()]

    @property
    def body(self) -> bytes:
        """The body, of requests whose body was kept."""
        assert self.kept is not None, "the body was too long to keep; compare `sha256`"
        return self.kept


Answering = Callable[[Recorded], Reply]


def echo(recorded: Recorded) -> Reply:
    """What the server answers unless it is told otherwise: what it saw, as JSON."""
    seen = {
        "method": recorded.method,
        "target": recorded.target,
        "body_bytes": recorded.body_bytes,
        "sha256": recorded.sha256,
    }
    return json_reply(seen)


def json_reply(value: object, status: int = 200, headers: Headers = ()) -> Reply:
    """An answer in JSON."""
    return Reply([json.dumps(value).encode()], status, ((b"content-type", b"application/json"), *headers))


def error_reply(status: int, code: str, message: str = "Scripted failure.", headers: Headers = ()) -> Reply:
    """An error in OpenAI's shape."""
    return json_reply({"error": {"message": message, "type": code, "param": None, "code": code}}, status, headers)


def event_stream(events: Iterable[Piece]) -> Reply:
    """A stream of server-sent events, each given as its bytes; pauses and faults may stand between."""
    return Reply(events, headers=((b"content-type", b"text/event-stream; charset=utf-8"),), framing="chunked")


def limited(retry_after: str | None = None) -> Reply:
    """429, with a Retry-After when one is given."""
    headers = ((b"retry-after", retry_after.encode()),) if retry_after is not None else ()
    return error_reply(429, "rate_limit_exceeded", headers=headers)


def digest(body: bytes) -> str:
    """SHA-256 as `Recorded.sha256` has it."""
    return hashlib.sha256(body).hexdigest()
