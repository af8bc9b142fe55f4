"""The tool `search`: passages, in the form that ChatGPT's connectors expect."""

from typing import Annotated

from pydantic import BaseModel, Field

from api.mcp.places import place_id, title
from api.mcp.wanting import StoreName, Wanting
from api.searching import Question
from vectorstore import Hit


class SearchArguments(BaseModel):
    """What is looked for."""

    query: Annotated[Question, Field(description="A question, or words.")]
    store: StoreName = None


class Passage(BaseModel):
    """A passage that was found."""

    id: str
    """Of the passage; `fetch` takes it."""
    title: str
    url: str
    text: str
    """The document's text from `start` to `end`, unchanged."""
    score: float
    document_id: str
    filename: str
    page: int | None
    start: int
    end: int


class Found(BaseModel):
    """Passages, best first."""

    results: list[Passage]


async def search(wanting: Wanting, given: SearchArguments) -> Found:
    """The passages that match a question.

    Raises:
        ApiError, UpstreamError, VectorStoreError, RecordsError
    """
    stores = await wanting.stores(given.store)
    services = wanting.services
    searcher = services.searcher.for_one_inquiry()
    found = await searcher.search_all(stores, [given.query], limit=services.settings.search.limit)
    return Found(results=[_passage(wanting, hit) for hit in found.hits])


def _passage(wanting: Wanting, hit: Hit) -> Passage:
    chunk = hit.chunk
    return Passage(
        id=place_id(chunk.document_id, chunk.start, chunk.end),
        title=title(chunk.filename, chunk.headings),
        url=wanting.url(chunk.document_id, chunk.page),
        text=chunk.text,
        score=hit.score,
        document_id=chunk.document_id,
        filename=chunk.filename,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
    )
