"""Attributes of documents, which stand in two places: in the records, and with every chunk, where filters see them."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from ingest.removal import collections_of
from records import Connection, Records, documents, revisions, stores
from records.ids import DocumentId
from records.stores import Store
from vectorstore import VectorStore


async def change_attributes(
    records: Records, vectors: VectorStore, document_id: DocumentId, attributes: Mapping[str, Any]
) -> bool:
    """Replace a document's attributes, in the records and on its chunks; False when it is gone.

    Chunks that are being written meanwhile get them before they become visible (see `ingest.publishing`).
    """
    known = await records.database.write(lambda c: documents.set_attributes(c, document_id, attributes))
    if known:
        await copy_attributes(records, vectors, document_id)
    return known


async def copy_attributes(records: Records, vectors: VectorStore, document_id: DocumentId) -> None:
    """Make the chunks of a document carry the attributes that are recorded.

    Whoever writes last looks last at the records, so of several changes at once the recorded one stays.
    """
    written: Mapping[str, Any] | None = None
    while now := await records.database.read(lambda c: _recorded(c, document_id)):
        store, attributes = now
        if attributes == written:
            await records.database.write(partial(revisions.advance, store_id=store.id))
            return
        for collection in collections_of(store):
            await vectors.set_attributes(collection, store.id, document_id, attributes)
        written = attributes


def _recorded(connection: Connection, document_id: DocumentId) -> tuple[Store, Mapping[str, Any]] | None:
    document = documents.find(connection, document_id)
    store = stores.find(connection, document.store_id) if document else None
    return (store, document.attributes) if document and store else None
