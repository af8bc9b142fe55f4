"""`POST /v1/vector_stores/{id}/search`: the hits of the native `POST /search`, in OpenAI's form."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, BeforeValidator, Field

from api.attributes import FilterForm, to_filter
from api.openai.finding import find_vector_store
from api.permissions import GuardedRoute, MayAsk
from api.searching import Question
from api.services import Opened, Services
from api.store_use import use_store
from records import documents
from search import Refining, rewritten
from vectorstore import Hit

router = APIRouter(tags=["vector stores"], route_class=GuardedRoute)
_MOST_QUERIES = 16


class RankingOptions(BaseModel):
    """Which hits are wanted."""

    ranker: Literal["none", "auto", "default-2024-11-15", "default_2024_08_21"] | None = None
    """`none` leaves the order as it is where `search.rerank` names a reranker; the others leave that to the options."""
    score_threshold: Annotated[float, Field(ge=0, le=1)] | None = None


def _listed(query: Any) -> Any:
    return [query] if isinstance(query, str) else query


_Several = Annotated[list[Question], Field(min_length=1, max_length=_MOST_QUERIES)]
# A union would be named in the `param` of errors.
Queries = Annotated[_Several, BeforeValidator(_listed, json_schema_input_type=Question | _Several)]


class StoreSearchForm(BaseModel):
    """A search in a store."""

    query: Queries
    """One question, or several."""
    max_num_results: Annotated[int, Field(ge=1, le=50)] | None = None
    """10 by default."""
    filters: FilterForm | None = None
    ranking_options: RankingOptions | None = None
    rewrite_query: bool | None = None
    """Whether the chat model is to make a better question of it first."""


class FoundText(BaseModel):
    """The text of a hit."""

    type: Literal["text"] = "text"
    text: str


class FoundBody(BaseModel):
    """A passage that was found; the fields from `quote` on are Footnote's own."""

    file_id: str
    filename: str
    score: float
    attributes: dict[str, Any]
    content: list[FoundText]
    quote: str
    """The document's text from `start` to `end`, unchanged."""
    page: int | None
    """Page on which the passage starts, from 1."""
    start: int
    end: int
    chunk_id: str
    document_id: str
    headings: list[str]


class FoundPage(BaseModel):
    """Hits, best first."""

    object: Literal["vector_store.search_results.page"] = "vector_store.search_results.page"
    search_query: list[str]
    """What was looked for in the end."""
    data: list[FoundBody]
    reranked: bool | None = None
    """Footnote's own: whether a reranker gave the scores; false when it failed, null when none was to."""
    has_more: Literal[False] = False
    next_page: None = None


@router.post("/v1/vector_stores/{vector_store_id}/search")
async def search_vector_store(
    vector_store_id: str, form: StoreSearchForm, services: Opened, caller: MayAsk
) -> FoundPage:
    """Find the passages that match a question, or several questions at once."""
    store = await find_vector_store(services, caller, vector_store_id)
    await use_store(services, store)
    queries = await _rewritten(services, form.query) if form.rewrite_query else form.query
    ranking = form.ranking_options or RankingOptions()
    found = await services.searcher.search_all(
        [store],
        queries,
        limit=form.max_num_results or services.settings.search.limit,
        filter=None if form.filters is None else to_filter(form.filters),
        score_threshold=ranking.score_threshold or 0.0,
        refining=Refining(rerank=False if ranking.ranker == "none" else None),
    )
    ids = list({hit.chunk.document_id for hit in found.hits})
    file_ids = await services.records.database.read(lambda c: documents.file_ids(c, ids))
    data = _bodies(found.hits, file_ids)
    return FoundPage(search_query=list(queries), data=data, reranked=found.reranked)


async def _rewritten(services: Services, queries: Sequence[str]) -> Sequence[str]:
    return await asyncio.gather(*(rewritten(query, services.upstream.chat) for query in queries))


def _bodies(hits: Sequence[Hit], file_ids: Mapping[str, str]) -> list[FoundBody]:
    """Without hits of documents that were deleted this very moment."""
    return [_body(hit, file_ids[hit.chunk.document_id]) for hit in hits if hit.chunk.document_id in file_ids]


def _body(hit: Hit, file_id: str) -> FoundBody:
    chunk = hit.chunk
    return FoundBody(
        file_id=file_id,
        filename=chunk.filename,
        score=hit.score,
        attributes=dict(chunk.attributes),
        content=[FoundText(text=chunk.text)],
        quote=chunk.text,
        page=chunk.page,
        start=chunk.start,
        end=chunk.end,
        chunk_id=chunk.id,
        document_id=chunk.document_id,
        headings=list(chunk.headings),
    )
