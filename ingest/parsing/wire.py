"""What the service and a parsing process say to each other.

JSON and not pickle: a file that takes over the process must not be able to run code in the service.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ingest.chunking.splitting import Span
from ingest.parsing.errors import ERRORS, ParseError
from ingest.parsing.extracted import Extracted, Heading, Page

LENGTH = struct.Struct("!Q")
"""Every message is preceded by its length in bytes."""

READY = b"ready"
"""What a process says when it can take a file."""


@dataclass(frozen=True, slots=True)
class Request:
    """One file to read."""

    path: str
    filename: str
    max_tokens: int
    overlap_tokens: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of it."""

    extracted: Extracted | None
    spans: list[Span]
    error: ParseError | None
    retire: bool
    """Whether the process holds on to so much memory that another should take its place."""


def framed(message: bytes) -> bytes:
    """A message with its length in front."""
    return LENGTH.pack(len(message)) + message


def encode_request(request: Request) -> bytes:
    """A request as a message."""
    return json.dumps(asdict(request)).encode()


def decode_request(message: bytes) -> Request:
    """The request in a message."""
    return Request(**json.loads(message))


def encode_reply(reply: Reply) -> bytes:
    """A reply as a message."""
    body: dict[str, Any] = {"retire": reply.retire}
    if reply.error is not None:
        body |= {"code": reply.error.code, "message": reply.error.message}
    elif reply.extracted is not None:
        body |= _extracted_fields(reply.extracted) | {
            "spans": [[span.start, span.end, span.page, span.headings] for span in reply.spans]
        }
    return json.dumps(body, ensure_ascii=False).encode()


def decode_reply(message: bytes) -> Reply:
    """The reply in a message; raises ValueError, TypeError or KeyError when it is none."""
    body = json.loads(message)
    if "code" in body:
        kind = next((error for error in ERRORS if error.code == body["code"]), ParseError)
        return Reply(None, [], kind(str(body["message"])), bool(body["retire"]))
    extracted = Extracted(
        text=body["text"],
        headings=tuple(Heading(*item) for item in body["headings"]),
        pages=tuple(Page(*item) for item in body["pages"]),
        media_type=body["media_type"],
        title=body["title"],
    )
    spans = [Span(start, end, page, tuple(headings)) for start, end, page, headings in body["spans"]]
    return Reply(extracted, spans, None, bool(body["retire"]))


def _extracted_fields(extracted: Extracted) -> dict[Literal["text", "headings", "pages", "media_type", "title"], Any]:
    return {
        "text": extracted.text,
        "headings": [[item.level, item.title, item.start] for item in extracted.headings],
        "pages": [[item.number, item.start] for item in extracted.pages],
        "media_type": extracted.media_type,
        "title": extracted.title,
    }
