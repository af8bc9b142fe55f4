"""Uploads: files that come in parts, and the parts that have come."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import FileId, PartId, UploadId, new_part_id, new_upload_id
from records.schema import upload_parts, uploads


class Status(StrEnum):
    """How far an upload has come."""

    PENDING = "pending"
    """Parts may be added."""
    COMPLETED = "completed"
    """The file is there."""
    CANCELLED = "cancelled"
    EXPIRED = "expired"
    """It was not completed in time."""


@dataclass(frozen=True, slots=True)
class NewUpload:
    """What is announced before the first byte comes."""

    filename: str
    purpose: str
    media_type: str
    bytes: int
    """How many the file is to have."""
    expires_at: int
    file_expires_after_seconds: int | None
    """When the file is to expire once it is there; None for never."""
    key_id: str | None


@dataclass(frozen=True, slots=True)
class Upload(NewUpload):
    """An upload, as recorded."""

    id: UploadId
    status: Status
    created_at: int
    file_id: FileId | None
    """The file that it has become."""

    @property
    def is_open(self) -> bool:
        """Whether parts may be added."""
        return self.status is Status.PENDING and self.expires_at > time.time()


@dataclass(frozen=True, slots=True)
class Part:
    """A part, as recorded; its bytes are in the blobs under their hash."""

    id: PartId
    upload_id: UploadId
    sha256: str
    bytes: int
    created_at: int


def add(connection: Connection, new: NewUpload) -> Upload:
    """Record an upload of which nothing has come yet."""
    announced = {name: getattr(new, name) for name in NewUpload.__slots__}
    now = int(time.time())
    upload = Upload(**announced, id=new_upload_id(), status=Status.PENDING, created_at=now, file_id=None)
    rest = {"id": upload.id, "status": upload.status, "created_at": now}
    connection.execute(sa.insert(uploads).values(announced | rest))
    return upload


def find(connection: Connection, upload_id: str, *, to_change: bool = False) -> Upload | None:
    """The upload of that id; to change it, nobody else may until the transaction ends."""
    query = sa.select(uploads).where(uploads.c.id == upload_id)
    row = connection.execute(query.with_for_update() if to_change else query).mappings().first()
    return _from_row(row) if row else None


def end(connection: Connection, upload_id: UploadId, status: Status, file_id: FileId | None = None) -> None:
    """Record that nothing more comes, and what file it has become."""
    values = {"status": status, "file_id": file_id}
    connection.execute(sa.update(uploads).where(uploads.c.id == upload_id).values(values))


def late(connection: Connection, limit: int) -> Sequence[Upload]:
    """Uploads that were not completed in time."""
    query = sa.select(uploads).where(uploads.c.expires_at <= int(time.time()), uploads.c.status == Status.PENDING)
    return [_from_row(row) for row in connection.execute(query.limit(limit)).mappings()]


def forget_ended(connection: Connection, seconds: int) -> None:
    """Forget uploads that have ended, and whose time ran out so many seconds ago; they have no parts any more."""
    old = uploads.c.expires_at <= int(time.time()) - seconds, uploads.c.status != Status.PENDING
    connection.execute(sa.delete(uploads).where(*old))


def add_part(connection: Connection, upload_id: UploadId, sha256: str, size_bytes: int) -> Part:
    """Record a part that has come."""
    part = Part(new_part_id(), upload_id, sha256, size_bytes, int(time.time()))
    connection.execute(sa.insert(upload_parts).values({name: getattr(part, name) for name in Part.__slots__}))
    return part


def parts(connection: Connection, upload_id: UploadId) -> Mapping[str, Part]:
    """The parts of an upload, by their ids."""
    query = sa.select(upload_parts).where(upload_parts.c.upload_id == upload_id)
    return {row["id"]: Part(**row) for row in connection.execute(query).mappings()}


def received(connection: Connection, upload_id: UploadId) -> tuple[int, int]:
    """How many parts have come, and how many bytes they have."""
    columns = sa.func.count(), sa.func.coalesce(sa.func.sum(upload_parts.c.bytes), 0)
    count, size_bytes = connection.execute(sa.select(*columns).where(upload_parts.c.upload_id == upload_id)).one()
    return count, int(size_bytes)


def remove_parts(connection: Connection, upload_id: UploadId) -> None:
    """Forget all parts of an upload."""
    connection.execute(sa.delete(upload_parts).where(upload_parts.c.upload_id == upload_id))


def _from_row(row: sa.RowMapping) -> Upload:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    return Upload(**values | {"status": Status(values["status"])})
