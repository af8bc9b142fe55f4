"""`/healthz` and `/readyz`: whether the process lives, and whether its parts answer."""

import asyncio
from collections.abc import Awaitable
from http import HTTPStatus
from typing import Any, Literal

from fastapi import APIRouter, Response
from pydantic import BaseModel

from api.services import Opened
from records import stores
from records.errors import RecordsError
from vectorstore import VectorStoreError

router = APIRouter(tags=["health"])

State = Literal["ok", "unavailable"]
_PATIENCE_SECONDS = 5.0


class Health(BaseModel):
    """The process answers."""

    status: Literal["ok"] = "ok"


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


@router.get("/healthz")
@router.head("/healthz", include_in_schema=False)
async def healthz() -> Health:
    """Whether the process lives; looks at nothing else."""
    return Health()


@router.get("/readyz", responses={503: {"model": Readiness}})
@router.head("/readyz", include_in_schema=False)
async def readyz(services: Opened, response: Response) -> Readiness:
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
    )


async def _state(answer: Awaitable[Any]) -> State:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await answer
    except (TimeoutError, RecordsError, VectorStoreError):
        return "unavailable"
    return "ok"
