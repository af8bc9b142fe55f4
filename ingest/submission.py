"""Taking a file in: its bytes to disk, its document into the queue."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from ingest.collections import collection_of
from ingest.errors import StoreGoneError
from records import Connection, Records, documents, files, stores
from records.blobs import Blob, Blobs
from records.documents import Document, Status
from records.errors import ConflictError
from records.ids import DocumentId
from records.stores import Store
from vectorstore import AttributeValue, VectorStore


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody hands it in."""

    filename: str
    content: BinaryIO
    """Readable from its current position, and seekable."""
    attributes: Mapping[str, AttributeValue]


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an upload."""

    document: Document
    new: bool
    """False when the store had a document of the same content already; that one is given then."""


async def submit(records: Records, vectors: VectorStore, store: Store, upload: Upload, *, max_bytes: int) -> Submission:
    """Keep the file and queue its document; both are on disk when this returns.

    The same content again yields the document that is there: queued anew if it had failed, with the attributes given
    this time if there are any.

    Raises:
        StoreGoneError: the store was deleted a moment ago.
        BlobTooLargeError: the file has more than `max_bytes`.
    """
    while True:
        blob = await records.blobs.put(upload.content, max_bytes)
        submission = await _try_record(records, store, upload, blob)
        if submission is None:
            upload.content.seek(0)
            continue
        if upload.attributes and not submission.new:
            await _copy_attributes(vectors, store, submission.document)
        return submission


async def _copy_attributes(vectors: VectorStore, store: Store, document: Document) -> None:
    """Filters see what the vector store holds, so changed attributes go there too."""
    if store.embedding_dimensions is not None:
        await vectors.set_attributes(collection_of(store), store.id, document.id, document.attributes)


async def _try_record(records: Records, store: Store, upload: Upload, blob: Blob) -> Submission | None:
    try:
        return await records.database.write(partial(_record, records.blobs, store, upload, blob))
    except ConflictError:  # another upload of the same content was quicker: it will be found
        return None


def _record(blobs: Blobs, store: Store, upload: Upload, blob: Blob, connection: Connection) -> Submission | None:
    if not blobs.path(blob.sha256).exists():
        # The last document with these bytes was deleted since they were put there: put them again.
        return None
    if stores.find(connection, store.id) is None:
        raise StoreGoneError
    known = documents.find_by_content(connection, store.id, blob.sha256)
    if known is not None:
        return Submission(_renew(connection, known, upload), new=False)
    file_id = files.add(connection, upload.filename, blob.bytes, blob.sha256)
    document_id = documents.add(connection, store.id, file_id, blob.sha256, upload.attributes)
    return Submission(_found(connection, document_id), new=True)


def _renew(connection: Connection, known: Document, upload: Upload) -> Document:
    if known.status is Status.FAILED:
        documents.requeue(connection, only=known.id)
    if upload.attributes:
        documents.set_attributes(connection, known.id, upload.attributes)
    return _found(connection, known.id)


def _found(connection: Connection, document_id: DocumentId) -> Document:
    document = documents.find(connection, document_id)
    assert document is not None, "it was written in this very transaction"
    return document
