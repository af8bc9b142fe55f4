"""`/documents`: files in, and what became of them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from api.callers import Caller
from api.errors import ApiError, not_found
from api.permissions import GuardedRoute, MayRead, MaySearch, MayUpload, MayWork
from api.progress import DocumentBody, Snapshot, document_body, document_values, snapshots, snapshots_of
from api.services import Opened, Services
from api.store_use import use_store
from api.stores import Deleted, resolve
from api.uploads import LaneField, uploads_of
from ingest import Submission, remove_document
from records import documents, stores
from records.documents import Document, Status
from records.stores import DEFAULT_NAME, Store

router = APIRouter(tags=["documents"], route_class=GuardedRoute)

_KEPT_WITH_EACH = 'A JSON object, such as {"year": 2024}, kept with each of the files.'


class SubmittedBody(DocumentBody):
    """A document that was just handed in."""

    new: bool
    """False when the store had this content already: the document is the one that was there."""


class Submitted(BaseModel):
    """What was handed in, in the order of the files."""

    object: Literal["list"] = "list"
    data: list[SubmittedBody]


class DocumentList(BaseModel):
    """One page of documents."""

    object: Literal["list"] = "list"
    data: list[DocumentBody]
    first_id: str | None
    last_id: str | None
    has_more: bool


@router.post("/documents", status_code=HTTPStatus.ACCEPTED)
async def add_documents(
    services: Opened,
    caller: MayUpload,
    file: Annotated[list[UploadFile], File(description="One file or several.")],
    store: Annotated[str, Form(description="Name or id of the store.")] = DEFAULT_NAME,
    attributes: Annotated[str | None, Form(description=_KEPT_WITH_EACH)] = None,
    lane: LaneField = None,
) -> Submitted:
    """Hand in files. The answer comes at once; `GET /documents/{id}` tells when each is searchable."""
    uploads = uploads_of(file, attributes, lane, services.settings.server.max_upload_bytes)
    target = await resolve(services, caller, store)
    await use_store(services, target)
    try:
        results = await services.intake.submit_all(target, uploads)
    finally:
        services.wake_worker()
    return await _submitted(services, results)


@router.put("/documents/{document_id}", status_code=HTTPStatus.ACCEPTED)
async def replace_document(
    document_id: str,
    services: Opened,
    caller: MayUpload,
    file: Annotated[UploadFile, File(description="What takes the place of the present content.")],
    attributes: Annotated[
        str | None, Form(description="A JSON object in place of the present attributes; without it, they stay.")
    ] = None,
    lane: LaneField = None,
) -> DocumentBody:
    """Replace a document's content. The present version is found until the new one is, and stays if that fails."""
    (upload,) = uploads_of([file], attributes, lane, services.settings.server.max_upload_bytes)
    replaced = await services.intake.replace(await find_document(services, caller, document_id), upload)
    services.wake_worker()
    if replaced is None:
        raise no_document(document_id)
    return await shown_document(services, caller, document_id)


@router.get("/documents")
async def list_documents(
    services: Opened,
    caller: MayRead,
    store: Annotated[str, Query(description="Name or id of the store.")] = DEFAULT_NAME,
    status: Annotated[Status | None, Query(description="Only those that have come so far.")] = None,
    after: Annotated[str | None, Query(description="Id of the last document of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    id: Annotated[  # noqa: A002  the name on the wire
        list[str] | None, Query(max_length=100, description="Only these documents, of any store; may be repeated.")
    ] = None,
) -> DocumentList:
    """The documents of a store, newest first, or those that are named."""
    if id:
        named = await services.records.database.read(lambda c: snapshots_of(c, id))
        return _page([one for one in named if caller.sees(one.document.store_id)], has_more=False)
    target = await resolve(services, caller, store)
    if after is not None:
        await _refuse_unknown(services, target, after)
    page = await services.records.database.read(
        lambda c: snapshots(c, documents.page(c, target.id, status=status, after=after, limit=limit + 1))
    )
    return _page(page[:limit], has_more=len(page) > limit)


@router.get("/documents/{document_id}")
async def retrieve_document(document_id: str, services: Opened, caller: MayRead) -> DocumentBody:
    """One document, and how far the work on it has come."""
    return await shown_document(services, caller, document_id)


@router.get("/documents/{document_id}/content", response_class=PlainTextResponse)
async def retrieve_content(
    document_id: str,
    services: Opened,
    caller: MaySearch,
    start: Annotated[int, Query(ge=0, description="Offset of the first character wanted.")] = 0,
    end: Annotated[int | None, Query(ge=0, description="Offset after the last character wanted.")] = None,
) -> PlainTextResponse:
    """The text that was extracted from a document: what `start` and `end` of hits and citations count in."""
    text = await text_of(services, await find_document(services, caller, document_id))
    return PlainTextResponse(text[start:end])


@router.delete("/documents/{document_id}")
async def delete_document(document_id: str, services: Opened, caller: MayWork) -> Deleted:
    """Delete a document with every trace of it; no search finds it from this moment."""
    document = await find_document(services, caller, document_id)
    store = await services.records.database.read(lambda c: stores.find(c, document.store_id))
    lease_seconds = services.settings.ingest.lease_seconds
    if store is None or not await remove_document(
        services.records, services.vectors, store, document, lease_seconds=lease_seconds
    ):
        raise not_found("document", document_id)
    return Deleted(id=document_id, object="document.deleted")


async def find_document(services: Services, caller: Caller, document_id: str) -> Document:
    """The document of that id. Raises ApiError (404)."""
    document = await services.records.database.read(lambda c: documents.find(c, document_id))
    if document is None or not caller.sees(document.store_id):
        raise no_document(document_id)
    return document


async def shown_document(services: Services, caller: Caller, document_id: str) -> DocumentBody:
    """The document of that id as it is sent. Raises ApiError (404)."""
    found = await services.records.database.read(lambda c: snapshots_of(c, [document_id]))
    if not found or not caller.sees(found[0].document.store_id):
        raise no_document(document_id)
    return document_body(found[0])


async def text_of(services: Services, document: Document) -> str:
    """The text that was extracted from a document. Raises ApiError (409)."""
    text = await services.records.blobs.text(document.id, document.version)
    if text is None:
        why = _why_no_text(document)
        raise ApiError(HTTPStatus.CONFLICT, f"The document has no text. {why}", code="no_content", param="document_id")
    return text


def no_document(document_id: str) -> ApiError:
    """The error for an id that no document has."""
    return not_found("document", document_id, "GET /documents lists those there are.")


def _why_no_text(document: Document) -> str:
    if document.error:
        return document.error.message
    if document.status is Status.CANCELLED:
        return f"Reading it was cancelled; POST /documents/{document.id}/retry has it read."
    return "It is still being read: ask again in a moment."


async def _refuse_unknown(services: Services, store: Store, after: str) -> None:
    document = await services.records.database.read(lambda c: documents.find(c, after))
    if document is None or document.store_id != store.id:
        raise not_found("document", after, "Begin again at the first page, without after.", param="after")


async def _submitted(services: Services, results: Sequence[Submission]) -> Submitted:
    ids = [result.document.id for result in results]
    shown = {one.document.id: one for one in await services.records.database.read(lambda c: snapshots_of(c, ids))}
    # One that was deleted in this very moment is told as it was handed in.
    now = [shown.get(result.document.id) or Snapshot(result.document, None, 0.0) for result in results]
    return Submitted(
        data=[SubmittedBody(**document_values(one), new=result.new) for one, result in zip(now, results, strict=True)]
    )


def _page(found: Sequence[Snapshot], *, has_more: bool) -> DocumentList:
    shown = [document_body(one) for one in found]
    first, last = (shown[0].id, shown[-1].id) if shown else (None, None)
    return DocumentList(data=shown, first_id=first, last_id=last, has_more=has_more)
