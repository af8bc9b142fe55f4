"""Files: what was uploaded, under which name."""

import time
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import FileId, new_file_id
from records.schema import documents, files, jobs


@dataclass(frozen=True, slots=True)
class File:
    """A file, as recorded; its bytes are in the blobs under their hash."""

    id: FileId
    filename: str
    bytes: int
    sha256: str
    created_at: int


_ADD = sa.insert(files)
_LOCK_CONTENT = sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("hash"), 0)))


def add(connection: Connection, filename: str, size_bytes: int, sha256: str) -> FileId:
    """Record an uploaded file."""
    file_id = new_file_id()
    values = {"id": file_id, "filename": filename, "bytes": size_bytes, "sha256": sha256}
    connection.execute(_ADD, values | {"created_at": int(time.time())})
    return file_id


def remove_unused(connection: Connection, file_id: FileId) -> None:
    """Forget a file that neither a document nor a job refers to any more."""
    used = sa.exists().where(documents.c.file_id == file_id), sa.exists().where(jobs.c.file_id == file_id)
    connection.execute(sa.delete(files).where(files.c.id == file_id, ~used[0], ~used[1]))


def lock_content(connection: Connection, sha256: str) -> None:
    """Until the transaction ends, nobody else takes in or removes these bytes.

    SQLite needs nothing for it: one transaction at a time writes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_CONTENT, {"hash": sha256})


def content_is_used(connection: Connection, sha256: str) -> bool:
    """Whether any recorded file has this content."""
    return connection.execute(sa.select(sa.exists().where(files.c.sha256 == sha256))).scalar_one()
