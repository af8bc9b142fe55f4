"""`/stores/{store}/reembed`: changing a store to another embedding model, while it is searched as before."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from api.errors import ApiError
from api.permissions import GuardedRoute, MayWork
from api.services import Opened, Services
from api.stores import find_store
from ingest import BM25, ModelChanges, Progress, State
from records.documents import Status
from records.reembedding import Failed

router = APIRouter(tags=["stores"], route_class=GuardedRoute)


class ChangeForm(BaseModel):
    """Which model the store is to have."""

    model_config = ConfigDict(extra="forbid")

    embedding_model: Annotated[str, Field(min_length=1, examples=["text-embedding-3-small"])]
    """`bm25` for none: the store is searched by words alone then."""


class FailedDocument(BaseModel):
    """A document that the next model could not embed."""

    id: str
    filename: str
    code: str
    message: str


class ChangeBody(BaseModel):
    """How far a store's change of model has come."""

    object: Literal["store.reembedding"] = "store.reembedding"
    store_id: str
    status: State
    """`blocked` when only documents that failed are left: POST tries them again, DELETE gives the change up."""
    embedding_model: str
    """The model that the store is searched with."""
    next_embedding_model: str | None
    documents: dict[str, int]
    """How many there are in total, and how many are completed or have failed."""
    chunks: int
    chunks_done: int
    failed: list[FailedDocument]
    """At most 20 of those that failed."""


@router.post("/stores/{store}/reembed", status_code=HTTPStatus.ACCEPTED)
async def change_model(store: str, form: ChangeForm, services: Opened, caller: MayWork) -> ChangeBody:
    """Embed all documents of a store with another model, and change over once the last is done.

    It goes on in the background, also after a restart. Searches find every document meanwhile; documents may be added,
    replaced and deleted. Chunks stay cut as they are. Asked for again, documents that failed are tried again.
    """
    found = await find_store(services, caller, store)
    if form.embedding_model != BM25 and services.upstream.embedder(form.embedding_model) is None:
        message = f"This service has no way to the embedding model {form.embedding_model!r}."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="unknown_model", param="embedding_model")
    changes = _changes(services)
    await changes.start(services.upstream, found, form.embedding_model)
    services.wake_worker()
    return _body(await changes.progress(found))


@router.get("/stores/{store}/reembed")
async def retrieve_change(store: str, services: Opened, caller: MayWork) -> ChangeBody:
    """How far the change has come; `idle` when there is none, be it done or given up."""
    return _body(await _changes(services).progress(await find_store(services, caller, store)))


@router.delete("/stores/{store}/reembed")
async def give_up_change(store: str, services: Opened, caller: MayWork) -> ChangeBody:
    """Leave the store with the model it has. What was embedded is kept for another try, until its document goes."""
    found, changes = await find_store(services, caller, store), _changes(services)
    await changes.give_up(found)
    return _body(await changes.progress(found))


def _changes(services: Services) -> ModelChanges:
    return ModelChanges(services.records.database, lease_seconds=services.settings.ingest.lease_seconds)


def _body(progress: Progress) -> ChangeBody:
    store, counts = progress.store, progress.counts
    ended = {status.value: counts.by_status.get(status, 0) for status in (Status.COMPLETED, Status.FAILED)}
    return ChangeBody(
        store_id=store.id,
        status=progress.state,
        embedding_model=store.embedding_model,
        next_embedding_model=store.next_embedding_model,
        documents={"total": counts.documents, **ended},
        chunks=counts.chunks,
        chunks_done=counts.chunks_done,
        failed=[_failed(one) for one in progress.failed],
    )


def _failed(one: Failed) -> FailedDocument:
    return FailedDocument(id=one.document_id, filename=one.filename, code=one.reason.code, message=one.reason.message)
