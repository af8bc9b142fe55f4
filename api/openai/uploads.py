"""`/v1/uploads`: large files, in parts."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, File, UploadFile
from pydantic import BaseModel, Field

from api.callers import Caller
from api.errors import ApiError, not_found
from api.openai.file_bodies import FileBody, file_body, require_our_purpose, require_small_enough
from api.openai.files import LifetimeSeconds
from api.permissions import GuardedRoute, MayUpload, MayWork
from api.services import Opened, Services
from api.uploads import clean_name
from ingest import MAX_PART_BYTES, Assembly, UploadRefusedError
from records import files, uploads
from records.uploads import NewUpload, Upload

router = APIRouter(tags=["uploads"], route_class=GuardedRoute)

_LIFETIME_SECONDS = 3600
_MOST_PARTS = 10_000


class Expiry(BaseModel):
    """When a file goes."""

    anchor: Literal["created_at"]
    seconds: LifetimeSeconds


class UploadForm(BaseModel):
    """A file that is announced."""

    filename: Annotated[str, Field(min_length=1)]
    purpose: str
    bytes: Annotated[int, Field(ge=1)]
    mime_type: Annotated[str, Field(max_length=255)]
    expires_after: Expiry | None = None
    """Counts from when the file is complete."""


class CompletionForm(BaseModel):
    """Which parts make the file, and in which order."""

    part_ids: Annotated[list[str], Field(min_length=1, max_length=_MOST_PARTS)]
    md5: str | None = None
    """Of the whole, in hexadecimal digits."""


class UploadBody(BaseModel):
    """A file that comes in parts."""

    id: str
    object: Literal["upload"] = "upload"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: str
    status: Literal["pending", "completed", "cancelled", "expired"]
    file: FileBody | None = None
    """There once it is complete."""


class PartBody(BaseModel):
    """A part that has come."""

    id: str
    object: Literal["upload.part"] = "upload.part"
    created_at: int
    upload_id: str


@router.post("/v1/uploads", response_model_exclude_none=True)
async def create_upload(form: UploadForm, services: Opened, caller: MayUpload) -> UploadBody:
    """Announce a file that comes in parts, within an hour."""
    require_our_purpose(form.purpose)
    require_small_enough(form.bytes, services.settings.server.max_upload_bytes, param="bytes")
    new = NewUpload(
        filename=clean_name(form.filename, param="filename"),
        purpose=form.purpose,
        media_type=form.mime_type,
        bytes=form.bytes,
        expires_at=int(time.time()) + _LIFETIME_SECONDS,
        file_expires_after_seconds=form.expires_after.seconds if form.expires_after else None,
        key_id=caller.key_id,
    )
    return await _body(services, await services.records.database.write(lambda c: uploads.add(c, new)))


@router.post("/v1/uploads/{upload_id}/parts")
async def add_part(
    upload_id: str, services: Opened, caller: MayUpload, data: Annotated[UploadFile, File()]
) -> PartBody:
    """Send a part; several may come side by side."""
    upload = await _find(services, caller, upload_id)
    size_bytes = data.size or 0
    _require_part_size(size_bytes)
    with _translated():
        part = await _assembly(services).add(upload.id, data.file, size_bytes)
    return PartBody(id=part.id, created_at=part.created_at, upload_id=part.upload_id)


@router.post("/v1/uploads/{upload_id}/complete", response_model_exclude_none=True)
async def complete_upload(upload_id: str, form: CompletionForm, services: Opened, caller: MayUpload) -> UploadBody:
    """Make a file of the parts. Done once, the same answer comes again however often it is asked."""
    upload = await _find(services, caller, upload_id)
    with _translated():
        return await _body(services, await _assembly(services).complete(upload.id, form.part_ids, form.md5))


@router.post("/v1/uploads/{upload_id}/cancel", response_model_exclude_none=True)
async def cancel_upload(upload_id: str, services: Opened, caller: MayWork) -> UploadBody:
    """Give an upload up; its parts are removed."""
    upload = await _find(services, caller, upload_id)
    with _translated():
        return await _body(services, await _assembly(services).cancel(upload.id))


def _assembly(services: Services) -> Assembly:
    return Assembly(services.records, services.vectors)


async def _find(services: Services, caller: Caller, upload_id: str) -> Upload:
    """The upload; of a key that is for some stores only, its own. Raises ApiError (404)."""
    upload = await services.records.database.read(lambda c: uploads.find(c, upload_id))
    if upload is None or (caller.stores is not None and upload.key_id != caller.key_id):
        raise not_found("upload", upload_id, "POST /v1/uploads makes one.", param="upload_id")
    return upload


def _require_part_size(size_bytes: int) -> None:
    if size_bytes > MAX_PART_BYTES:
        message = f"The part has {size_bytes} bytes; at most {MAX_PART_BYTES} (64 MB) are accepted. Send smaller parts."
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="part_too_large", param="data")
    if size_bytes == 0:
        raise ApiError(HTTPStatus.BAD_REQUEST, "The part is empty; leave it out.", code="empty_part", param="data")


async def _body(services: Services, upload: Upload) -> UploadBody:
    file_id = upload.file_id
    file = None if file_id is None else await services.records.database.read(lambda c: files.find(c, file_id))
    names = "id", "bytes", "created_at", "expires_at", "filename", "purpose", "status"
    return UploadBody(**{name: getattr(upload, name) for name in names}, file=file_body(file) if file else None)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except UploadRefusedError as error:
        raise ApiError(HTTPStatus.BAD_REQUEST, str(error), code=error.code, param=error.param) from error
