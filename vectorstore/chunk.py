"""What goes into the vector store and what comes out."""

import re
import uuid
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

AttributeValue = str | int | float | bool
"""Values OpenAI allows for the attributes of a document; numbers keep the form they came in, whole ones included."""

_FIRST_LINE = re.compile(r"\s*(?:#{1,6}[ \t]+)?([^\n]*[^\s])[ \t]*(?:\n|\Z)")
_NAMESPACE = uuid.UUID("3d2b64d0-6f0e-5b5e-9c53-5a7a3f0f4c11")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A passage of a document, as stored and searched."""

    store_id: str
    document_id: str
    version: int
    """Version of the document this passage belongs to; a replacement writes the next one beside it."""
    index: int
    """Position among the document's chunks, from 0."""
    text: str
    """The document's extracted text from `start` to `end`, unchanged: what is quoted."""
    start: int
    """Offset of the first character, in the document's extracted text."""
    end: int
    """Offset after the last character."""
    filename: str
    page: int | None = None
    """Page (or slide) on which the passage starts, from 1; None where the format has none."""
    page_starts: tuple[int, ...] = ()
    """Offsets, in the document's extracted text, at which further pages start within the passage."""
    headings: tuple[str, ...] = ()
    """Headings above the passage, outermost first."""
    attributes: Mapping[str, AttributeValue] = field(default_factory=dict)

    @property
    def words(self) -> str:
        """What BM25 searches: the headings, which say what the passage is about, and the text."""
        return "\n".join((*self.headings, self.text))

    @property
    def body(self) -> str:
        """The text without those of its headings that it begins with."""
        rest, headings = self.text, set(self.headings)
        while (line := _FIRST_LINE.match(rest)) and line[1] in headings:
            rest = rest[line.end() :]
        return rest

    def page_at(self, offset: int) -> int | None:
        """The page on which a character of the passage stands; `offset` counts in the document's extracted text."""
        return None if self.page is None else self.page + bisect_right(self.page_starts, offset)

    @property
    def id(self) -> str:
        """A UUID that is the same for the same chunk, so that a batch written twice leaves one point (uuid5)."""
        return str(uuid.uuid5(_NAMESPACE, f"{self.store_id}/{self.document_id}/{self.version}/{self.index}"))


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that a search returned."""

    chunk: Chunk
    score: float
    """The higher, the better. Comparable within one answer only: fused ranks when hybrid, cosine or BM25 otherwise."""
