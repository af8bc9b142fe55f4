"""Deleting documents and stores with every trace of them."""

from ingest.collections import collection_of
from records import Connection, Records, documents, embeddings, files, stores
from records.blobs import Blobs
from records.documents import Document
from records.stores import Store
from vectorstore import VectorStore

_PAGE = 200


async def remove_document(records: Records, vectors: VectorStore, store: Store, document: Document) -> bool:
    """Delete a document: row, chunks, text, vectors paid for, and the file unless another document has it.

    False when somebody else has deleted it meanwhile. It is out of every search from the first step on, since hits of
    documents without a row are dropped.
    """
    blobs = records.blobs
    removed = await records.database.write(lambda c: _forget(c, blobs, document))
    await vectors.delete_document(collection_of(store), store.id, document.id)
    await blobs.remove_text(document.id)
    return removed


async def remove_store(records: Records, vectors: VectorStore, store: Store) -> None:
    """Delete a store and all its documents."""
    while page := await records.database.read(
        lambda c: documents.page(c, store.id, status=None, after=None, limit=_PAGE)
    ):
        for document in page:
            await remove_document(records, vectors, store, document)
    await vectors.delete_store(collection_of(store), store.id)
    await records.database.write(lambda c: stores.remove(c, store.id))


def _forget(connection: Connection, blobs: Blobs, document: Document) -> bool:
    removed = documents.remove(connection, document.id)
    embeddings.remove(connection, document.id)
    files.remove_unused(connection, document.file_id)
    if not files.content_is_used(connection, document.sha256):
        # Within the transaction, so that no upload of the same bytes comes in between.
        blobs.path(document.sha256).unlink(missing_ok=True)
    return removed
