"""`/healthz` and `/readyz`: whether the process lives, and whether its parts answer."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.permissions import Anybody, GuardedRoute
from api.services import Opened, Services
from records import stores
from records.errors import RecordsError
from vectorstore import VectorStoreError

router = APIRouter(tags=["health"], route_class=GuardedRoute)

State = Literal["ok", "unavailable"]
_PATIENCE_SECONDS = 5.0


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


class UpstreamHealth(BaseModel):
    """A server behind `/v1`."""

    name: str
    state: Literal["up", "probing", "down"]
    in_flight: int
    """Calls under way."""


class Readiness(BaseModel):
    """Whether each part answers."""

    status: State
    database: State
    vector_store: State
    files: State
    """Where uploaded files and texts are kept."""
    embedding_model: str | None
    """Model of new stores; none means that documents are found by words alone."""
    chat_model: str | None
    """None means extractive answers."""
    upstreams: list[UpstreamHealth] | None
    """The servers behind `/v1`, as calls of this process have found them; null for those who are no admins."""


@router.get("/healthz")
@router.head("/healthz", include_in_schema=False)
async def healthz(_caller: Anybody) -> Health:
    """Whether the process lives; looks at nothing else."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness}})
@router.head("/readyz", include_in_schema=False)
async def readyz(services: Opened, caller: Anybody, response: Response) -> Readiness:
    """Whether the service can do its work; 503 when a part does not answer."""
    database, vectors, files = await asyncio.gather(
        _state(services.records.database.read(stores.list_all)),
        _state(services.vectors.check()),
        _state(services.records.blobs.check()),
    )
    status: State = "ok" if database == vectors == files == "ok" else "unavailable"
    if status != "ok":
        response.status_code = HTTPStatus.SERVICE_UNAVAILABLE
    chat = services.upstream.chat
    return Readiness(
        status=status,
        database=database,
        vector_store=vectors,
        files=files,
        embedding_model=services.upstream.default_embedding_model,
        chat_model=chat.model if chat else None,
        upstreams=_upstreams(services) if caller.may("admin") else None,
    )


def _upstreams(services: Services) -> list[UpstreamHealth]:
    relay = services.upstream.relay
    states = relay.states() if relay is not None else ()
    return [UpstreamHealth(name=one.name, state=one.state, in_flight=one.in_flight) for one in states]


async def _state(answer: Awaitable[Any]) -> State:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await answer
    except (TimeoutError, RecordsError, VectorStoreError):
        return "unavailable"
    return "ok"
