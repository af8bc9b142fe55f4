"""`/events`: progress as server-sent events, of one document or of all that happens."""

import math
from collections.abc import AsyncGenerator
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from api.changes import EVERYTHING, Change, changes_of, event, missed, overlap_seconds
from api.documents import find_document
from api.jobs import StoreName, store_id_of, totals_of
from api.keeping_alive import with_comments
from api.services import Opened, Services
from records import Connection, jobs
from records.clock import moment
from records.documents import Status
from records.ids import StoreId

router = APIRouter(tags=["events"])
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
    """None means all stores."""
    jobs: dict[str, int]
    """By status, and in all."""


@router.get("/documents/{document_id}/events", response_class=StreamingResponse, responses=_STREAM)
async def follow_document(document_id: str, services: Opened, last_event_id: LastEventId = None) -> Response:
    """How a document comes along, as server-sent events.

    `document` comes at once and with every change, with what `GET /documents/{id}` answers; the stream ends once
    `data.job` is completed, failed or cancelled, or with `deleted`. Whoever comes back with the id of the last event
    gets 204, which keeps browsers from coming back once more.
    """
    await find_document(services, document_id)
    known = _time(last_event_id)
    now = await services.records.database.read(lambda c: _present(c, document_id))
    if now is not None and now.is_final and known is not None and now.updated_at <= known + _ROUNDING_SECONDS:
        return Response(status_code=HTTPStatus.NO_CONTENT)
    return _streamed(_of_document(services, document_id))


@router.get("/events", response_class=StreamingResponse, responses=_STREAM)
async def follow_all(services: Opened, store: StoreName = None, last_event_id: LastEventId = None) -> Response:
    """Everything that happens to documents, in one store or in all, as server-sent events, until the client leaves.

    First comes `totals`, how many jobs there are by status; then `document` for each that is in work, or that changed
    since the event that `Last-Event-ID` names; then `document` for every change, with what `GET /documents/{id}`
    answers, and `job` where a document is embedded with another model. Of several changes between two events only the
    latest is told, and after coming back one may be told again. A client that falls far behind is cut off and goes on
    where it was when it comes back with the id of its last event, as browsers do.
    """
    store_id = await store_id_of(services, store)
    return _streamed(_of_all(services, store_id, _time(last_event_id)))


_ROUNDING_SECONDS = 1e-6


def _streamed(events: AsyncGenerator[str]) -> StreamingResponse:
    return StreamingResponse(with_comments(events), media_type="text/event-stream", headers=_HEADERS)


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


async def _of_all(services: Services, store_id: StoreId | None, known: float | None) -> AsyncGenerator[str]:
    database = services.records.database
    since = None if known is None else known - overlap_seconds(is_exact=database.is_exclusive)
    if since is not None:  # before listening, since it may take a while
        async for change in missed(database, since, store_id):
            yield change.text
            since = change.updated_at - overlap_seconds(is_exact=database.is_exclusive)
    async with services.feed.listen(store_id or EVERYTHING) as listener:
        totals, in_work = await database.read(lambda c: _overview(c, store_id))
        yield totals
        told = {}
        if since is None:
            for change in in_work:
                told[change.key] = change.updated_at
                yield change.text
        else:
            async for change in missed(database, since, store_id):
                yield change.text
        async for change in listener.changes():
            if told.pop(change.key, None) != change.updated_at:
                yield change.text


def _present(connection: Connection, document_id: str) -> Change | None:
    job = jobs.find(connection, document_id)
    return next(changes_of(connection, [job]), None) if job else None


def _overview(connection: Connection, store_id: StoreId | None) -> tuple[str, list[Change]]:
    now = moment(connection)
    body = TotalsBody(store_id=store_id, jobs=totals_of(jobs.counts(connection, store_id)))
    in_work = jobs.page(connection, store_id=store_id, statuses=[Status.IN_PROGRESS], limit=_MOST_AT_ONCE)
    return event("totals", body, now), list(changes_of(connection, in_work))


def _time(event_id: str | None) -> float | None:
    """The moment that an event's id stands for; None for what is no id of ours."""
    with suppress(ValueError):
        time = float(event_id or "")
        return time if math.isfinite(time) else None
    return None
