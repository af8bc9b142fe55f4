"""`/v1/responses`: answers from stores, kept so that a conversation can go on."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel

from api.answer_cache import begins_kept, cache_headers, wants_fresh
from api.errors import ApiError
from api.openai.conversation import unsupported
from api.openai.refusals import in_words
from api.openai.responses.asked import asked_of
from api.openai.responses.body import ResponseBody, presented
from api.openai.responses.course import Course
from api.openai.responses.finding import find_response
from api.openai.responses.form import ResponseForm
from api.openai.streams import EVENTS, sse, streamed
from api.permissions import GuardedRoute, MayAsk, MaySearch
from api.services import Opened
from records import responses
from search import Event

router = APIRouter(tags=["openai: responses"], route_class=GuardedRoute)

_Include = Annotated[list[str] | None, Query()]
_IncludeInBrackets = Annotated[list[str] | None, Query(alias="include[]")]


class DeletedResponse(BaseModel):
    """What was deleted."""

    id: str
    object: Literal["response"] = "response"
    deleted: Literal[True] = True


class ItemList(BaseModel):
    """One page of items."""

    object: Literal["list"] = "list"
    data: list[dict[str, Any]]
    first_id: str
    last_id: str
    has_more: bool


@router.post("/v1/responses", response_model=ResponseBody, responses=EVENTS)
async def create_response(
    form: ResponseForm, request: Request, services: Opened, caller: MayAsk
) -> JSONResponse | StreamingResponse:
    """Answer a question from the stores that a `file_search` tool or a store model names."""
    asked = await asked_of(services, caller, form)
    course = Course(asked, services.records.database)
    inquiry = replace(asked.inquiry, fresh=wants_fresh(request))
    events = in_words(services.answerer.stream(inquiry), asked.model)
    first = await anext(events)  # what fails before there is anything to show gets a status of its own
    headers = cache_headers(services, cached=begins_kept(first))
    if form.stream:
        return streamed(_wire(course, first, events), headers)
    async with aclosing(course.run(first, events)) as sent:
        *_, last = [one async for one in sent]
    return JSONResponse(last["response"], headers=headers)


async def _wire(course: Course, first: Event, events: AsyncGenerator[Event]) -> AsyncGenerator[str]:
    async with aclosing(course.run(first, events)) as sent:
        try:
            async for one in sent:
                yield sse(one, name=one["type"])
        except Exception as error:  # noqa: BLE001  the status is sent; the client must still be told
            yield sse(course.failed(error), name="response.failed")


@router.get("/v1/responses/{response_id}", response_model=ResponseBody)
async def retrieve_response(
    response_id: str,
    services: Opened,
    caller: MaySearch,
    include: _Include = None,
    include_in_brackets: _IncludeInBrackets = None,
    stream: Annotated[bool, Query()] = False,
) -> JSONResponse:
    """A response that was kept."""
    found = await find_response(services, caller, response_id)
    if stream:
        raise unsupported("A response that is complete cannot be streamed again; ask without stream.", "stream")
    return JSONResponse(presented(found.body, [*(include or ()), *(include_in_brackets or ())]))


@router.delete("/v1/responses/{response_id}")
async def delete_response(response_id: str, services: Opened, caller: MaySearch) -> DeletedResponse:
    """Forget a response."""
    found = await find_response(services, caller, response_id)
    await services.records.database.write(lambda c: responses.remove(c, found.id))
    return DeletedResponse(id=found.id)


@router.post("/v1/responses/{response_id}/cancel", response_model=ResponseBody)
async def cancel_response(response_id: str, services: Opened, caller: MaySearch) -> JSONResponse:
    """Refused: only responses in the background can be cancelled, and none of ours are."""
    await find_response(services, caller, response_id)
    message = "Only responses that are made in the background can be cancelled; this one is complete."
    raise ApiError(HTTPStatus.BAD_REQUEST, message, code="not_in_background", param="response_id")


@router.get("/v1/responses/{response_id}/input_items")
async def list_input_items(
    response_id: str,
    services: Opened,
    caller: MaySearch,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    order: Annotated[Literal["asc", "desc"], Query()] = "desc",
    after: Annotated[str | None, Query()] = None,
) -> ItemList:
    """What was asked: the input of one response, without those it goes on from."""
    found = await find_response(services, caller, response_id)
    items = [dict(item) for item in found.input]
    if order == "desc":
        items.reverse()
    ids = [item["id"] for item in items]
    if after is not None and after not in ids:
        raise unsupported("after: there is no such item in this response.", "after", code="invalid_cursor")
    rest = items[ids.index(after) + 1 :] if after is not None else items
    page = rest[:limit]
    first_id, last_id = (page[0]["id"], page[-1]["id"]) if page else ("", "")
    return ItemList(data=page, first_id=first_id, last_id=last_id, has_more=len(rest) > limit)
