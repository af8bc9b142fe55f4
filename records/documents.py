"""Documents: files in stores, and how far each has come."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from records.ids import DocumentId, FileId, StoreId, new_document_id
from records.schema import documents, files


class Status(StrEnum):
    """How far a document has come."""

    QUEUED = "queued"
    """Waiting for its turn."""
    IN_PROGRESS = "in_progress"
    """Being read, embedded and stored."""
    COMPLETED = "completed"
    """Every chunk can be found."""
    FAILED = "failed"
    """It cannot be found, and the error says why."""
    CANCELLED = "cancelled"
    """Somebody stopped it before it could be found."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a document is not searchable."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Document:
    """A document, as recorded, with what is known of its file."""

    id: DocumentId
    store_id: StoreId
    file_id: FileId
    filename: str
    bytes: int
    sha256: str
    status: Status
    error: Failure | None
    attributes: Mapping[str, Any]
    version: int
    """Version whose chunks are the visible ones; 0 before the first."""
    chunks: int
    """How many chunks the visible version has."""
    media_type: str | None
    title: str | None
    characters: int | None
    """Length of its extracted text."""
    pages: int | None
    created_at: int
    finished_at: int | None
    attached: bool = False
    """Whether it came as a file that was there before, and so goes without that file."""
    chunk_max_tokens: int | None = None
    """Of its chunks; None leaves it to the store, and so does the overlap."""
    chunk_overlap_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What reading a document brought to light."""

    media_type: str
    title: str | None
    characters: int
    pages: int | None
    chunks: int


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What is to become visible, all at once."""

    version: int
    file_id: FileId
    sha256: str
    summary: Summary


# Statements that every document needs are made once: making them anew took longer than carrying them out.
SELECT = sa.select(documents, files.c.filename, files.c.bytes).join(files, files.c.id == documents.c.file_id)
_FIND = SELECT.where(documents.c.id == sa.bindparam("wanted"))
_FIND_BY_CONTENT = SELECT.where(
    documents.c.store_id == sa.bindparam("store"), documents.c.sha256 == sa.bindparam("content"), ~documents.c.attached
)
_VERSIONS = sa.select(documents.c.id, documents.c.version).where(
    documents.c.id.in_(sa.bindparam("wanted", expanding=True))
)
_ADD = sa.insert(documents)
_UPDATE = sa.update(documents).where(documents.c.id == sa.bindparam("wanted"))
_FIND_TO_CHANGE = _FIND.with_for_update(of=documents)
_END = _UPDATE.values(
    # Where an earlier version can be found, it still can.
    status=sa.case((documents.c.version > 0, Status.COMPLETED), else_=sa.bindparam("ending", type_=sa.Text())),
    error_code=sa.case((documents.c.version > 0, None), else_=sa.bindparam("code", type_=sa.Text())),
    error_message=sa.case((documents.c.version > 0, None), else_=sa.bindparam("message", type_=sa.Text())),
)


def from_row(row: RowMapping) -> Document:
    """The document that a row of `SELECT` holds."""
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    code, message = values.pop("error_code"), values.pop("error_message")
    values["status"] = Status(values["status"])
    return Document(**values, error=Failure(code, message) if code else None)


def find(connection: Connection, document_id: str, *, to_change: bool = False) -> Document | None:
    """The document of that id; to change it, nobody else may until the transaction ends."""
    row = connection.execute(_FIND_TO_CHANGE if to_change else _FIND, {"wanted": document_id}).mappings().first()
    return from_row(row) if row else None


def find_all(connection: Connection, ids: Sequence[str]) -> Sequence[Document]:
    """The documents of these ids, in no particular order; those that are gone are left out."""
    return [from_row(row) for row in connection.execute(SELECT.where(documents.c.id.in_(ids))).mappings()]


def find_by_content(connection: Connection, store_id: StoreId, sha256: str) -> Document | None:
    """The document of a store that has exactly this content; attached files may have the same, and do not count."""
    row = connection.execute(_FIND_BY_CONTENT, {"store": store_id, "content": sha256}).mappings().first()
    return from_row(row) if row else None


def add(
    connection: Connection, store_id: StoreId, file_id: FileId, sha256: str, attributes: Mapping[str, Any]
) -> DocumentId:
    """Record a queued document."""
    document_id = new_document_id()
    values = {
        "id": document_id,
        "store_id": store_id,
        "file_id": file_id,
        "sha256": sha256,
        "status": Status.QUEUED,
        "attributes": dict(attributes),
        "version": 0,
        "chunks": 0,
        "attached": False,
        # Milliseconds would not fit OpenAI's form; ids break ties in lists.
        "created_at": int(time.time()),
    }
    connection.execute(_ADD, values)
    return document_id


def page(
    connection: Connection, store_id: StoreId, *, status: Status | None, after: str | None, limit: int
) -> Sequence[Document]:
    """Up to `limit` documents of a store, newest first, from behind the document `after`."""
    query = SELECT.where(documents.c.store_id == store_id)
    if status is not None:
        query = query.where(documents.c.status == status)
    if after is not None:
        query = query.where(sa.tuple_(documents.c.created_at, documents.c.id) < _position(after))
    query = query.order_by(documents.c.created_at.desc(), documents.c.id.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()]


def _position(document_id: str) -> Any:
    here = documents.alias("here")
    return sa.select(here.c.created_at, here.c.id).where(here.c.id == document_id).scalar_subquery()


def counts(connection: Connection) -> Mapping[StoreId, Mapping[Status, int]]:
    """How many documents each store has, by status."""
    columns = documents.c.store_id, documents.c.status
    found: dict[StoreId, dict[Status, int]] = {}
    for store_id, status, count in connection.execute(sa.select(*columns, sa.func.count()).group_by(*columns)):
        found.setdefault(store_id, {})[Status(status)] = count
    return found


def file_ids(connection: Connection, ids: Sequence[str]) -> Mapping[str, FileId]:
    """The file of each of these documents; those that are gone are left out."""
    query = sa.select(documents.c.id, documents.c.file_id).where(documents.c.id.in_(ids))
    return {row.id: row.file_id for row in connection.execute(query)}


def versions(connection: Connection, ids: Sequence[str]) -> Mapping[str, int]:
    """The visible version of each of these documents; those that are gone are left out."""
    return {row.id: row.version for row in connection.execute(_VERSIONS, {"wanted": ids})}


def requeue(connection: Connection, document_id: DocumentId) -> None:
    """It waits for its turn again; a version that is visible stays so."""
    values = {"status": Status.QUEUED, "error_code": None, "error_message": None, "finished_at": None}
    _update(connection, document_id, values)


def publish(connection: Connection, document_id: DocumentId, new: NewVersion) -> bool:
    """Make a version visible, and the one before it invisible; False when the document is gone.

    Raises:
        sqlalchemy.exc.IntegrityError: another document of the store has this content; `Database` makes it a
            ConflictError.
    """
    summary = {name: getattr(new.summary, name) for name in ("media_type", "title", "characters", "pages", "chunks")}
    values = {"version": new.version, "file_id": new.file_id, "sha256": new.sha256, **summary}
    return _update(connection, document_id, values | {"status": Status.COMPLETED, "finished_at": int(time.time())})


def end(connection: Connection, document_id: DocumentId, status: Status, failure: Failure | None = None) -> None:
    """Record that its job ended otherwise than well: where there is an older version, that one stays."""
    reason = {"code": failure.code if failure else None, "message": failure.message if failure else None}
    values = {"wanted": document_id, "ending": status, **reason, "finished_at": int(time.time())}
    connection.execute(_END, values)


def set_attributes(connection: Connection, document_id: DocumentId, attributes: Mapping[str, Any]) -> bool:
    """Replace a document's attributes; False when it is gone."""
    return _update(connection, document_id, {"attributes": dict(attributes)})


def remove(connection: Connection, document_id: DocumentId) -> bool:
    """Forget a document; False when there was none."""
    return connection.execute(sa.delete(documents).where(documents.c.id == document_id)).rowcount > 0


def _update(connection: Connection, document_id: DocumentId, values: Mapping[str, Any]) -> bool:
    return connection.execute(_UPDATE, {"wanted": document_id, **values}).rowcount > 0
