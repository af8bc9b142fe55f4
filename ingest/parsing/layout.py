"""A document's structure as bytes: everything parsing found out but the text itself."""

import json
import zlib
from collections.abc import Iterable
from typing import Any

from ingest.chunking.splitting import Span
from ingest.parsing.extracted import Extracted, Heading, Page

_COMPRESSION = 1  # the fastest: most of it are numbers, which more effort hardly shortens


def pack_layout(extracted: Extracted, spans: Iterable[Span]) -> bytes:
    """Headings, pages, media type, title and spans, compressed; `unpack_layout` adds the text again."""
    return zlib.compress(json.dumps(layout(extracted, spans), ensure_ascii=False).encode(), _COMPRESSION)


def unpack_layout(data: bytes, text: str) -> tuple[Extracted, list[Span]]:
    """What `pack_layout` was given; `text` must be the document's own.

    Raises ValueError, TypeError, KeyError or IndexError when the bytes are none of its making.
    """
    try:
        return with_text(json.loads(zlib.decompress(data)), text)
    except zlib.error as exc:
        raise ValueError("these bytes are no layout") from exc


def layout(extracted: Extracted, spans: Iterable[Span]) -> dict[str, Any]:
    """The structure as JSON values; a heading path that many spans share is written once."""
    paths: dict[tuple[str, ...], int] = {}
    rows = [[span.start, span.end, span.page, paths.setdefault(span.headings, len(paths))] for span in spans]
    return {
        "media_type": extracted.media_type,
        "title": extracted.title,
        "headings": [[item.level, item.title, item.start] for item in extracted.headings],
        "pages": [[item.number, item.start] for item in extracted.pages],
        "paths": list(paths),
        "spans": rows,
    }


def with_text(body: dict[str, Any], text: str) -> tuple[Extracted, list[Span]]:
    """The document and its spans from their JSON values."""
    paths = [tuple(path) for path in body["paths"]]
    extracted = Extracted(
        text=text,
        headings=tuple(Heading(*item) for item in body["headings"]),
        pages=tuple(Page(*item) for item in body["pages"]),
        media_type=body["media_type"],
        title=body["title"],
    )
    return extracted, [Span(start, end, page, paths[path]) for start, end, page, path in body["spans"]]
