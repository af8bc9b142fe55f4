"""Hits and citations as they are sent."""

from typing import Any, Literal

from pydantic import BaseModel

from search import Citation
from vectorstore import Hit


class HitBody(BaseModel):
    """A passage that a search returned."""

    object: Literal["hit"] = "hit"
    chunk_id: str
    document_id: str
    filename: str
    score: float
    """From 0 to 1; what it means depends on the mode, so compare scores of one mode only."""
    text: str
    page: int | None
    """Page on which the passage starts, from 1."""
    headings: list[str]
    start: int
    """Offset of the passage in the document's text (`GET /documents/{id}/content`)."""
    end: int
    attributes: dict[str, Any]


class CitationBody(BaseModel):
    """A claim of an answer and the words it stands on."""

    number: int
    """The passage's number, as in the answer's marker `[1]`."""
    claim: str
    quote: str
    """The document's text from `start` to `end`, unchanged."""
    start: int
    end: int
    page: int | None
    document_id: str
    filename: str
    headings: list[str]
    chunk_id: str
    index: int
    """Offset, in the answer, of the marker; where there is none, of the end of the claim."""
    marked: bool
    """Whether the answer has a marker for it. A claim without one that a passage plainly says has a citation, too."""


def hit_body(hit: Hit) -> HitBody:
    """A hit as it is sent."""
    chunk = hit.chunk
    return HitBody(
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        filename=chunk.filename,
        score=hit.score,
        text=chunk.text,
        page=chunk.page,
        headings=list(chunk.headings),
        start=chunk.start,
        end=chunk.end,
        attributes=dict(chunk.attributes),
    )


def citation_body(citation: Citation) -> CitationBody:
    """A citation as it is sent."""
    chunk = citation.hit.chunk
    return CitationBody(
        number=citation.number,
        claim=citation.claim,
        quote=citation.quote,
        start=citation.start,
        end=citation.end,
        page=citation.page,
        document_id=chunk.document_id,
        filename=chunk.filename,
        headings=list(chunk.headings),
        chunk_id=chunk.id,
        index=citation.index,
        marked=citation.marked,
    )
