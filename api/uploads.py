"""Files as a form brings them."""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated

from fastapi import Form, UploadFile

from api.attributes import parse_attributes
from api.errors import ApiError
from api.progress import LaneName
from ingest import Upload
from records.jobs import Lane

LaneField = Annotated[
    LaneName | None,
    Form(
        description="`urgent` overtakes `bulk`. Without it, small files that come alone or a few at a time are urgent."
    ),
]


def uploads_of(
    files: Sequence[UploadFile], attributes: str | None, lane: LaneName | None, max_bytes: int
) -> Sequence[Upload]:
    """What is handed in; without `attributes`, those of a document that is there stay.

    Raises:
        ApiError: 400 or 413, saying what is wrong with a file or the attributes.
    """
    said = None if attributes is None else parse_attributes(attributes)
    for one in files:
        _refuse_too_large(one, max_bytes)
    return [Upload(clean_name(one.filename, param="file"), one.file, said, _lane(lane)) for one in files]


def _lane(name: LaneName | None) -> Lane | None:
    return None if name is None else {"urgent": Lane.URGENT, "bulk": Lane.BULK}[name]


def _refuse_too_large(file: UploadFile, max_bytes: int) -> None:
    if (file.size or 0) > max_bytes:
        message = (
            f"The file {file.filename!r} has {file.size} bytes; at most {max_bytes} are accepted "
            "(server.max_upload_bytes)."
        )
        raise ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="file_too_large", param="file")


def clean_name(given: str | None, *, param: str) -> str:
    """A file's name without what cannot be printed. Raises ApiError (400) when nothing is left of it."""
    name = "".join(character for character in given or "" if character.isprintable()).strip()
    if not name:
        message = "Each file needs a name: send it with a filename that can be printed."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="missing_filename", param=param)
    return name[-1024:]
