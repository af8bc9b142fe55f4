"""A Qdrant server as a vector store."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from qdrant_client import AsyncQdrantClient, models

from settings.options import QdrantSettings
from vectorstore import payload
from vectorstore.bm25 import Bm25
from vectorstore.chunk import AttributeValue, Chunk, Hit
from vectorstore.conditions import scope
from vectorstore.errors import DimensionMismatchError, VectorStoreError
from vectorstore.interface import Collection, Query, Vectors
from vectorstore.naming import collection_name
from vectorstore.server import schema
from vectorstore.server.calling import already_exists, call
from vectorstore.server.dialect import ServerDialect
from vectorstore.server.searching import search_arguments, sparse
from vectorstore.vectors import checked_batch, checked_question

T = TypeVar("T")

_BATCH_CHUNKS = 256
"""Chunks in one request: a few megabytes, well below what the server takes."""


@contextlib.asynccontextmanager
async def open_server(options: QdrantSettings) -> AsyncIterator["ServerVectorStore"]:
    """The vector store on the server at `options.url`, until the block ends. Connects at the first call."""
    client = AsyncQdrantClient(
        url=options.url,
        api_key=options.api_key.get_secret_value() if options.api_key else None,
        grpc_port=options.grpc_port,
        prefer_grpc=options.prefer_grpc,
        timeout=int(options.timeout_seconds) + 1,
        check_compatibility=False,  # a thread that only warns, and asks without our time limits
    )
    try:
        yield ServerVectorStore(client, options)
    finally:
        await client.close()


class ServerVectorStore:
    """Chunks on a Qdrant server or cluster."""

    def __init__(self, client: AsyncQdrantClient, options: QdrantSettings) -> None:
        self._client = client
        self._options = options
        self._bm25 = Bm25()
        self._dialect = ServerDialect()
        self._creating = asyncio.Lock()
        self._indexed: dict[Collection, set[str]] = {}
        """Collections known to exist, with the paths that have an index."""

    async def ensure_collection(self, collection: Collection) -> None:
        """Make the collection if it does not exist."""
        async with self._creating:
            if not await self._exists(collection):
                await self._create(collection)
            for field in schema.FIELD_INDEXES.keys() - self._indexed[collection]:
                await self._index(collection, field, schema.FIELD_INDEXES[field])

    async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
        """Write chunks with their vectors."""
        checked = checked_batch(collection, vectors, len(chunks))
        await self.ensure_collection(collection)
        await self._index_attributes(collection, (chunk.attributes for chunk in chunks))
        name = collection_name(collection)
        for start in range(0, len(chunks), _BATCH_CHUNKS):
            part = slice(start, start + _BATCH_CHUNKS)
            points = await asyncio.to_thread(self._points, chunks[part], None if checked is None else checked[part])
            await self._call(partial(self._client.upsert, name, points, wait=True))

    async def query(self, collection: Collection, query: Query) -> list[Hit]:
        """The best hits of one store."""
        vector = checked_question(collection, query)
        arguments = search_arguments(query, vector, self._bm25)
        if not await self._exists(collection):
            return []
        response = await self._call(lambda: self._client.query_points(collection_name(collection), **arguments))
        return [Hit(payload.chunk_of(point.payload or {}), point.score) for point in response.points]

    async def count(self, collection: Collection, store_id: str, document_id: str | None = None) -> int:
        """How many chunks a store or a document holds."""
        if not await self._exists(collection):
            return 0
        name, counted = collection_name(collection), scope(self._dialect, store_id, document_id)
        return (await self._call(lambda: self._client.count(name, counted, exact=True))).count

    async def delete_document(
        self, collection: Collection, store_id: str, document_id: str, keep_version: int | None = None
    ) -> None:
        """Remove a document's chunks."""
        await self._delete(collection, scope(self._dialect, store_id, document_id, keep_version))

    async def delete_store(self, collection: Collection, store_id: str) -> None:
        """Remove a store's chunks."""
        await self._delete(collection, scope(self._dialect, store_id))

    async def set_attributes(
        self, collection: Collection, store_id: str, document_id: str, attributes: Mapping[str, AttributeValue]
    ) -> None:
        """Replace a document's attributes."""
        if not await self._exists(collection):
            return
        await self._index_attributes(collection, [attributes])
        name, scoped = collection_name(collection), scope(self._dialect, store_id, document_id)
        changed = {payload.ATTRIBUTES: payload.pack(attributes)}
        await self._call(lambda: self._client.set_payload(name, changed, scoped, wait=True))

    async def check(self) -> None:
        """Ask the server something small."""
        await self._call(self._client.get_collections)

    async def _call(self, request: Callable[[], Awaitable[T]]) -> T:
        return await call(request, self._options.timeout_seconds)

    async def _delete(self, collection: Collection, doomed: models.Filter) -> None:
        if await self._exists(collection):
            name, selector = collection_name(collection), models.FilterSelector(filter=doomed)
            await self._call(lambda: self._client.delete(name, selector, wait=True))

    async def _exists(self, collection: Collection) -> bool:
        name = collection_name(collection)
        if collection in self._indexed:
            return True
        if not await self._call(lambda: self._client.collection_exists(name)):
            return False
        info = await self._call(lambda: self._client.get_collection(name))
        if _dimensions(info) != collection.dimensions:
            raise DimensionMismatchError
        self._indexed[collection] = set(info.payload_schema)
        return True

    async def _create(self, collection: Collection) -> None:
        name, definition = collection_name(collection), schema.definition(collection.dimensions, self._options)
        try:
            await self._call(lambda: self._client.create_collection(name, **definition))
        except VectorStoreError as exc:
            if not already_exists(exc.__cause__):
                raise
        self._indexed[collection] = set()

    async def _index_attributes(
        self, collection: Collection, attribute_sets: Iterable[Mapping[str, AttributeValue]]
    ) -> None:
        limit = len(schema.FIELD_INDEXES) + schema.MAX_ATTRIBUTE_INDEXES
        for path, index in schema.attribute_indexes(attribute_sets).items():
            indexed = self._indexed[collection]
            if path not in indexed and len(indexed) < limit:
                await self._index(collection, path, index)

    async def _index(self, collection: Collection, path: str, index: schema.Index) -> None:
        name = collection_name(collection)
        await self._call(lambda: self._client.create_payload_index(name, path, index, wait=True))
        self._indexed[collection].add(path)

    def _points(self, chunks: Sequence[Chunk], vectors: Vectors | None) -> list[models.PointStruct]:
        return [self._point(chunk, vectors, row) for row, chunk in enumerate(chunks)]

    def _point(self, chunk: Chunk, vectors: Vectors | None, row: int) -> models.PointStruct:
        named: dict[str, models.Vector] = {schema.BM25: sparse(self._bm25.chunk(chunk))}
        if vectors is not None:
            named[schema.DENSE] = vectors[row].tolist()
        return models.PointStruct(id=chunk.id, vector=named, payload=payload.payload_of(chunk))


def _dimensions(info: models.CollectionInfo) -> int:
    vectors = info.config.params.vectors
    dense = vectors.get(schema.DENSE) if isinstance(vectors, dict) else None
    return dense.size if dense else 0
