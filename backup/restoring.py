"""Restoring a backup into an empty installation, whatever its database, storage and vector store are."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

from backup.checking import ROWS, check
from backup.contents import load_contents
from backup.errors import BackupError, DamagedBackupError, ForeignBackupError, IncompleteRestoreError
from backup.manifest import Manifest
from backup.preparing import Mark, require_no_contents, require_no_rows
from backup.rows import load_rows, rows_in, visible_documents
from records import Connection, Records, loading
from records.blobs import BlobDamagedError, BlobNameError, names
from records.errors import ConflictError
from records.keys import remove_unused
from vectorstore import Collection, VectorStore


async def restore(path: Path, records: Records, vectors: VectorStore, folder: Path) -> Manifest:
    """Load a backup; returns what it holds once all of it is there, counted.

    The file is checked first. Files, texts and chunks are written before the rows, which come in one transaction: when
    it is interrupted, the installation is empty as far as anybody can see, and the same backup can be restored again.
    Nothing else may use the installation meanwhile.

    Args:
        path: the backup.
        records: where rows, files and texts go.
        vectors: where chunks go.
        folder: where to note that a restore is under way.

    Raises:
        ForeignBackupError, DamagedBackupError: the file cannot be used; nothing was written.
        NotEmptyError: there is something already; nothing was written.
        IncompleteRestoreError: in the end something is not there.
        RecordsError, VectorStoreError, OSError: something does not answer, or cannot be read or written.
    """
    manifest = await asyncio.to_thread(check, path)
    _require_known(manifest)
    stores = await asyncio.to_thread(lambda: dict(_stores(path)))
    mark = Mark(folder, manifest.digest)
    await require_no_rows(records)
    if not await mark.is_set():
        await require_no_contents(records, vectors, stores.items())
        await mark.set()
    try:
        await load_contents(path, records, vectors, manifest.changed)
    except (BlobDamagedError, BlobNameError) as error:
        raise DamagedBackupError from error
    await _require_chunks(path, manifest, vectors, stores)
    await _load_rows(path, manifest, records)
    await mark.clear()
    return manifest


def _require_known(manifest: Manifest) -> None:
    try:
        loading.require_known(manifest.origin.schema, manifest.rows)
    except loading.UnknownSchemaError as error:
        message = (
            f"The backup was taken by Footnote {manifest.origin.version}, whose tables this version does not know. "
            "Install that version or a later one, and restore with it."
        )
        raise ForeignBackupError(message) from error


def _stores(path: Path) -> Iterator[tuple[str, Collection]]:
    """The stores, with the collection of each."""
    with closing(rows_in(path, ROWS)) as found:
        for batch in found:
            for row in batch.rows if batch.table == "stores" else ():
                yield row["id"], Collection(row["embedding_model"], row["embedding_dimensions"] or 0)


async def _require_chunks(path: Path, manifest: Manifest, vectors: VectorStore, stores: dict[str, Collection]) -> None:
    """Count the chunks of each document in the vector store."""
    total = 0
    with closing(visible_documents(path, manifest)) as found:
        while (document := await asyncio.to_thread(next, found, None)) is not None:
            store_id, document_id, version, chunks = document
            if await vectors.count(stores[store_id], store_id, document_id, version) != chunks:
                raise IncompleteRestoreError
            total += chunks
    if total != manifest.chunks:
        raise IncompleteRestoreError


async def _load_rows(path: Path, manifest: Manifest, records: Records) -> None:
    hashes = {name.removeprefix(names.FILES) async for name in records.blobs.names(names.FILES)}
    load = partial(_load_checked, path, manifest, hashes)
    try:
        await records.database.write(load)
    except loading.ContentMissingError as error:
        raise IncompleteRestoreError from error
    except ConflictError as error:
        message = "The rows of the backup contradict each other or the database; nothing was restored."
        raise BackupError(message) from error


def _load_checked(path: Path, manifest: Manifest, hashes: set[str], connection: Connection) -> None:
    loading.require_empty(connection)
    remove_unused(connection)
    if load_rows(path, manifest, hashes, connection) != manifest.documents:
        raise IncompleteRestoreError
