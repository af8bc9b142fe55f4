"""Vector stores that do not do what they should."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from vectorstore import Chunk, Collection, Page, Vectors, VectorStore, VectorStoreUnavailableError


class Wrapped:
    """Does what another vector store does."""

    def __init__(self, vectors: VectorStore) -> None:
        self._vectors = vectors

    def __getattr__(self, name: str) -> Any:
        return getattr(self._vectors, name)


class Breaking(Wrapped):
    """Takes one batch of chunks and no more."""

    batches = 0

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        self.batches += 1
        if self.batches > 1:
            raise VectorStoreUnavailableError
        await self._vectors.upsert(collection, chunks, vectors)


class Forgetful(Wrapped):
    """Loses the last chunk of each batch."""

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        await self._vectors.upsert(collection, chunks[:-1], None if vectors is None else vectors[:-1])


class Interrupted(Wrapped):
    """Lets something happen after the first page of a document's chunks."""

    def __init__(self, vectors: VectorStore, act: Callable[[], Awaitable[None]], document_id: str) -> None:
        super().__init__(vectors)
        self._act: Callable[[], Awaitable[None]] | None = act
        self._document_id = document_id

    async def scroll(self, collection: Collection, **arguments: Any) -> Page:
        page = await self._vectors.scroll(collection, **arguments)
        if self._act is not None and arguments["document_id"] == self._document_id:
            act, self._act = self._act, None
            await act()
        return page
