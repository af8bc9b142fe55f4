"""A store's change to another embedding model: begun, carried on after any interruption, finished or given up.

While it lasts, everything stays as it is for searches; the store's documents are embedded into the other collection
beside. The store changes over in one transaction, once the last is there. Chunks stay cut as they are.
"""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from ingest.collections import collection_of, next_collection_of
from ingest.errors import ChangeUnderWayError, NoChangeError, SameModelError, StillRemovingError, StoreGoneError
from ingest.founding import BM25
from records import Connection, Database, reembedding, removals, revisions, stores
from records.documents import Status
from records.ids import StoreId
from records.reembedding import Counts, Failed
from records.stores import Store
from upstream import Upstream
from vectorstore import Collection

_log = logging.getLogger(__name__)
_PAGE = 500
_SHOWN_FAILURES = 20
_GRACE_SECONDS = 60.0
"""How long a search may be under way that still looks into the collection of before."""


class State(StrEnum):
    """What a change of model is doing."""

    IDLE = "idle"
    """There is none."""
    IN_PROGRESS = "in_progress"
    BLOCKED = "blocked"
    """All is done but for documents that failed: a document is not lost for its model's sake."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a store's change of model has come."""

    store: Store
    counts: Counts
    failed: Sequence[Failed]
    """Some of them."""

    @property
    def state(self) -> State:
        """What it is doing."""
        if self.store.next_embedding_model is None:
            return State.IDLE
        ended = self.counts.by_status.get(Status.COMPLETED, 0) + self.counts.by_status.get(Status.FAILED, 0)
        return State.BLOCKED if self.failed and ended == self.counts.documents else State.IN_PROGRESS


class ModelChanges:
    """Changes stores to other embedding models."""

    def __init__(self, database: Database, *, lease_seconds: float) -> None:
        self._database = database
        # A worker that does not know yet that it lost its job may write for as long.
        self._grace_seconds = max(_GRACE_SECONDS, 2 * lease_seconds)

    async def start(self, upstream: Upstream, store: Store, model: str) -> None:
        """Begin to change a store to `model`, `bm25` for none; done at once where no document is visible.

        When this very change is under way, documents that failed are tried again.

        Raises:
            ModelUnavailableError: there is no way to the model.
            UpstreamError: it does not answer.
            SameModelError: the store has it.
            ChangeUnderWayError: the store is changing to another.
            StillRemovingError: the store has just left the model's collection.
            StoreGoneError: the store was deleted.
        """
        collection = await _collection(upstream, model)
        await self._database.write(partial(_begin, store.id, collection))
        await self.advance(store.id)

    async def give_up(self, store: Store) -> None:
        """Leave the store with the model it has.

        Raises:
            NoChangeError: it is not changing.
        """
        await self._database.write(partial(_give_up, store.id, self._grace_seconds))

    async def progress(self, store: Store) -> Progress:
        """How far the store's change has come. Raises StoreGoneError."""
        return await self._database.read(partial(_progress, store.id))

    async def advance(self, store_id: StoreId) -> None:
        """Queue the documents that are not queued yet, and change over if all are done."""
        after: str | None = "" if await self._database.read(lambda c: reembedding.is_missing(c, store_id)) else None
        while after is not None:
            after = await self._database.write(partial(_queue_some, store_id, after))
        await self.finish(store_id)

    async def finish(self, store_id: StoreId) -> None:
        """Change over if all documents are done."""
        if await self._database.read(partial(_may_be_done, store_id)):
            await self._database.write(partial(_change_over, store_id, self._grace_seconds))

    async def advance_all(self) -> None:
        """Carry on with every change: whoever was to do it may have died."""
        for store in await self._database.read(stores.changing):
            await self.advance(store.id)


async def _collection(upstream: Upstream, model: str) -> Collection:
    if model == BM25:
        return Collection(BM25, 0)
    embedder = upstream.require(model)
    return Collection(embedder.model, await embedder.dimensions())


def _begin(store_id: StoreId, target: Collection, connection: Connection) -> None:
    store = stores.find_held(connection, store_id, to_change=True)
    if store is None:
        raise StoreGoneError
    if (under_way := next_collection_of(store)) is not None:
        if under_way != target:
            raise ChangeUnderWayError(under_way.model)
        reembedding.retry_failed(connection, store_id)
        return
    if target.model == store.embedding_model and store.embedding_dimensions in {None, target.dimensions}:
        raise SameModelError
    left = removals.seconds_until_done(connection, store_id, target.model, target.dimensions)
    if left is not None:
        raise StillRemovingError(left)
    stores.set_next_model(connection, store_id, target.model, target.dimensions)


def _queue_some(store_id: StoreId, after: str, connection: Connection) -> str | None:
    store = stores.find_held(connection, store_id, to_change=True)
    if store is None or store.next_embedding_model is None:
        return None
    return reembedding.queue_missing(connection, store_id, after=after, limit=_PAGE)


def _give_up(store_id: StoreId, grace_seconds: float, connection: Connection) -> None:
    store = stores.find_held(connection, store_id, to_change=True)
    collection = next_collection_of(store) if store else None
    if collection is None:
        raise NoChangeError
    reembedding.remove_all(connection, store_id)
    stores.set_next_model(connection, store_id, None, None)
    _leave(connection, store_id, collection, grace_seconds)


def _progress(store_id: StoreId, connection: Connection) -> Progress:
    store = stores.find(connection, store_id)
    if store is None:
        raise StoreGoneError
    failed = reembedding.failed(connection, store_id, _SHOWN_FAILURES)
    return Progress(store, reembedding.counts(connection, store_id), failed)


def _may_be_done(store_id: StoreId, connection: Connection) -> bool:
    return not reembedding.is_under_way(connection, store_id) and reembedding.is_complete(connection, store_id)


def _change_over(store_id: StoreId, grace_seconds: float, connection: Connection) -> None:
    """Looks again at what made it look done, now that nothing can become visible meanwhile."""
    store = stores.find_held(connection, store_id, to_change=True)
    if store is None or store.next_embedding_model is None or not reembedding.is_complete(connection, store_id):
        return
    for job in reembedding.restart_ingest(connection, store_id):
        names = store.embedding_model, store.embedding_dimensions
        removal = removals.new_removal(store_id, job.document_id, job.version, names)
        removals.add(connection, removal, again_after_seconds=grace_seconds)
    reembedding.remove_all(connection, store_id)
    stores.switch_model(connection, store_id)
    if store.embedding_dimensions is not None:
        _leave(connection, store_id, collection_of(store), grace_seconds)
    revisions.advance(connection, store_id)
    _log.info("store %s has changed to the embedding model %s", store_id, store.next_embedding_model)


def _leave(connection: Connection, store_id: StoreId, collection: Collection, grace_seconds: float) -> None:
    """Have the store's chunks removed from a collection, once nobody looks into it or writes to it any more."""
    removal = removals.new_removal_of_store(store_id, collection.model, collection.dimensions)
    removals.add(connection, removal, again_after_seconds=grace_seconds)
