"""`/v1/vector_stores/{id}/files`: files that are put into a store, read there and taken out again."""

from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Response
from pydantic import BaseModel

from api.errors import ApiError
from api.openai.file_bodies import sight_of
from api.openai.finding import find_store_file, find_vector_store, no_store_file
from api.openai.paging import PageAsked
from api.openai.progress import progress_of, say_when_to_ask_again
from api.openai.store_file_bodies import (
    AttributesForm,
    StoreFileBody,
    StoreFileForm,
    StoreFileList,
    store_file_body,
)
from api.openai.store_file_lists import StatusAsked, listed_files
from api.permissions import GuardedRoute, MayRead, MaySearch, MayUpload, MayWork
from api.services import Opened
from api.store_use import use_store
from api.stores import Deleted
from ingest import Attaching, change_attributes, remove_document
from records.documents import Document
from records.stores import Store

router = APIRouter(prefix="/v1/vector_stores/{vector_store_id}/files", tags=["vector stores"], route_class=GuardedRoute)
_PAGE_CHARACTERS = 1_000_000


class TextBody(BaseModel):
    """A piece of a file's text."""

    type: Literal["text"] = "text"
    text: str


class ContentBody(BaseModel):
    """The text of a file, or a part of a very long one."""

    object: Literal["vector_store.file_content.page"] = "vector_store.file_content.page"
    data: list[TextBody]
    has_more: bool
    next_page: str | None
    """What to ask for as `page` next."""


@router.post("")
async def attach_file(
    vector_store_id: str, form: StoreFileForm, response: Response, services: Opened, caller: MayUpload
) -> StoreFileBody:
    """Put a file into a store. The answer comes at once; retrieving it tells when it can be found."""
    store = await find_vector_store(services, caller, vector_store_id)
    await use_store(services, store)
    attaching = Attaching(services.records, services.vectors, services.settings.ingest)
    document = await attaching.attach(store, form.wanted, sight_of(caller))
    services.wake_worker()
    return _shown(response, store, document)


@router.get("")
async def list_store_files(
    vector_store_id: str, asked: PageAsked, services: Opened, caller: MayRead, status: StatusAsked = None
) -> StoreFileList:
    """Files in a store, those put there last first."""
    store = await find_vector_store(services, caller, vector_store_id)
    return await listed_files(services, store, asked, status)


@router.get("/{file_id}")
async def retrieve_store_file(
    vector_store_id: str, file_id: str, response: Response, services: Opened, caller: MayRead
) -> StoreFileBody:
    """One file in a store, and how far it has come."""
    store = await find_vector_store(services, caller, vector_store_id)
    return _shown(response, store, await find_store_file(services, store, file_id))


@router.post("/{file_id}")
async def update_attributes(
    vector_store_id: str, file_id: str, form: AttributesForm, services: Opened, caller: MayWork
) -> StoreFileBody:
    """Replace a file's attributes in a store; searches see the new ones at once, and nothing is embedded anew."""
    store = await find_vector_store(services, caller, vector_store_id)
    await use_store(services, store)
    document = await find_store_file(services, store, file_id)
    await change_attributes(services.records, services.vectors, document.id, form.attributes or {})
    return store_file_body(store, await find_store_file(services, store, file_id))


@router.get("/{file_id}/content")
async def retrieve_store_file_content(
    vector_store_id: str,
    file_id: str,
    services: Opened,
    caller: MaySearch,
    page: Annotated[int, Query(ge=0, description="The `next_page` of the page before.")] = 0,
) -> ContentBody:
    """The text that was extracted from a file: what `start` and `end` of hits and citations count in."""
    store = await find_vector_store(services, caller, vector_store_id)
    document = await find_store_file(services, store, file_id)
    text = await services.records.blobs.text(document.id, document.version)
    if text is None:
        message = f"The file has no text. {_why_no_text(document)}"
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="no_content", param="file_id")
    return content_page(text, page)


@router.delete("/{file_id}")
async def detach_file(vector_store_id: str, file_id: str, services: Opened, caller: MayWork) -> Deleted:
    """Take a file out of a store; no search finds it there from this moment. An uploaded file itself stays."""
    store = await find_vector_store(services, caller, vector_store_id)
    document = await find_store_file(services, store, file_id)
    lease_seconds = services.settings.ingest.lease_seconds
    if not await remove_document(services.records, services.vectors, store, document, lease_seconds=lease_seconds):
        raise no_store_file(store, file_id)
    return Deleted(id=file_id, object="vector_store.file.deleted")


def content_page(text: str, start: int) -> ContentBody:
    """As much of a text as one answer holds, from the character `start` on."""
    end = start + _PAGE_CHARACTERS
    has_more = end < len(text)
    return ContentBody(
        data=[TextBody(text=text[start:end])], has_more=has_more, next_page=str(end) if has_more else None
    )


def _shown(response: Response, store: Store, document: Document) -> StoreFileBody:
    is_left = progress_of(document.status) == "in_progress"
    say_when_to_ask_again(response, document.created_at, 1 if is_left else 0)
    return store_file_body(store, document)


def _why_no_text(document: Document) -> str:
    if document.error:
        return document.error.message
    if progress_of(document.status) == "cancelled":
        return "Reading it was cancelled: attach it once more."
    return "It is still being read: ask again in a moment."
