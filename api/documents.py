"""`/documents`: files in, and what became of them."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, Query, UploadFile
from fastapi.responses import PlainTextResponse
from pydantic import BaseModel

from api.attributes import parse_attributes
from api.errors import ApiError, not_found
from api.services import Opened, Services
from api.stores import Deleted, resolve
from ingest import Submission, Upload, remove_document, submit
from records import documents, stores
from records.documents import Document, Status
from records.stores import DEFAULT_NAME, Store

router = APIRouter(tags=["documents"])


class Reason(BaseModel):
    """Why a document is not searchable."""

    code: str
    message: str


class DocumentBody(BaseModel):
    """A document, and how far it has come."""

    id: str
    object: Literal["document"] = "document"
    store_id: str
    file_id: str
    filename: str
    bytes: int
    sha256: str
    status: Status
    error: Reason | None
    attributes: dict[str, Any]
    chunks: int
    chunks_done: int
    media_type: str | None
    title: str | None
    characters: int | None
    pages: int | None
    created_at: int
    finished_at: int | None


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
    file: Annotated[list[UploadFile], File(description="One file or several.")],
    store: Annotated[str, Form()] = DEFAULT_NAME,
    attributes: Annotated[
        str | None, Form(description='A JSON object, such as {"year": 2024}, kept with each of the files.')
    ] = None,
) -> Submitted:
    """Hand in files. The answer comes at once; `GET /documents/{id}` tells when each is searchable."""
    said = parse_attributes(attributes)
    target = await resolve(services, store)
    _refuse_too_large(services, file)
    uploads = [Upload(_name(one), one.file, said) for one in file]
    limit = services.settings.server.max_upload_bytes
    try:
        results = await asyncio.gather(
            *(submit(services.records, services.vectors, target, upload, max_bytes=limit) for upload in uploads),
            return_exceptions=True,  # the files are closed with the request: none may still be copied then
        )
    finally:
        services.worker.wake()
    return Submitted(data=[_submitted(result) for result in results])


@router.get("/documents")
async def list_documents(
    services: Opened,
    store: str = DEFAULT_NAME,
    status: Status | None = None,
    after: Annotated[str | None, Query(description="Id of the last document of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    id: Annotated[  # noqa: A002  the name on the wire
        list[str] | None, Query(max_length=100, description="Only these documents, of any store; may be repeated.")
    ] = None,
) -> DocumentList:
    """The documents of a store, newest first, or those that are named."""
    if id:
        return _page(await services.records.database.read(lambda c: documents.find_all(c, id)), has_more=False)
    target = await resolve(services, store)
    if after is not None:
        await _refuse_unknown(services, target, after)
    page = await services.records.database.read(
        lambda c: documents.page(c, target.id, status=status, after=after, limit=limit + 1)
    )
    return _page(page[:limit], has_more=len(page) > limit)


@router.get("/documents/{document_id}")
async def retrieve_document(document_id: str, services: Opened) -> DocumentBody:
    """One document."""
    return _body(await _find(services, document_id))


@router.get("/documents/{document_id}/content", response_class=PlainTextResponse)
async def retrieve_content(
    document_id: str,
    services: Opened,
    start: Annotated[int, Query(ge=0, description="Offset of the first character wanted.")] = 0,
    end: Annotated[int | None, Query(ge=0, description="Offset after the last character wanted.")] = None,
) -> PlainTextResponse:
    """The text that was extracted from a document: what `start` and `end` of hits and citations count in."""
    document = await _find(services, document_id)
    text = await services.records.blobs.text(document.id)
    if text is None:
        why = document.error.message if document.error else "It is still being read: ask again in a moment."
        raise ApiError(HTTPStatus.CONFLICT, f"The document has no text. {why}", code="no_content", param="document_id")
    return PlainTextResponse(text[start:end])


@router.delete("/documents/{document_id}")
async def delete_document(document_id: str, services: Opened) -> Deleted:
    """Delete a document with every trace of it; no search finds it from this moment."""
    document = await _find(services, document_id)
    store = await services.records.database.read(lambda c: stores.find(c, document.store_id))
    if store is None or not await remove_document(services.records, services.vectors, store, document):
        raise not_found("document", document_id)
    return Deleted(id=document_id, object="document.deleted")


async def _find(services: Services, document_id: str) -> Document:
    document = await services.records.database.read(lambda c: documents.find(c, document_id))
    if document is None:
        raise not_found("document", document_id, "GET /documents lists those there are.")
    return document


async def _refuse_unknown(services: Services, store: Store, after: str) -> None:
    document = await services.records.database.read(lambda c: documents.find(c, after))
    if document is None or document.store_id != store.id:
        raise not_found("document", after, "Begin again at the first page, without after.", param="after")


def _submitted(result: Submission | BaseException) -> SubmittedBody:
    if isinstance(result, BaseException):
        raise result
    return SubmittedBody(**_values(result.document), new=result.new)


def _page(found: Sequence[Document], *, has_more: bool) -> DocumentList:
    shown = [_body(document) for document in found]
    first, last = (shown[0].id, shown[-1].id) if shown else (None, None)
    return DocumentList(data=shown, first_id=first, last_id=last, has_more=has_more)


def _refuse_too_large(services: Services, files: Sequence[UploadFile]) -> None:
    limit = services.settings.server.max_upload_bytes
    for one in files:
        if (one.size or 0) > limit:
            message = f"The file {one.filename!r} has {one.size} bytes; at most {limit} are accepted."
            raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="file_too_large", param="file")


def _name(file: UploadFile) -> str:
    name = "".join(character for character in file.filename or "" if character.isprintable()).strip()
    if not name:
        message = "Each file needs a name: send it as a multipart file with a filename."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="missing_filename", param="file")
    return name[-1024:]


def _values(document: Document) -> dict[str, Any]:
    values = {name: getattr(document, name) for name in DocumentBody.model_fields if name not in {"object", "error"}}
    error = document.error
    return values | {"error": Reason(code=error.code, message=error.message) if error else None}


def _body(document: Document) -> DocumentBody:
    return DocumentBody(**_values(document))
