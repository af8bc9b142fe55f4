"""`/events`: progress as server-sent events, of one document or of all that happens."""

import math
from collections.abc import AsyncGenerator, Callable, Collection
from contextlib import aclosing, suppress
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.changes import EVERYTHING, Change, changes_of, event, missed, overlap_seconds
from api.documents import find_document
from api.jobs import StoreName, store_ids_of, totals_of
from api.keeping_alive import with_comments
from api.permissions import GuardedRoute, MayWork
from api.services import Opened, Services
from records import Connection, jobs
from records.clock import moment
from records.documents import Status

router = APIRouter(tags=["events"], route_class=GuardedRoute)
_MOST_AT_ONCE = 100

_STREAM: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
_HEADERS = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}

LastEventId = Annotated[
    str | None, Header(description="Id of the last event that was received, to go on behind it. Browsers send it.")
]


class TotalsBody(BaseModel):
    """How many jobs there are."""

    object: Literal["totals"] = "totals"
    store_id: str | None
    """None means all stores that the key may use."""
    jobs: dict[str, int]
    """By status, and in all."""


@router.get("/documents/{document_id}/events", response_class=StreamingResponse, responses=_STREAM)
async def follow_document(
    document_id: str, services: Opened, caller: MayWork, last_event_id: LastEventId = None
) -> Response:
    """How a document comes along, as server-sent events.

    `document` comes at once and with every change, with what `GET /documents/{id}` answers; the stream ends once
    `data.job` is completed, failed or cancelled, or with `deleted`. Whoever comes back with the id of the last event
    gets 204, which keeps browsers from coming back once more.
    """
    await find_document(services, caller, document_id)
    known = _time(last_event_id)
    now = await services.records.database.read(lambda c: _present(c, document_id))
    if now is not None and now.is_final and known is not None and now.updated_at <= known + _ROUNDING_SECONDS:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return _streamed(_of_document(services, document_id), partial(services.keys.still_lets, caller))


@router.get("/events", response_class=StreamingResponse, responses=_STREAM)
async def follow_all(
    services: Opened, caller: MayWork, store: StoreName = None, last_event_id: LastEventId = None
) -> Response:
    """Everything that happens to documents, in one store or in all, as server-sent events, until the client leaves.

    First comes `totals`, how many jobs there are by status; then `document` for each that is in work, or that changed
    since the event that `Last-Event-ID` names; then `document` for every change, with what `GET /documents/{id}`
    answers, and `job` where a document is embedded with another model. Of several changes between two events only the
    latest is told, and after coming back one may be told again. A client that falls far behind is cut off and goes on
    where it was when it comes back with the id of its last event, as browsers do.
    """
    store_ids = await store_ids_of(services, caller, store)
    events = _of_all(services, store_ids, _time(last_event_id))
    return _streamed(events, partial(services.keys.still_lets, caller))


_ROUNDING_SECONDS = 1e-6


def _streamed(events: AsyncGenerator[str], goes_on: Callable[[], bool]) -> StreamingResponse:
    told = with_comments(_while(goes_on, events))
    return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)


async def _while(goes_on: Callable[[], bool], events: AsyncGenerator[str]) -> AsyncGenerator[str]:
    """The events, until the key of whoever hears them is revoked or changed."""
    async with aclosing(events):
        async for event_text in events:
            if not goes_on():
                return
            yield event_text


async def _of_document(services: Services, document_id: str) -> AsyncGenerator[str]:
    async with services.feed.listen(document_id) as listener:
        now = await services.records.database.read(lambda c: _present(c, document_id))
        told = -math.inf
        if now is not None:
            yield now.text
            told = now.updated_at
            if now.is_final:
                return
        async for change in listener.changes():
            if change.updated_at > told:
                yield change.text
                told = change.updated_at
                if change.is_final:
                    return


async def _of_all(services: Services, store_ids: Collection[str] | None, known: float | None) -> AsyncGenerator[str]:
    database = services.records.database
    since = None if known is None else known - overlap_seconds(is_exact=database.is_exclusive)
    if since is not None:  # before listening, since it may take a while
        async for change in missed(database, since, store_ids):
            yield change.text
            since = change.updated_at - overlap_seconds(is_exact=database.is_exclusive)
    async with services.feed.listen(*([EVERYTHING] if store_ids is None else store_ids)) as listener:
        totals, in_work = await database.read(lambda c: _overview(c, store_ids))
        yield totals
        told = {}
        if since is None:
            for change in in_work:
                told[change.key] = change.updated_at
                yield change.text
        else:
            async for change in missed(database, since, store_ids):
                yield change.text
        async for change in listener.changes():
            if told.pop(change.key, None) != change.updated_at:
                yield change.text


def _present(connection: Connection, document_id: str) -> Change | None:
    job = jobs.find(connection, document_id)
    return next(changes_of(connection, [job]), None) if job else None


def _overview(connection: Connection, store_ids: Collection[str] | None) -> tuple[str, list[Change]]:
    now = moment(connection)
    store_id = next(iter(store_ids)) if store_ids is not None and len(store_ids) == 1 else None
    body = TotalsBody(store_id=store_id, jobs=totals_of(jobs.counts(connection, store_ids)))
    in_work = jobs.page(connection, store_ids=store_ids, statuses=[Status.IN_PROGRESS], limit=_MOST_AT_ONCE)
    return event("totals", body, now), list(changes_of(connection, in_work))


def _time(event_id: str | None) -> float | None:
    """The moment that an event's id stands for; None for what is no id of ours."""
    with suppress(ValueError):
        time = float(event_id or "")
        return time if math.isfinite(time) else None
    return None
