"""The embedded engine as a vector store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path

from settings.options import QdrantSettings
from vectorstore.chunk import AttributeValue, Chunk, Hit
from vectorstore.embedded.collection import EmbeddedCollection, Surroundings
from vectorstore.embedded.finishing import finished
from vectorstore.embedded.generations import Generations
from vectorstore.embedded.lock import locked
from vectorstore.embedded.messages import Count, Delete, Ping, Scroll, Search, SetAttributes, Upsert
from vectorstore.interface import Collection, Page, Query, Vectors
from vectorstore.naming import collection_name
from vectorstore.vectors import checked_batch, checked_question

_BATCH_CHUNKS = 16
"""Chunks in one message: some 7 ms of the engine's time, which is how long a question may have to wait. Four times as
many write a tenth faster."""

_PAGE_CHUNKS = 64
"""Chunks in one page: as long a wait for questions as a batch is."""


@contextlib.asynccontextmanager
async def open_embedded(options: QdrantSettings, folder: Path) -> AsyncIterator["EmbeddedVectorStore"]:
    """The vector store in a folder, until the block ends; raises `VectorStoreLockedError`."""
    async with locked(folder) as lock:
        store = EmbeddedVectorStore(folder, Surroundings(options, lock))
        try:
            yield store
        finally:
            await store.close()


class EmbeddedVectorStore:
    """Chunks in a folder of this machine. A collection's process starts when the collection is first used."""

    def __init__(self, folder: Path, surroundings: Surroundings) -> None:
        self._folder = folder
        self._surroundings = surroundings
        self._collections: dict[Collection, EmbeddedCollection] = {}
        self._opening = asyncio.Lock()

    async def close(self) -> None:
        """Flush and end every engine process."""
        async with self._opening:
            await asyncio.gather(*(opened.close() for opened in self._collections.values()))
            self._collections.clear()

    async def ensure_collection(self, collection: Collection) -> None:
        """Make the collection if it does not exist."""
        await self._open(collection)

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Write chunks with their vectors."""
        checked = checked_batch(collection, vectors, len(chunks))
        opened = await self._open(collection)
        for start in range(0, len(chunks), _BATCH_CHUNKS):
            part = slice(start, start + _BATCH_CHUNKS)
            await opened.write(Upsert(tuple(chunks[part]), None if checked is None else checked[part]))

    async def query(self, collection: Collection, query: Query) -> list[Hit]:
        """The best hits of one store."""
        vector = checked_question(collection, query)
        opened = await self._find(collection)
        hits: list[Hit] = await opened.read(Search(query, vector)) if opened else []
        return hits

    async def count(
        self, collection: Collection, store_id: str, document_id: str | None = None, version: int | None = None
    ) -> int:
        """How many chunks a store, a document or a version holds."""
        opened = await self._find(collection)
        count: int = await opened.read(Count(store_id, document_id, version)) if opened else 0
        return count

    async def scroll(
        self,
        collection: Collection,
        *,
        store_id: str | None = None,
        document_id: str | None = None,
        version: int | None = None,
        after: str | None,
        limit: int,
        with_vectors: bool,
    ) -> Page:
        """A page of chunks."""
        opened = await self._find(collection)
        if opened is None:
            return Page((), None, None)
        wanted = with_vectors and collection.dimensions > 0
        request = Scroll(store_id, document_id, version, after, min(limit, _PAGE_CHUNKS), wanted)
        page: Page = await opened.read(request)
        return page

    async def delete_document(
        self, collection: Collection, store_id: str, document_id: str, version: int | None = None
    ) -> None:
        """Remove a document's chunks."""
        if opened := await self._find(collection):
            await opened.write(Delete(store_id, document_id, version))

    async def delete_store(self, collection: Collection, store_id: str) -> None:
        """Remove a store's chunks."""
        if opened := await self._find(collection):
            await opened.write(Delete(store_id))

    async def set_attributes(
        self, collection: Collection, store_id: str, document_id: str, attributes: Mapping[str, AttributeValue]
    ) -> None:
        """Replace a document's attributes."""
        if opened := await self._find(collection):
            await opened.write(SetAttributes(store_id, document_id, dict(attributes)))

    async def check(self) -> None:
        """Ask every engine process that runs."""
        await asyncio.gather(*(opened.read(Ping()) for opened in list(self._collections.values())))

    async def _find(self, collection: Collection) -> EmbeddedCollection | None:
        opened = self._collections.get(collection)
        if opened is None and await asyncio.to_thread(lambda: self._generations(collection).exist):
            return await self._open(collection)
        return opened

    async def _open(self, collection: Collection) -> EmbeddedCollection:
        async with self._opening:
            if collection not in self._collections:
                # To the end: a process that was started and forgotten would hold the folder.
                await finished(self._start(collection))
        return self._collections[collection]

    async def _start(self, collection: Collection) -> None:
        opened = EmbeddedCollection(self._generations(collection), collection.dimensions, self._surroundings)
        await opened.open()
        self._collections[collection] = opened

    def _generations(self, collection: Collection) -> Generations:
        return Generations(self._folder / collection_name(collection), collection)
