"""Making sure that a restore meets nothing but what an earlier try of the same restore has left."""

import asyncio
import os
from collections.abc import Iterable
from pathlib import Path

from backup.errors import NotEmptyError
from records import Records
from records import loading as tables
from vectorstore import Collection, VectorStore

_MARK = "restoring"


class Mark:
    """A file in the data folder that says which backup is being restored, from before the first byte to the end."""

    def __init__(self, folder: Path, digest: str) -> None:
        self._path = folder / _MARK
        self._digest = digest

    async def is_set(self) -> bool:
        """Whether this very backup has been restored in part."""
        return await asyncio.to_thread(lambda: self._path.exists() and self._path.read_text() == self._digest)

    async def set(self) -> None:
        """Note that the restore begins; on disk when this returns."""
        await asyncio.to_thread(self._write)

    async def clear(self) -> None:
        """Note that all is restored."""
        await asyncio.to_thread(self._path.unlink)

    def _write(self) -> None:
        with self._path.open("w") as file:
            file.write(self._digest)
            file.flush()
            os.fsync(file.fileno())


async def require_no_rows(records: Records) -> None:
    """Raise NotEmptyError when the database holds anything."""
    try:
        await records.database.read(tables.require_empty)
    except tables.NotEmptyError as error:
        message = (
            "The database has data already. Restore into an empty installation: set another `data.dir` or "
            "`database.url`, or stop the service and delete the data that is not needed any more."
        )
        raise NotEmptyError(message) from error


async def require_no_contents(records: Records, vectors: VectorStore, stores: Iterable[tuple[str, Collection]]) -> None:
    """Raise NotEmptyError when there are files, or chunks of one of these stores (by id, with its collection)."""
    async for _ in records.blobs.names():
        message = (
            "There are files already, though the database is empty. If an earlier restore was interrupted, restore the "
            "same backup with the same `data.dir`; otherwise set another `data.dir` or `files.url`, or empty it."
        )
        raise NotEmptyError(message)
    for store_id, collection in stores:
        if await vectors.count(collection, store_id):
            message = (
                "The vector store holds chunks of this backup's stores already. Another installation may be using "
                "them: restore into another Qdrant (`qdrant.url`), or delete its collections if nobody needs them."
            )
            raise NotEmptyError(message)
