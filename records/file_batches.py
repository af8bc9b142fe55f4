"""Batches: files that were attached to a store together, and are followed and cancelled together."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.documents import Status
from records.ids import BatchId, DocumentId, StoreId, new_batch_id
from records.jobs import ACTIVE
from records.schema import documents, file_batch_files, file_batches


@dataclass(frozen=True, slots=True)
class FileBatch:
    """A batch, as recorded."""

    id: BatchId
    store_id: StoreId
    created_at: int
    cancelled_at: int | None = None


_OF_BATCH = sa.select(file_batch_files.c.document_id).where(file_batch_files.c.batch_id == sa.bindparam("batch"))
_COUNT = (
    sa.select(documents.c.status, sa.func.count()).where(documents.c.id.in_(_OF_BATCH)).group_by(documents.c.status)
)
_UNFINISHED = (
    sa.select(documents.c.id)
    .where(documents.c.id.in_(_OF_BATCH), documents.c.status.in_(ACTIVE), documents.c.id > sa.bindparam("last"))
    .order_by(documents.c.id)
    .limit(sa.bindparam("most"))
)


def add(connection: Connection, store_id: StoreId, document_ids: Sequence[DocumentId]) -> FileBatch:
    """Record a batch of documents, each of which comes once."""
    batch = FileBatch(new_batch_id(), store_id, int(time.time()))
    values = {"id": batch.id, "store_id": store_id, "created_at": batch.created_at}
    connection.execute(sa.insert(file_batches).values(values))
    rows = [
        {"batch_id": batch.id, "document_id": document_id, "position": position}
        for position, document_id in enumerate(document_ids)
    ]
    if rows:
        connection.execute(sa.insert(file_batch_files), rows)
    return batch


def find(connection: Connection, store_id: StoreId, batch_id: str) -> FileBatch | None:
    """The batch of a store of that id."""
    query = sa.select(file_batches).where(file_batches.c.id == batch_id, file_batches.c.store_id == store_id)
    row = connection.execute(query).mappings().first()
    return FileBatch(**row) if row else None


def counts(connection: Connection, batch_id: BatchId) -> Mapping[Status, int]:
    """How many of a batch's documents there are by status; those that were detached since do not count."""
    return {Status(status): count for status, count in connection.execute(_COUNT, {"batch": batch_id})}


def unfinished(connection: Connection, batch_id: BatchId, *, after: str, limit: int) -> Sequence[DocumentId]:
    """Up to `limit` documents of a batch that wait or are in work, by id behind `after`."""
    names = {"batch": batch_id, "last": after, "most": limit}
    return list(connection.scalars(_UNFINISHED, names))


def cancel(connection: Connection, batch_id: BatchId) -> None:
    """Record that somebody has stopped a batch; one in which nothing is left to do stays as it is."""
    batch = file_batches.c.id == batch_id, file_batches.c.cancelled_at.is_(None)
    unfinished = sa.exists().where(
        file_batch_files.c.batch_id == batch_id,
        file_batch_files.c.document_id == documents.c.id,
        documents.c.status.in_(ACTIVE),
    )
    connection.execute(sa.update(file_batches).where(*batch, unfinished).values(cancelled_at=int(time.time())))


def remove_all(connection: Connection, store_id: StoreId) -> None:
    """Forget the batches of a store; its documents are not touched."""
    of_store = sa.select(file_batches.c.id).where(file_batches.c.store_id == store_id)
    connection.execute(sa.delete(file_batch_files).where(file_batch_files.c.batch_id.in_(of_store)))
    connection.execute(sa.delete(file_batches).where(file_batches.c.store_id == store_id))
