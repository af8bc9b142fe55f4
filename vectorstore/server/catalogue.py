"""Which collections a Qdrant server has, and making what is missing.

Several processes on several machines do this at once. Every step may therefore find its work done by another, and what
a process remembers is never more than the server has.
"""

import asyncio
from collections.abc import Iterable, Mapping

from qdrant_client import AsyncQdrantClient, models

from settings.options import QdrantSettings
from vectorstore.chunk import AttributeValue
from vectorstore.errors import DimensionMismatchError, VectorStoreError, VectorStoreUnavailableError
from vectorstore.interface import Collection
from vectorstore.naming import collection_name
from vectorstore.server import schema
from vectorstore.server.calling import Caller, carried_out


class Catalogue:
    """The collections as this process knows them."""

    def __init__(self, client: AsyncQdrantClient, caller: Caller, options: QdrantSettings) -> None:
        self._client = client
        self._caller = caller
        self._options = options
        self._making = asyncio.Lock()
        self._indexed: dict[Collection, set[str]] = {}
        """Collections known to exist, with the paths that have an index."""

    async def has(self, collection: Collection, *, someone_waits: bool = False) -> bool:
        """Whether a collection exists; raises `DimensionMismatchError` when it holds other vectors."""
        return collection in self._indexed or await self._look(collection, someone_waits=someone_waits)

    async def ensure(self, collection: Collection) -> None:
        """Make a collection with its indexes, or whatever of that is missing."""
        if collection in self._indexed and schema.FIELD_INDEXES.keys() <= self._indexed[collection]:
            return
        async with self._making:
            if not await self.has(collection):
                await self._create(collection)
            for field in schema.FIELD_INDEXES.keys() - self._indexed[collection]:
                await self._index(collection, field, schema.FIELD_INDEXES[field])

    async def index_attributes(
        self, collection: Collection, attribute_sets: Iterable[Mapping[str, AttributeValue]]
    ) -> None:
        """Index the attributes that have no index yet, as long as there is room for more indexes."""
        wanted = schema.attribute_indexes(attribute_sets)
        if self._lacks(collection, wanted):
            async with self._making:
                # Others may have made indexes since, and there must not be too many in all.
                await self._look(collection)
                while lacking := self._lacks(collection, wanted):
                    await self._index(collection, lacking[0], wanted[lacking[0]])

    def forget(self, collection: Collection) -> None:
        """Look again at the next call: the server does not know the collection any more."""
        self._indexed.pop(collection, None)

    def _lacks(self, collection: Collection, wanted: Iterable[str]) -> list[str]:
        indexed = self._indexed.get(collection, set())
        is_full = len(indexed) >= len(schema.FIELD_INDEXES) + schema.MAX_ATTRIBUTE_INDEXES
        return [] if is_full else [path for path in wanted if path not in indexed]

    async def _look(self, collection: Collection, *, someone_waits: bool = False) -> bool:
        name, call = collection_name(collection), self._caller.ask if someone_waits else self._caller.insist
        if not await call(lambda: self._client.collection_exists(name)):
            return False
        info = await call(lambda: self._client.get_collection(name))
        if schema.dimensions_of(info) != collection.dimensions:
            raise DimensionMismatchError
        self._indexed[collection] = set(info.payload_schema)
        return True

    async def _create(self, collection: Collection) -> None:
        name, definition = collection_name(collection), schema.definition(collection.dimensions, self._options)
        try:
            await self._caller.insist(lambda: self._client.create_collection(name, **definition))
        except VectorStoreUnavailableError:
            raise
        except VectorStoreError:
            # Versions of the server refuse in different ways what another process was faster to make.
            if not await self._look(collection):
                raise
        else:
            self._indexed[collection] = set()

    async def _index(self, collection: Collection, path: str, index: schema.Index) -> None:
        name = collection_name(collection)

        async def create() -> models.UpdateResult:
            return carried_out(await self._client.create_payload_index(name, path, index, wait=True))

        await self._caller.insist(create)
        self._indexed[collection].add(path)
