"""`POST /search`: the passages that match a question."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import AliasChoices, BaseModel, ConfigDict, Field

from api.attributes import FilterForm, to_filter
from api.callers import Caller
from api.hits import HitBody, hit_body
from api.permissions import GuardedRoute, MayAsk
from api.services import Opened, Services
from api.store_use import use_store
from api.stores import resolve
from records.stores import DEFAULT_NAME
from search import Inquiry, Mode, Request

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


class SearchForm(Scope):
    """A search."""

    query: Question = Field(validation_alias=AliasChoices("query", "question"))


class SearchBody(BaseModel):
    """Hits, best first."""

    object: Literal["list"] = "list"
    query: str
    store: str
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


async def inquiry_of(services: Services, caller: Caller, scope: Scope, question: str) -> Inquiry:
    """The inquiry that a form describes.

    Raises:
        ApiError: 404, the store does not exist.
    """
    found = await request_of(services, caller, scope, question, services.settings.search.answer_passages)
    return Inquiry([found.store], question, found.limit, found.filter, found.mode)


@router.post("/search")
async def search(form: SearchForm, services: Opened, caller: MayAsk) -> SearchBody:
    """Find the passages that match a question."""
    request = await request_of(services, caller, form, form.query, services.settings.search.limit)
    hits = await services.searcher.search(request)
    return SearchBody(query=form.query, store=request.store.name, data=[hit_body(hit) for hit in hits])
