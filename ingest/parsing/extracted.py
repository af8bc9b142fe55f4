"""What parsing yields, and the limits it keeps."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading in the text."""

    level: int
    """From 1 (outermost) to 9."""
    title: str
    start: int
    """Offset in the text of the first character of the heading's line, its `#` marks included."""


@dataclass(frozen=True, slots=True)
class Page:
    """Where a page or slide begins. Pages without text are left out."""

    number: int
    """Counted from 1, as a viewer counts them."""
    start: int
    """Offset in the text of the page's first character."""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A document's text in canonical form (see `ingest.text.cleaning`), with its structure; all offsets are exact."""

    text: str
    headings: tuple[Heading, ...]
    """In order. Their lines look like Markdown headings, except in PDF, where the page's own words stay as they are."""
    pages: tuple[Page, ...]
    """In order; empty where the format has no pages."""
    media_type: str
    title: str | None
    """From the file's metadata or its first top heading; None when there is neither."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of a file is read before it counts as an attack or a mistake."""

    max_text_characters: int = 20_000_000
    max_unpacked_bytes: int = 536_870_912
    """Bytes that all members of a zip-based file may unpack to, together."""
    max_compression_ratio: int = 250
    """How many times larger than packed a member above 10 MB may be. Office files stay below 100."""
    recognise: Callable[[Any], str] | None = None
    """Reads the picture of a PDF page (`pypdfium2.PdfPage`) that has no text; None where that is turned off."""
