"""A Qdrant server as a vector store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial

import numpy as np
from qdrant_client import AsyncQdrantClient, models

from settings.options import QdrantSettings
from vectorstore import payload
from vectorstore.bm25 import Bm25
from vectorstore.chunk import AttributeValue, Chunk, Hit
from vectorstore.conditions import scope
from vectorstore.errors import VectorStoreError, VectorStoreUnavailableError
from vectorstore.interface import Collection, Page, Query, Vectors
from vectorstore.naming import collection_name
from vectorstore.server import schema
from vectorstore.server.calling import Caller, carried_out, is_missing
from vectorstore.server.catalogue import Catalogue
from vectorstore.server.connecting import connected
from vectorstore.server.dialect import ServerDialect
from vectorstore.server.searching import search_arguments, sparse
from vectorstore.vectors import checked_batch, checked_question

_BATCH_CHUNKS = 256
"""Chunks in one request: a few megabytes, well below what the server takes."""


@contextlib.asynccontextmanager
async def open_server(options: QdrantSettings) -> AsyncIterator["ServerVectorStore"]:
    """The vector store on the server at `options.url`, until the block ends."""
    async with connected(options) as client:
        yield ServerVectorStore(client, options)


class ServerVectorStore:
    """Chunks on a Qdrant server or cluster."""

    def __init__(self, client: AsyncQdrantClient, options: QdrantSettings) -> None:
        self._client = client
        self._ordering = schema.write_ordering(options)
        self._caller = Caller(options.timeout_seconds)
        self._catalogue = Catalogue(client, self._caller, options)
        self._bm25 = Bm25()
        self._dialect = ServerDialect()

    async def ensure_collection(self, collection: Collection) -> None:
        """Make the collection if it does not exist."""
        await self._catalogue.ensure(collection)

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Write chunks with their vectors."""
        checked = checked_batch(collection, vectors, len(chunks))
        await self._catalogue.ensure(collection)
        name = collection_name(collection)
        async with self._known(collection):
            await self._catalogue.index_attributes(collection, (chunk.attributes for chunk in chunks))
            for start in range(0, len(chunks), _BATCH_CHUNKS):
                part = slice(start, start + _BATCH_CHUNKS)
                points = await asyncio.to_thread(self._points, chunks[part], None if checked is None else checked[part])
                await self._write(partial(self._client.upsert, name, points))

    async def query(self, collection: Collection, query: Query) -> list[Hit]:
        """The best hits of one store."""
        vector = checked_question(collection, query)
        arguments = search_arguments(query, vector, self._bm25)
        if not await self._catalogue.has(collection, someone_waits=True):
            return []
        async with self._known(collection):
            name = collection_name(collection)
            response = await self._caller.ask(lambda: self._client.query_points(name, **arguments))
        return [Hit(payload.chunk_of(point.payload or {}), point.score) for point in response.points]

    async def count(
        self, collection: Collection, store_id: str, document_id: str | None = None, version: int | None = None
    ) -> int:
        """How many chunks a store, a document or a version holds."""
        if not await self._catalogue.has(collection):
            return 0
        name, counted = collection_name(collection), scope(self._dialect, store_id, document_id, version)
        async with self._known(collection):
            return (await self._caller.insist(lambda: self._client.count(name, counted, exact=True))).count

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
        if not await self._catalogue.has(collection):
            return Page((), None, None)
        wanted = [schema.DENSE] if with_vectors and collection.dimensions else False
        name, scoped = collection_name(collection), scope(self._dialect, store_id, document_id, version)
        read = partial(self._client.scroll, name, scoped, limit, offset=after, with_payload=True, with_vectors=wanted)
        async with self._known(collection):
            records, following = await self._caller.insist(read)
        return Page(
            chunks=[payload.chunk_of(record.payload or {}) for record in records],
            vectors=_dense(records, collection.dimensions) if wanted else None,
            after=None if following is None else str(following),
        )

    async def delete_document(
        self, collection: Collection, store_id: str, document_id: str, version: int | None = None
    ) -> None:
        """Remove a document's chunks."""
        await self._delete(collection, scope(self._dialect, store_id, document_id, version))

    async def delete_store(self, collection: Collection, store_id: str) -> None:
        """Remove a store's chunks."""
        await self._delete(collection, scope(self._dialect, store_id))

    async def set_attributes(
        self, collection: Collection, store_id: str, document_id: str, attributes: Mapping[str, AttributeValue]
    ) -> None:
        """Replace a document's attributes."""
        if not await self._catalogue.has(collection):
            return
        name, scoped = collection_name(collection), scope(self._dialect, store_id, document_id)
        changed = {payload.ATTRIBUTES: payload.pack(attributes)}
        async with self._known(collection):
            await self._catalogue.index_attributes(collection, [attributes])
            await self._write(partial(self._client.set_payload, name, changed, scoped))

    async def check(self) -> None:
        """Ask the server something small."""
        await self._caller.ask(self._client.get_collections)

    async def _delete(self, collection: Collection, doomed: models.Filter) -> None:
        if await self._catalogue.has(collection):
            name, selector = collection_name(collection), models.FilterSelector(filter=doomed)
            async with self._known(collection):
                await self._write(partial(self._client.delete, name, selector))

    async def _write(self, request: Callable[..., Awaitable[models.UpdateResult]]) -> None:
        async def write() -> models.UpdateResult:
            return carried_out(await request(wait=True, ordering=self._ordering))

        await self._caller.insist(write)

    @contextlib.asynccontextmanager
    async def _known(self, collection: Collection) -> AsyncIterator[None]:
        # Somebody may delete a collection that we know, or restore a server that never had it.
        try:
            yield
        except VectorStoreError as exc:
            if not is_missing(exc.__cause__):
                raise
            self._catalogue.forget(collection)
            raise VectorStoreUnavailableError("The Qdrant server has lost the collection; try again.") from exc

    def _points(self, chunks: Sequence[Chunk], vectors: Vectors | None) -> list[models.PointStruct]:
        return [self._point(chunk, vectors, row) for row, chunk in enumerate(chunks)]

    def _point(self, chunk: Chunk, vectors: Vectors | None, row: int) -> models.PointStruct:
        named: dict[str, models.Vector] = {schema.BM25: sparse(self._bm25.chunk(chunk))}
        if vectors is not None:
            named[schema.DENSE] = vectors[row].tolist()
        return models.PointStruct(id=chunk.id, vector=named, payload=payload.payload_of(chunk))


def _dense(records: Sequence[models.Record], dimensions: int) -> Vectors:
    rows = [record.vector[schema.DENSE] for record in records if isinstance(record.vector, dict)]
    return np.asarray(rows, dtype=np.float32).reshape(len(records), dimensions)
