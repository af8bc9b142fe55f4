"""Files: what was uploaded, under which name, and who may see it."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import DocumentId, FileId, StoreId, new_file_id
from records.paging import Page, rows_of
from records.schema import documents, files, jobs, upload_parts


@dataclass(frozen=True, slots=True)
class File:
    """A file, as recorded; its bytes are in the blobs under their hash."""

    id: FileId
    filename: str
    bytes: int
    sha256: str
    created_at: int
    purpose: str | None
    """None where it lives as long as a document has it; any other is kept until somebody deletes it or it expires."""
    expires_at: int | None
    key_id: str | None
    """The key that handed it in."""


@dataclass(frozen=True, slots=True)
class Terms:
    """On what terms a file is kept."""

    purpose: str | None = None
    key_id: str | None = None
    lifetime_seconds: int | None = None
    """After which it goes by itself; None for never."""


@dataclass(frozen=True, slots=True)
class Sight:
    """Which files somebody sees: all, or those that came with their own key or are in one of some stores."""

    key_id: str | None = None
    stores: Collection[str] | None = None
    """None means all."""


EVERYTHING = Sight()
FOR_DOCUMENTS = Terms()
DEFAULT_PURPOSE = "assistants"
_ADD = sa.insert(files)
_LOCK_CONTENT = sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtextextended(sa.bindparam("hash"), 0)))
_OF_A_DOCUMENT = sa.exists().where(documents.c.file_id == files.c.id)


def add(connection: Connection, filename: str, size_bytes: int, sha256: str, terms: Terms = FOR_DOCUMENTS) -> FileId:
    """Record an uploaded file."""
    file_id = new_file_id()
    now = int(time.time())
    values = {"id": file_id, "filename": filename, "bytes": size_bytes, "sha256": sha256, "created_at": now}
    expires_at = None if terms.lifetime_seconds is None else now + terms.lifetime_seconds
    kept = {"purpose": terms.purpose, "key_id": terms.key_id, "expires_at": expires_at}
    connection.execute(_ADD, values | kept)
    return file_id


def find(connection: Connection, file_id: str, sight: Sight = EVERYTHING) -> File | None:
    """The file of that id, if it is seen and has not expired."""
    return next(iter(find_all(connection, [file_id], sight)), None)


def look_up(connection: Connection, file_id: str) -> File | None:
    """The file of that id, whoever sees it, expired or not."""
    row = connection.execute(sa.select(files).where(files.c.id == file_id)).mappings().first()
    return File(**row) if row else None


def find_all(connection: Connection, ids: Sequence[str], sight: Sight = EVERYTHING) -> Sequence[File]:
    """The files of these ids that are seen and have not expired, in no particular order."""
    query = sa.select(files).where(files.c.id.in_(ids), *_seen(sight))
    return [File(**row) for row in connection.execute(query).mappings()]


def page(connection: Connection, sight: Sight, wanted: Page, *, purpose: str | None = None) -> Sequence[File]:
    """Some of the files that are seen; those that have no purpose of their own are among those for `assistants`."""
    query = sa.select(files).where(*_seen(sight))
    if purpose is not None:
        query = query.where(sa.func.coalesce(files.c.purpose, DEFAULT_PURPOSE) == purpose)
    return [File(**row) for row in rows_of(connection, query, files, wanted)]


def _seen(sight: Sight) -> Sequence[sa.ColumnElement[bool]]:
    """What a replacement waits with is no file yet: nobody has it."""
    current = sa.or_(files.c.expires_at.is_(None), files.c.expires_at > int(time.time()))
    if sight.stores is None:
        return current, sa.or_(files.c.purpose.is_not(None), _OF_A_DOCUMENT)
    in_a_store = _OF_A_DOCUMENT.where(documents.c.store_id.in_(sight.stores))
    own = sa.and_(files.c.purpose.is_not(None), files.c.key_id == sight.key_id)
    return current, sa.or_(own, in_a_store)


def users_of(connection: Connection, file_id: str) -> Mapping[DocumentId, StoreId]:
    """The documents that have this file, or that it is to replace, with the store of each."""
    having = sa.select(documents.c.id, documents.c.store_id).where(documents.c.file_id == file_id)
    waiting = sa.select(jobs.c.document_id, jobs.c.store_id).where(jobs.c.file_id == file_id)
    return {DocumentId(row[0]): StoreId(row[1]) for row in connection.execute(sa.union(having, waiting))}


def expired(connection: Connection, limit: int) -> Sequence[FileId]:
    """Files whose time has come."""
    query = sa.select(files.c.id).where(files.c.expires_at <= int(time.time())).order_by(files.c.expires_at)
    return [FileId(file_id) for file_id in connection.scalars(query.limit(limit))]


def names_kept(connection: Connection, hashes: Collection[str]) -> Sequence[str]:
    """Names of the files with one of these contents that are there without any document."""
    query = sa.select(files.c.filename).where(files.c.sha256.in_(hashes), files.c.purpose.is_not(None))
    return list(connection.scalars(query.where(sa.not_(_OF_A_DOCUMENT))))


def remove_unused(connection: Connection, file_id: FileId) -> None:
    """Forget a file that is not kept for its own sake, and that neither a document nor a job refers to any more."""
    _remove(connection, file_id, files.c.purpose.is_(None))


def remove(connection: Connection, file_id: FileId) -> bool:
    """Forget a file, kept or not, unless a document or a job refers to it; False when it is still there then."""
    _remove(connection, file_id)
    return not connection.execute(sa.select(sa.exists().where(files.c.id == file_id))).scalar_one()


def _remove(connection: Connection, file_id: FileId, *conditions: sa.ColumnElement[bool]) -> None:
    # Whoever is about to refer to it does so before, or finds it gone.
    connection.execute(sa.select(files.c.id).where(files.c.id == file_id).with_for_update())
    used = sa.exists().where(documents.c.file_id == file_id), sa.exists().where(jobs.c.file_id == file_id)
    connection.execute(sa.delete(files).where(files.c.id == file_id, ~used[0], ~used[1], *conditions))


def lock_content(connection: Connection, sha256: str) -> None:
    """Until the transaction ends, nobody else takes in or removes these bytes.

    SQLite needs nothing for it: one transaction at a time writes.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK_CONTENT, {"hash": sha256})


def content_is_used(connection: Connection, sha256: str) -> bool:
    """Whether any recorded file, or part of one that is still coming, has this content."""
    used = sa.exists().where(files.c.sha256 == sha256), sa.exists().where(upload_parts.c.sha256 == sha256)
    return connection.execute(sa.select(sa.or_(*used))).scalar_one()
