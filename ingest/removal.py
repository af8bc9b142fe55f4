"""Deleting documents and stores with every trace of them.

The rows go first, in one transaction that also records what is left to do; from then on no search shows the document.
Chunks and text follow, at once or, where that fails, when the worker comes round to it.
"""

import logging

from ingest.collections import collection_of
from records import Connection, Records, documents, embeddings, files, removals, stores
from records.blobs import Blobs
from records.documents import Document, Status
from records.removals import Removal
from records.stores import Store
from vectorstore import Collection, VectorStore, VectorStoreError

_log = logging.getLogger(__name__)
_PAGE = 200


async def remove_document(records: Records, vectors: VectorStore, store: Store, document: Document) -> bool:
    """Delete a document: row, chunks, text, vectors paid for, and the file unless another document has it.

    False when somebody else has deleted it meanwhile.
    """
    removal = await records.database.write(lambda c: _forget(c, records.blobs, store, document))
    if removal is None:
        return False
    try:
        await finish(records, vectors, removal)
    except VectorStoreError as error:
        _log.warning("the chunks of deleted document %s wait for later: %s", document.id, error)
    return True


async def remove_store(records: Records, vectors: VectorStore, store: Store) -> None:
    """Delete a store and all its documents."""
    while page := await records.database.read(
        lambda c: documents.page(c, store.id, status=None, after=None, limit=_PAGE)
    ):
        for document in page:
            await remove_document(records, vectors, store, document)
    now = await records.database.read(lambda c: stores.find(c, store.id)) or store
    await vectors.delete_store(collection_of(now), store.id)
    await records.database.write(lambda c: stores.remove(c, store.id))


async def finish(records: Records, vectors: VectorStore, removal: Removal) -> None:
    """Remove the chunks and the text. The removal stays recorded while a worker may still be writing."""
    await records.blobs.remove_text(removal.document_id)
    if removal.embedding_dimensions is not None:
        collection = Collection(removal.embedding_model, removal.embedding_dimensions)
        await vectors.delete_document(collection, removal.store_id, removal.document_id)
    if not removal.in_work:
        await records.database.write(lambda c: removals.done(c, removal.document_id))


async def finish_all(records: Records, vectors: VectorStore) -> None:
    """Finish what was left undone: the vector store did not answer, or the process was stopped."""
    for removal in await records.database.read(removals.ready):
        await finish(records, vectors, removal)


def _forget(connection: Connection, blobs: Blobs, store: Store, document: Document) -> Removal | None:
    now = documents.find(connection, document.id)
    if now is None:
        return None
    # As it is at this moment: the store's first document may have settled the length of its vectors since.
    store = stores.find(connection, store.id) or store
    in_work = now.status is Status.IN_PROGRESS
    removal = Removal(document.id, store.id, store.embedding_model, store.embedding_dimensions, in_work)
    removals.add(connection, removal)
    documents.remove(connection, document.id)
    embeddings.remove(connection, document.id)
    files.remove_unused(connection, document.file_id)
    if not files.content_is_used(connection, now.sha256):
        # Within the transaction, so that no upload of the same bytes comes in between.
        blobs.path(now.sha256).unlink(missing_ok=True)
    return removal
