"""Removing files, with all documents that have them."""

from functools import partial

from ingest.removal import discard_contents, finish_or_later, remove_document
from records import Connection, Records, documents, files, stores
from records.files import File
from records.ids import FileId
from records.removals import Removal
from vectorstore import VectorStore


async def remove_file(records: Records, vectors: VectorStore, file_id: FileId, *, lease_seconds: float) -> bool:
    """Delete a file, and its documents in all stores as `remove_document` does; False when there is no such file."""
    file = await records.database.read(lambda c: files.look_up(c, file_id))
    if file is None:
        return False
    left: list[Removal] | None = None
    while left is None:  # somebody may attach it once more meanwhile
        await _remove_documents(records, vectors, file, lease_seconds)
        left = await records.database.write(partial(_forget, file))
    for removal in left:
        await finish_or_later(records, vectors, removal)
    return True


async def _remove_documents(records: Records, vectors: VectorStore, file: File, lease_seconds: float) -> None:
    for document_id in await records.database.read(lambda c: files.users_of(c, file.id)):
        document = await records.database.read(partial(documents.find, document_id=document_id))
        if document is None:
            continue
        store = await records.database.read(partial(stores.find, name_or_id=document.store_id))
        if store is not None:
            await remove_document(records, vectors, store, document, lease_seconds=lease_seconds)


def _forget(file: File, connection: Connection) -> list[Removal] | None:
    """What is left to do; None while a document has the file."""
    return discard_contents(connection, [file.sha256]) if files.remove(connection, file.id) else None
