"""Files as they are sent, and what every route about them asks."""

from http import HTTPStatus
from typing import Literal

from pydantic import BaseModel

from api.callers import Caller
from api.errors import ApiError, not_found
from api.parting.purposes import OURS
from api.services import Services
from records import files
from records.files import DEFAULT_PURPOSE, File, Sight


class FileBody(BaseModel):
    """A file."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int | None = None
    """Not there where it does not expire."""
    filename: str
    purpose: str
    status: Literal["processed"] = "processed"


def file_body(file: File) -> FileBody:
    """The file as it is sent."""
    return FileBody(
        id=file.id,
        bytes=file.bytes,
        created_at=file.created_at,
        expires_at=file.expires_at,
        filename=file.filename,
        purpose=file.purpose or DEFAULT_PURPOSE,
    )


def sight_of(caller: Caller) -> Sight:
    """Which files a caller sees."""
    return Sight(caller.key_id, caller.stores)


async def find_file(services: Services, caller: Caller, file_id: str) -> File:
    """The file of that id. Raises ApiError (404)."""
    file = await services.records.database.read(lambda c: files.find(c, file_id, sight_of(caller)))
    if file is None:
        raise no_file(file_id)
    return file


def no_file(file_id: str, *, param: str = "file_id") -> ApiError:
    """The error for an id that no file has, as far as the caller may know."""
    return not_found("file", file_id, "GET /v1/files lists those there are.", param=param)


def require_our_purpose(purpose: str) -> None:
    """Raise ApiError (400) for purposes that are an upstream's business."""
    if purpose not in OURS:
        message = (
            f"Footnote keeps files for the purposes assistants and user_data. Files for {purpose!r} go to an upstream: "
            "set upstream.base_url, and give this key the permission `relay`."
        )
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_purpose", param="purpose")


def require_small_enough(size_bytes: int, most_bytes: int, *, param: str) -> None:
    """Raise ApiError (413) for files that are larger than the service takes."""
    if size_bytes > most_bytes:
        message = f"The file has {size_bytes} bytes; at most {most_bytes} are accepted (server.max_upload_bytes)."
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="file_too_large", param=param)
