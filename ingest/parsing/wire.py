"""What the service and a parsing process say to each other.

JSON and plain text, not pickle: a file that takes over the process must not be able to run code in the service.
"""

import json
import struct
from dataclasses import asdict, dataclass
from typing import Any

from ingest.chunking.splitting import Span
from ingest.parsing.errors import ERRORS, ParseError
from ingest.parsing.extracted import Extracted
from ingest.parsing.layout import layout, with_text

LENGTH = struct.Struct("!Q")
"""Every message is preceded by its length in bytes."""

PAGE = b"page"
"""What a process says before it recognises the text of a page, which takes long."""

READY = b"ready"
"""What a process says when it can take a file."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a process is told when it starts; the fields of `IngestSettings` by these names."""

    parse_memory_bytes: int
    max_text_characters: int
    ocr: str
    ocr_memory_bytes: int
    ocr_max_pages: int


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


def encode_reply(reply: Reply) -> tuple[bytes, bytes]:
    """A reply as two messages: all but the text in JSON, then the text in UTF-8."""
    body: dict[str, Any] = {"retire": reply.retire}
    text = ""
    if reply.error is not None:
        body |= {"code": reply.error.code, "message": reply.error.message}
    elif reply.extracted is not None:
        body |= layout(reply.extracted, reply.spans)
        text = reply.extracted.text
    return json.dumps(body, ensure_ascii=False).encode(), text.encode()


def decode_reply(head: bytes, text: str) -> Reply:
    """The reply in the two messages; raises ValueError, TypeError, KeyError or IndexError when it is none."""
    body = json.loads(head)
    if "code" in body:
        kind = next((error for error in ERRORS if error.code == body["code"]), ParseError)
        return Reply(None, [], kind(str(body["message"])), bool(body["retire"]))
    extracted, spans = with_text(body, text)
    return Reply(extracted, spans, None, bool(body["retire"]))
