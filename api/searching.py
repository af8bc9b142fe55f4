"""`POST /search`: the passages that match a question."""

from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api.attributes import FilterForm, to_filter
from api.callers import Caller
from api.errors import ApiError
from api.hits import HitBody, hit_body
from api.permissions import GuardedRoute, MayAsk
from api.services import Opened, Services
from api.store_use import use_store
from api.stores import resolve
from records.stores import DEFAULT_NAME
from search import Inquiry, Mode, Refining, Request, formulated

router = APIRouter(tags=["questions"], route_class=GuardedRoute)

Question = Annotated[str, Field(pattern=r"\S", max_length=32_000)]


class Scope(BaseModel):
    """Where to look, and how."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    store: str = DEFAULT_NAME
    """Name or id of the store."""
    limit: Annotated[int, Field(ge=1, le=50)] | None = None
    filter: FilterForm | None = Field(default=None, validation_alias=AliasChoices("filter", "filters"))
    """Conditions on the documents' attributes, in the form of OpenAI's file search."""
    mode: Mode = "hybrid"
    """`hybrid` joins search by meaning (`dense`) and by words (`bm25`)."""
    rerank: bool | None = None
    """Whether the reranker that `search.rerank` names puts the best hits in a better order; unset leaves it to that."""
    per_document: Annotated[int, Field(ge=1, le=50)] | None = None
    """Hits of one document at most."""
    diversity: Annotated[float, Field(ge=0, le=1)] = 0.0
    """How much a hit loses by saying what a better one says: 0 not at all, 1 counts nothing else. Hits then come in the
    order in which they were chosen."""
    queries: Annotated[int, Field(ge=1, le=8)] | None = None
    """Ways of putting the question that are searched for; the chat model writes those beyond the first."""


class SearchForm(Scope):
    """A search."""

    limit: Annotated[int, Field(ge=1, le=100)] | None = None
    """Hits at most; unset means `search.limit`."""
    query: Question = Field(validation_alias=AliasChoices("query", "question"))


class SearchBody(BaseModel):
    """Hits, best first."""

    object: Literal["list"] = "list"
    query: str
    store: str
    queries: list[str]
    """What was searched for."""
    reranked: bool | None
    """Whether a reranker gave the scores; false when it failed, null when none was to."""
    data: list[HitBody]


async def request_of(services: Services, caller: Caller, scope: Scope, question: str, default_limit: int) -> Request:
    """The request that a form describes.

    Raises:
        ApiError: 404, the store does not exist.
        StoreExpiredError: nobody used it for too long.
    """
    store = await resolve(services, caller, scope.store)
    await use_store(services, store)
    wanted = to_filter(scope.filter) if scope.filter is not None else None
    return Request(store, question, scope.limit or default_limit, wanted, scope.mode)


def refining_of(services: Services, scope: Scope) -> Refining:
    """How the hits are to be refined.

    Raises:
        ApiError: 400, they are to be reranked, and there is no way to do it.
    """
    if scope.rerank and not services.searcher.reranks:
        message = "There is no reranker; set search.rerank."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="no_reranker", param="rerank")
    return Refining(scope.rerank, per_document=scope.per_document, diversity=scope.diversity)


async def inquiry_of(services: Services, caller: Caller, scope: Scope, question: str) -> Inquiry:
    """The inquiry that a form describes.

    Raises:
        ApiError: 404, the store does not exist; 400, there is no reranker.
    """
    refining = refining_of(services, scope)
    found = await request_of(services, caller, scope, question, services.settings.search.answer_passages)
    return Inquiry(
        [found.store], question, found.limit, found.filter, found.mode, refining=refining, queries=scope.queries
    )


@router.post("/search")
async def search(form: SearchForm, services: Opened, caller: MayAsk) -> SearchBody:
    """Find the passages that match a question."""
    refining = refining_of(services, form)
    request = await request_of(services, caller, form, form.query, services.settings.search.limit)
    queries = await formulated(form.query, services.upstream.chat, [], form.queries or 1)
    found = await services.searcher.search_all(
        [request.store],
        queries,
        limit=request.limit,
        filter=request.filter,
        mode=request.mode,
        refining=replace(refining, question=form.query),
    )
    data = [hit_body(hit) for hit in found.hits]
    return SearchBody(
        query=form.query, store=request.store.name, queries=list(queries), reranked=found.reranked, data=data
    )
