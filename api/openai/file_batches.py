"""`/v1/vector_stores/{id}/file_batches`: many files put into a store at once, followed and stopped together."""

from collections.abc import Sequence
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Response
from pydantic import BaseModel, Field, model_validator
from pydantic_core import PydanticCustomError

from api.attributes import Attributes
from api.errors import not_found
from api.openai.chunking import ChunkingForm, chunking_from
from api.openai.file_bodies import sight_of
from api.openai.finding import find_vector_store
from api.openai.paging import PageAsked
from api.openai.progress import FileCounts, Progress, file_counts, say_when_to_ask_again
from api.openai.store_file_bodies import StoreFileForm, StoreFileList
from api.openai.store_file_lists import StatusAsked, listed_files
from api.permissions import GuardedRoute, MayRead, MayUpload, MayWork
from api.services import Opened, Services
from api.store_use import use_store
from ingest import Attaching, Wanted, cancel_all
from records import file_batches
from records.file_batches import FileBatch
from records.stores import Store

_PATH = "/v1/vector_stores/{vector_store_id}/file_batches"
router = APIRouter(prefix=_PATH, tags=["vector stores"], route_class=GuardedRoute)
_MOST_FILES = 2000
_PAGE = 200
"""Documents cancelled in one transaction, so that others get their turn in between."""


class FileBatchForm(BaseModel):
    """Files that are to be in a store: `file_ids`, or `files` with attributes and chunking of their own."""

    file_ids: Annotated[list[str], Field(min_length=1, max_length=_MOST_FILES)] | None = None
    files: Annotated[list[StoreFileForm], Field(min_length=1, max_length=_MOST_FILES)] | None = None
    attributes: Attributes | None = None
    """For all `file_ids`."""
    chunking_strategy: ChunkingForm | None = None
    """For all `file_ids`."""

    @model_validator(mode="after")
    def _name_them_once(self) -> Self:
        if (self.file_ids is None) == (self.files is None):
            raise PydanticCustomError("file_ids", "Send either file_ids or files")
        return self

    @property
    def wanted(self) -> Sequence[Wanted]:
        """What is to be done."""
        if self.files is not None:
            return [file.wanted for file in self.files]
        chunking = chunking_from(self.chunking_strategy)
        return [Wanted(file_id, self.attributes, chunking) for file_id in self.file_ids or ()]


class FileBatchBody(BaseModel):
    """A batch of files."""

    id: str
    object: Literal["vector_store.files_batch"] = "vector_store.files_batch"
    created_at: int
    vector_store_id: str
    status: Progress
    file_counts: FileCounts


@router.post("")
async def create_file_batch(
    vector_store_id: str, form: FileBatchForm, response: Response, services: Opened, caller: MayUpload
) -> FileBatchBody:
    """Put up to 2,000 files into a store; nothing is done when one of them is unknown."""
    store = await find_vector_store(services, caller, vector_store_id)
    await use_store(services, store)
    attaching = Attaching(services.records, services.vectors, services.settings.ingest)
    batch = await attaching.attach_batch(store, form.wanted, sight_of(caller))
    services.wake_worker()
    return await _shown(services, response, batch)


@router.get("/{batch_id}")
async def retrieve_file_batch(
    vector_store_id: str, batch_id: str, response: Response, services: Opened, caller: MayRead
) -> FileBatchBody:
    """How far a batch has come."""
    store = await find_vector_store(services, caller, vector_store_id)
    return await _shown(services, response, await _find(services, store, batch_id))


@router.post("/{batch_id}/cancel")
async def cancel_file_batch(
    vector_store_id: str, batch_id: str, response: Response, services: Opened, caller: MayWork
) -> FileBatchBody:
    """Stop work on the files of a batch that are not done yet."""
    store = await find_vector_store(services, caller, vector_store_id)
    batch = await _find(services, store, batch_id)
    await services.records.database.write(lambda c: file_batches.cancel(c, batch.id))
    await _stop(services, batch)
    return await _shown(services, response, await _find(services, store, batch_id))


@router.get("/{batch_id}/files")
async def list_batch_files(
    vector_store_id: str,
    batch_id: str,
    asked: PageAsked,
    services: Opened,
    caller: MayRead,
    status: StatusAsked = None,
) -> StoreFileList:
    """Files of a batch, those put into the store last first."""
    store = await find_vector_store(services, caller, vector_store_id)
    batch = await _find(services, store, batch_id)
    return await listed_files(services, store, asked, status, batch_id=batch.id)


async def _find(services: Services, store: Store, batch_id: str) -> FileBatch:
    batch = await services.records.database.read(lambda c: file_batches.find(c, store.id, batch_id))
    if batch is None:
        raise not_found("file_batch", batch_id, "Its id was given when it was made.", param="batch_id")
    return batch


async def _stop(services: Services, batch: FileBatch) -> None:
    lease_seconds = services.settings.ingest.lease_seconds
    last = ""
    while True:
        after = last
        ids = await services.records.database.read(
            lambda c: file_batches.unfinished(c, batch.id, after=after, limit=_PAGE)  # noqa: B023 - awaited at once
        )
        if not ids:
            return
        await cancel_all(services.records, services.vectors, ids, lease_seconds=lease_seconds)
        last = ids[-1]


async def _shown(services: Services, response: Response, batch: FileBatch) -> FileBatchBody:
    counts = file_counts(await services.records.database.read(lambda c: file_batches.counts(c, batch.id)))
    say_when_to_ask_again(response, batch.created_at, counts.in_progress)
    return FileBatchBody(
        id=batch.id,
        created_at=batch.created_at,
        vector_store_id=batch.store_id,
        status=_status(batch, counts),
        file_counts=counts,
    )


def _status(batch: FileBatch, counts: FileCounts) -> Progress:
    if counts.in_progress:
        return "in_progress"
    if batch.cancelled_at is not None:
        return "cancelled"
    return "failed" if counts.failed and counts.failed == counts.total else "completed"
