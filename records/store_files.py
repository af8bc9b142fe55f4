"""Files of stores: documents, seen as the files that were attached to a store."""

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from records.documents import SELECT, Document, Status, from_row
from records.ids import DocumentId, FileId, StoreId, new_document_id
from records.paging import Page, rows_of
from records.schema import documents, file_batch_files, files
from records.stores import Store


@dataclass(frozen=True, slots=True)
class Chunking:
    """How a file is to be cut."""

    max_tokens: int
    overlap_tokens: int


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file that is to be in a store."""

    file_id: FileId
    sha256: str
    attributes: Mapping[str, Any]
    chunking: Chunking | None = None
    """None leaves it to the store."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a store holds."""

    counts: Mapping[Status, int]
    bytes: int
    """Of the files that can be found."""


NOTHING = Usage({}, 0)
_ADD = sa.insert(documents)
_VISIBLE_BYTES = sa.func.sum(sa.case((documents.c.version > 0, files.c.bytes), else_=0))


def add_all(connection: Connection, store_id: StoreId, wanted: Sequence[Attachment]) -> Sequence[DocumentId]:
    """Record a queued document for each of these files, in their order."""
    now = int(time.time())
    # Made one after the other, ids of the same moment are in no order of their own: sorted, lists keep this one.
    ids = sorted(new_document_id() for _ in wanted)
    if wanted:
        connection.execute(_ADD, [_row(store_id, now, *one) for one in zip(ids, wanted, strict=True)])
    return ids


def _row(store_id: StoreId, now: int, document_id: DocumentId, wanted: Attachment) -> dict[str, Any]:
    return {
        "id": document_id,
        "store_id": store_id,
        "file_id": wanted.file_id,
        "sha256": wanted.sha256,
        "status": Status.QUEUED,
        "attributes": dict(wanted.attributes),
        "version": 0,
        "chunks": 0,
        "attached": True,
        "created_at": now,
        **_sizes(wanted.chunking),
    }


def _sizes(chunking: Chunking | None) -> dict[str, int | None]:
    sizes = (chunking.max_tokens, chunking.overlap_tokens) if chunking else (None, None)
    return {"chunk_max_tokens": sizes[0], "chunk_overlap_tokens": sizes[1]}


def chunking_of(store: Store, document: Document) -> Chunking:
    """How a document is cut: as was said for it, or as its store has it."""
    if document.chunk_max_tokens is None or document.chunk_overlap_tokens is None:
        return Chunking(store.chunk_max_tokens, store.chunk_overlap_tokens)
    return Chunking(document.chunk_max_tokens, document.chunk_overlap_tokens)


def set_chunking(connection: Connection, document_id: DocumentId, chunking: Chunking | None) -> None:
    """Record how a document is to be cut when it is read next."""
    connection.execute(sa.update(documents).where(documents.c.id == document_id).values(_sizes(chunking)))


def find(connection: Connection, store_id: StoreId, file_id: str) -> Document | None:
    """The document that a file is in a store."""
    return next(iter(find_all(connection, store_id, [file_id])), None)


def find_all(connection: Connection, store_id: StoreId, file_ids: Collection[str]) -> Sequence[Document]:
    """The documents that these files are in a store, in no particular order."""
    query = SELECT.where(documents.c.store_id == store_id, documents.c.file_id.in_(file_ids))
    return [from_row(row) for row in connection.execute(query).mappings()]


def page(
    connection: Connection,
    store_id: StoreId,
    wanted: Page,
    *,
    statuses: Collection[Status] | None = None,
    batch_id: str | None = None,
) -> Sequence[Document]:
    """A page of a store's documents, by the documents' ids; of those statuses, and of that batch."""
    query = SELECT.where(documents.c.store_id == store_id)
    if statuses is not None:
        query = query.where(documents.c.status.in_(statuses))
    if batch_id is not None:
        batch = sa.select(file_batch_files.c.document_id).where(file_batch_files.c.batch_id == batch_id)
        query = query.where(documents.c.id.in_(batch))
    return [from_row(row) for row in rows_of(connection, query, documents, wanted)]


def usage(connection: Connection, store_ids: Collection[str]) -> Mapping[str, Usage]:
    """What these stores hold; those without documents are left out."""
    columns = documents.c.store_id, documents.c.status
    query = sa.select(*columns, sa.func.count(), _VISIBLE_BYTES).join(files, files.c.id == documents.c.file_id)
    query = query.where(documents.c.store_id.in_(store_ids)).group_by(*columns)
    found: dict[str, Usage] = {}
    for store_id, status, count, size_bytes in connection.execute(query):
        before = found.get(store_id, NOTHING)
        found[store_id] = Usage({**before.counts, Status(status): count}, before.bytes + int(size_bytes))
    return found
