"""The tool `fetch`: the text of a document."""

from typing import Annotated, Any

from pydantic import BaseModel, Field

from api.documents import find_document, text_of
from api.mcp.places import Place, place_of
from api.mcp.wanting import Wanting
from records.documents import Document

_MOST_CHARACTERS = 100_000
"""Of one answer: more than most documents have, and about what a language model can take in."""


class FetchArguments(BaseModel):
    """Which document, and from where on."""

    id: Annotated[str, Field(description="Id of a result of `search`, or of a document.", max_length=200)]
    start: Annotated[
        int | None,
        Field(ge=0, description="Offset of the first character wanted, to read on in a document that is very long."),
    ] = None


class Fetched(BaseModel):
    """A document."""

    id: str
    title: str
    text: str
    url: str
    metadata: dict[str, Any]
    """`start` and `end` say which part of its `characters` the text is."""


async def fetch(wanting: Wanting, given: FetchArguments) -> Fetched:
    """The text of a document, or as much of it around a passage as is sent at once.

    Raises:
        ApiError: 404, it is not there for this caller; 409, it has no text.
        RecordsError: it cannot be read.
    """
    place = place_of(given.id)
    document = await find_document(wanting.services, wanting.caller, place.document_id)
    text = await text_of(wanting.services, document)
    start = _start(place, len(text)) if given.start is None else given.start
    part = text[start : start + _MOST_CHARACTERS]
    return Fetched(
        id=given.id,
        title=document.title or document.filename,
        text=part,
        url=wanting.url(document.id),
        metadata=_metadata(document, start, start + len(part), len(text)),
    )


def _start(place: Place, characters: int) -> int:
    """Where the part begins that has the passage in its middle; a text that is short enough is sent whole."""
    return max(0, min(place.start - _MOST_CHARACTERS // 2, characters - _MOST_CHARACTERS))


def _metadata(document: Document, start: int, end: int, characters: int) -> dict[str, Any]:
    known = {
        "document_id": document.id,
        "filename": document.filename,
        "media_type": document.media_type,
        "pages": document.pages,
        "characters": characters,
        "start": start,
        "end": end,
        "attributes": dict(document.attributes) or None,
    }
    return {name: value for name, value in known.items() if value is not None}
