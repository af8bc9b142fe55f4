"""`/v1/files`: files that are kept for their own sake, and those that documents have."""

import mimetypes
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Annotated, Any, Literal
from urllib.parse import quote

from fastapi import APIRouter, Form, Query, Request, UploadFile
from fastapi import File as FormFile
from fastapi.responses import JSONResponse, StreamingResponse
from pydantic import BaseModel, Field

from api.callers import Caller
from api.errors import ApiError
from api.openai.file_bodies import FileBody, file_body, find_file, require_our_purpose
from api.openai.file_lists import FileList, Wanted, listed
from api.permissions import GuardedRoute, MayRead, MaySearch, MayUpload, MayWork
from api.services import Opened, Services
from api.uploads import uploads_of
from ingest import keep_file, remove_file
from records import files
from records.blobs import BlobMissingError, names
from records.files import File, Terms
from records.paging import Page

router = APIRouter(tags=["files"], route_class=GuardedRoute)

LifetimeSeconds = Annotated[int, Field(ge=3600, le=2_592_000)]
_BYTES: dict[int | str, dict[str, Any]] = {
    200: {"content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}}
}


class FileDeleted(BaseModel):
    """What was deleted."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


@router.post("/v1/files", response_model_exclude_none=True)
async def create_file(
    services: Opened,
    caller: MayUpload,
    file: Annotated[UploadFile, FormFile()],
    purpose: Annotated[str, Form(description="`assistants` or `user_data`; files for others go to an upstream.")],
    anchor: Annotated[Literal["created_at"] | None, Form(alias="expires_after[anchor]")] = None,
    seconds: Annotated[LifetimeSeconds | None, Form(alias="expires_after[seconds]")] = None,
) -> FileBody:
    """Hand in a file. It can be attached to any number of stores, and stays until it is deleted or expires."""
    require_our_purpose(purpose)
    _require_both(anchor, seconds)
    most_bytes = services.settings.server.max_upload_bytes
    (upload,) = uploads_of([file], None, None, most_bytes)
    terms = Terms(purpose, caller.key_id, seconds)
    kept = await keep_file(services.records, upload.filename, upload.content, terms, max_bytes=most_bytes)
    return file_body(kept)


@router.get("/v1/files", response_model=FileList)
async def list_files(
    request: Request,
    services: Opened,
    caller: MayRead,
    purpose: Annotated[str | None, Query(description="Only files for this purpose.")] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 10_000,
    order: Annotated[Literal["asc", "desc"], Query(description="By the time they came.")] = "desc",
    after: Annotated[str | None, Query(description="Id of the last file of the page before.")] = None,
) -> JSONResponse:
    """The files that are here, newest first; then those of the upstream, if it has any and the key may relay."""
    page = Page(limit, ascending=order == "asc", after=after or None)
    return await listed(services, Wanted(request, caller, page, purpose))


@router.get("/v1/files/{file_id}", response_model_exclude_none=True)
async def retrieve_file(file_id: str, services: Opened, caller: MayRead) -> FileBody:
    """One file, without its content."""
    return file_body(await find_file(services, caller, file_id))


@router.get("/v1/files/{file_id}/content", response_class=StreamingResponse, responses=_BYTES)
async def retrieve_file_content(file_id: str, services: Opened, caller: MaySearch) -> StreamingResponse:
    """The bytes of a file, as they came."""
    file = await find_file(services, caller, file_id)
    pieces = services.records.blobs.read(names.file(file.sha256))
    try:
        first = await anext(pieces, b"")
    except BlobMissingError as error:
        raise ApiError(HTTPStatus.GONE, str(error), code="file_content_missing", param="file_id") from error
    return StreamingResponse(_joined(first, pieces), headers=_headers(file))


@router.delete("/v1/files/{file_id}")
async def delete_file(file_id: str, services: Opened, caller: MayWork) -> FileDeleted:
    """Delete a file, and its documents in all stores; no search finds them from this moment."""
    file = await find_file(services, caller, file_id)
    await _require_all_its_stores(services, caller, file)
    await remove_file(services.records, services.vectors, file.id, lease_seconds=services.settings.ingest.lease_seconds)
    return FileDeleted(id=file.id)


def _require_both(anchor: str | None, seconds: int | None) -> None:
    if (anchor is None) != (seconds is None):
        message = "expires_after needs both: an anchor, which is created_at, and seconds."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_expires_after", param="expires_after")


async def _require_all_its_stores(services: Services, caller: Caller, file: File) -> None:
    users = await services.records.database.read(lambda c: files.users_of(c, file.id))
    if not all(caller.sees(store_id) for store_id in users.values()):
        message = (
            "The file is also in stores that this key is not for, so it cannot delete it. Detach it from the stores "
            "it is not wanted in any more; someone with a key for all stores can delete it."
        )
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied")


async def _joined(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece


def _headers(file: File) -> dict[str, str]:
    """What a browser is to do with it: keep it, and by no means show it as a page of this service."""
    media_type, encoding = mimetypes.guess_type(file.filename)
    return {
        "content-type": media_type if media_type and not encoding else "application/octet-stream",
        "content-length": str(file.bytes),
        "content-disposition": f"attachment; filename*=utf-8''{quote(file.filename, safe='')}",
        "x-content-type-options": "nosniff",
    }
