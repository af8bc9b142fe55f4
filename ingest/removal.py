"""Removing documents, and versions of documents that nobody sees any more, with every trace of them.

The rows go first, in one transaction that also records what is left to do; from then on no search shows it. Chunks,
text and bytes follow, at once or, where that fails, when a worker comes round to it.
"""

import logging
from collections.abc import Iterable
from functools import partial

from ingest.collections import collection_of, next_collection_of
from records import Connection, Records, documents, embeddings, file_batches, files, jobs, removals, revisions, stores
from records.blobs import Blobs
from records.documents import Document
from records.errors import RecordsError
from records.ids import DocumentId, StoreId
from records.removals import ALL_DOCUMENTS, NO_DOCUMENT, WHOLE, Removal
from records.stores import Store
from vectorstore import Collection, VectorStore, VectorStoreError

_log = logging.getLogger(__name__)
_PAGE = 200
_EMPTYING_SECONDS = 600.0
"""Longer than a vector store may take to remove a store, its time-outs and further tries together."""


async def remove_document(
    records: Records, vectors: VectorStore, store: Store, document: Document, *, lease_seconds: float
) -> bool:
    """Delete a document: row, chunks, text, vectors paid for, and its file unless that is kept or another has it.

    A worker that has the document in hand, perhaps on another machine, may write once more before it notices, so the
    chunks are removed once more after `lease_seconds`. False when somebody else has deleted it meanwhile.
    """
    left = await records.database.write(lambda c: _forget(c, store, document, lease_seconds))
    for removal in left:
        await finish_or_later(records, vectors, removal)
    return bool(left)


async def remove_store(records: Records, vectors: VectorStore, store: Store, *, lease_seconds: float) -> None:
    """Delete a store and all its documents."""
    await remove_documents(records, vectors, store, lease_seconds=lease_seconds)
    now = await records.database.read(lambda c: stores.find(c, store.id)) or store
    for collection in collections_of(now):
        await vectors.delete_store(collection, store.id)
    await records.database.write(partial(_forget_store, store.id))


async def remove_documents(records: Records, vectors: VectorStore, store: Store, *, lease_seconds: float) -> None:
    """Delete all documents of a store."""
    while page := await records.database.read(
        lambda c: documents.page(c, store.id, status=None, after=None, limit=_PAGE)
    ):
        for document in page:
            await remove_document(records, vectors, store, document, lease_seconds=lease_seconds)


def _forget_store(store_id: StoreId, connection: Connection) -> None:
    file_batches.remove_all(connection, store_id)
    revisions.remove(connection, store_id)
    stores.remove(connection, store_id)


async def finish_or_later(records: Records, vectors: VectorStore, removal: Removal) -> None:
    """Carry a removal out, or leave it to a worker where something does not answer."""
    try:
        await finish(records, vectors, removal)
    except (VectorStoreError, RecordsError) as error:
        _log.warning("what is left of document %s is removed later: %s", removal.document_id, error)


async def finish(records: Records, vectors: VectorStore, removal: Removal) -> None:
    """Remove chunks, text and bytes; the removal stays recorded where it must be done once more."""
    if removal.document_id == ALL_DOCUMENTS:
        await _empty(records, vectors, removal)
        return
    if removal.document_id == NO_DOCUMENT:
        await records.database.write(partial(_drop_removed, records.blobs, removal))
        return
    version = None if removal.version == WHOLE else removal.version
    if version is None:
        await records.blobs.remove_texts(removal.document_id)
    else:
        await records.blobs.remove_text(removal.document_id, version)
    if removal.sha256 is not None:
        await records.database.write(partial(_drop_bytes, records.blobs, removal.sha256))
    if removal.embedding_dimensions is not None:
        collection = Collection(removal.embedding_model, removal.embedding_dimensions)
        await vectors.delete_document(collection, removal.store_id, removal.document_id, version)
    await records.database.write(partial(_settle, removal))


async def _empty(records: Records, vectors: VectorStore, removal: Removal) -> None:
    """Remove a store from a collection; by one worker only, for it may use the collection again right after."""
    if await records.database.write(lambda c: removals.claim(c, removal.id, _EMPTYING_SECONDS)):
        collection = Collection(removal.embedding_model, removal.embedding_dimensions or 0)
        await vectors.delete_store(collection, removal.store_id)
        await records.database.write(lambda c: removals.forget(c, removal.id))


async def finish_due(records: Records, vectors: VectorStore) -> None:
    """Carry out removals whose time has come: left undone, or to be done once more."""
    for removal in await records.database.read(lambda c: removals.due(c, _PAGE)):
        await finish(records, vectors, removal)


def collections_of(store: Store) -> list[Collection]:
    """Where a store's chunks may be: its model's collection, and that of the model it is changing to."""
    found = [collection_of(store)] if store.embedding_dimensions is not None else []
    following = next_collection_of(store)
    return [*found, following] if following else found


def discard_version(
    connection: Connection, store: Store, document_id: DocumentId, version: int, sha256: str | None, *, after: float = 0
) -> list[Removal]:
    """Record that a version goes; done once more `after` so many seconds if that is not 0."""
    found = []
    for collection in collections_of(store):
        names = collection.model, collection.dimensions
        found.append(removals.new_removal(store.id, document_id, version, names, sha256))
    if not found:
        found.append(removals.new_removal(store.id, document_id, version, (store.embedding_model, None), sha256))
    for removal in found:
        removals.add(connection, removal, again_after_seconds=after)
    return found


def again_after(lease_seconds: float, *, in_hand: bool) -> float:
    """Seconds after which what is removed is removed once more.

    A worker that has the job in hand, perhaps on another machine, may write until it notices.
    """
    return 2 * lease_seconds if in_hand else 0.0


def _forget(connection: Connection, store: Store, document: Document, lease_seconds: float) -> list[Removal]:
    job = jobs.find(connection, document.id, to_change=True)
    in_hand = jobs.remove(connection, document.id)
    now = documents.find(connection, document.id, to_change=True)
    if now is None:
        return []
    # As it is at this moment: the store's first document may have settled the length of its vectors since.
    store = stores.find(connection, store.id) or store
    contents = {now.sha256} | ({job.sha256} if job else set())
    held = {now.file_id} | ({job.file_id} if job else set())
    after = again_after(lease_seconds, in_hand=in_hand)
    left: list[Removal] = []
    for sha256 in contents:
        left += discard_version(connection, store, document.id, WHOLE, sha256, after=after)
    documents.remove(connection, document.id)
    embeddings.remove(connection, document.id)
    for file_id in held:
        files.remove_unused(connection, file_id)
    revisions.advance(connection, store.id)
    return left


def discard_contents(connection: Connection, hashes: Iterable[str]) -> list[Removal]:
    """Record that bytes go which no document had, unless a file has them."""
    found = [removals.new_removal_of_content(sha256) for sha256 in hashes]
    for removal in found:
        removals.add(connection, removal)
    return found


def _drop_removed(blobs: Blobs, removal: Removal, connection: Connection) -> None:
    if removal.sha256 is not None:
        _drop_bytes(blobs, removal.sha256, connection)
    removals.done(connection, removal.id)


def _drop_bytes(blobs: Blobs, sha256: str, connection: Connection) -> None:
    """Remove bytes that no file has any more; nobody can hand in the same meanwhile."""
    files.lock_content(connection, sha256)
    if not files.content_is_used(connection, sha256):
        blobs.remove(sha256)


def _settle(removal: Removal, connection: Connection) -> None:
    """Forget what is done, and what a worker may have recorded after the document was forgotten."""
    if removal.version == WHOLE:
        embeddings.remove(connection, removal.document_id)
    removals.done(connection, removal.id)
