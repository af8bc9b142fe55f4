"""The worker: takes queued jobs, several side by side, until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from secrets import token_hex

from ingest.dispatching import Claimed, Dispatcher, Room
from ingest.embedding import CachedEmbedding
from ingest.errors import WorkerDiedError
from ingest.expiring import expire
from ingest.founding import BM25
from ingest.holding import Holdings
from ingest.model_change import ModelChanges
from ingest.parsing import ParseError
from ingest.pipeline import Pipeline
from ingest.readers import Readers, open_readers
from ingest.reembedding import Reembedder
from ingest.removal import finish_due
from ingest.settling import Settler
from ingest.writing import Embedding, Work
from records import Connection, Records, leases, stores
from records.errors import RecordsError
from records.jobs import CHANNEL, Kind
from records.leases import LeaseLostError
from settings import IngestSettings
from upstream import Upstream, UpstreamError
from vectorstore import VectorStore, VectorStoreError

_log = logging.getLogger(__name__)
_PAID_SECONDS = 5.0
"""How long a stopping worker waits for calls under way, so that what they cost is not lost."""


class Worker:
    """Works on queued jobs; every one ends completed, failed or cancelled."""

    def __init__(
        self, settings: IngestSettings, records: Records, vectors: VectorStore, upstream: Upstream, readers: Readers
    ) -> None:
        self._records = records
        self._database = records.database
        self._vectors = vectors
        self._upstream = upstream
        self._readers = readers
        self._pipeline = Pipeline(records, vectors, readers)
        self._reembedder = Reembedder(records, vectors)
        self._lease_seconds = settings.lease_seconds
        self._changes = ModelChanges(records.database, lease_seconds=settings.lease_seconds)
        self._settler = Settler(records, vectors, settings.max_failures)
        self._holdings = Holdings(records.database, "worker_" + token_hex(8), settings.lease_seconds)
        room = Room(settings.concurrency, readers.places)
        self._dispatcher = Dispatcher(records.database, self._holdings, self._work, room)
        self._embeddings: dict[str, Embedding] = {}

    def wake(self) -> None:
        """Tell the worker that a job was queued."""
        self._dispatcher.wake()

    async def run(self) -> None:
        """Work until cancelled; then hand back what is under way, so that another can go on with it at once."""
        try:
            # Whoever had something in hand when this process locked the data folder is dead.
            await self._expire(all_of_them=self._database.is_exclusive)
            await self._start_reading()
            async with asyncio.TaskGroup() as group:
                for loop in (self._holdings.keep, self._listen, self._tidy, self._take_back, self._dispatcher.run):
                    group.create_task(loop())
                group.create_task(self._warm())
        finally:
            await self._dispatcher.stop()
            await self._hand_back()
            await asyncio.gather(*(embedding.cache.close(_PAID_SECONDS) for embedding in self._embeddings.values()))

    async def _start_reading(self) -> None:
        """Take nothing before it can be read: a file is blamed when its worker dies over it."""
        try:
            await self._readers.start()
        except ParseError as error:
            _log.warning("files cannot be read: %s", error)

    async def _warm(self) -> None:
        """Start what the first document and the first question will need; what fails now is told to them."""
        usual = {BM25, self._upstream.default_embedding_model}
        try:
            found = await self._database.read(stores.list_all)
            await self._pipeline.warm(
                store for store in found if store.embedding_model in usual and store.embedding_dimensions is not None
            )
            await self._readers.warm()
            await self._upstream.warm()
        except (RecordsError, ParseError, VectorStoreError, UpstreamError) as error:
            _log.warning("warming up failed: %s", error)

    async def _listen(self) -> None:
        """Be told by other processes of what they queue."""
        async for _ in self._database.told(CHANNEL):
            self.wake()

    async def _tidy(self) -> None:
        """Finish what was left undone: removals, those that must be done once more, changes of model, what expires."""
        while True:
            try:
                await self._changes.advance_all()
                await finish_due(self._records, self._vectors)
                await expire(self._records, self._vectors, lease_seconds=self._lease_seconds)
            except (RecordsError, VectorStoreError) as error:
                _log.warning("what was left undone waits for later: %s", error)
            await asyncio.sleep(self._holdings.seconds / 2)

    async def _take_back(self) -> None:
        """Queue again what dead workers had in hand."""
        while True:
            await asyncio.sleep(self._holdings.seconds / 2)
            try:
                await self._expire()
            except RecordsError as error:
                _log.warning("the leases of other workers could not be looked at: %s", error)

    async def _expire(self, *, all_of_them: bool = False) -> None:
        given_up = await self._database.write(lambda c: leases.expire(c, all_of_them=all_of_them))
        for job in given_up:
            await self._settler.park(job)
        self.wake()

    async def _hand_back(self) -> None:
        def hand_back(connection: Connection) -> None:
            leases.hand_back(connection, self._holdings.owner)

        try:
            await self._database.write(hand_back)
        except RecordsError as error:
            _log.warning("jobs could not be handed back; others take them when their leases end: %s", error)

    async def _work(self, claimed: Claimed, after_reading: Callable[[], None]) -> None:
        job = claimed.job
        try:
            await self._do(claimed, after_reading)
        except LeaseLostError:
            _log.info("document %s is no longer this worker's", job.document_id)
        except Exception as error:  # noqa: BLE001  one document's trouble must not stop the others
            await self._settle(claimed, error)

    async def _do(self, claimed: Claimed, after_reading: Callable[[], None]) -> None:
        def require() -> None:
            self._holdings.require(claimed.lease)

        work = Work(claimed.job, claimed.lease, claimed.document, claimed.store, require, after_reading)
        if claimed.job.kind is Kind.REEMBED:
            await self._reembed(work)
        else:
            await self._pipeline.run(work, self._embedding(claimed.store.embedding_model))

    async def _reembed(self, work: Work) -> None:
        await self._reembedder.run(work, self._embedding(work.store.next_embedding_model or BM25))
        await self._changes.finish(work.store.id)

    async def _settle(self, claimed: Claimed, error: Exception) -> None:
        try:
            await self._settler.settle(claimed.job, claimed.lease, error)
        except LeaseLostError:
            _log.info("document %s is no longer this worker's", claimed.job.document_id)
        except RecordsError:
            # Its lease ends, and it is tried again.
            _log.exception("document %s: its failure could not be recorded", claimed.job.document_id)

    def _embedding(self, model: str) -> Embedding | None:
        if model == BM25:
            return None
        if model not in self._embeddings:
            embedder = self._upstream.require(model)
            self._embeddings[model] = Embedding(embedder, CachedEmbedding(self._database, embedder.variant, embedder))
        return self._embeddings[model]


@asynccontextmanager
async def open_worker(
    ingest: IngestSettings,
    records: Records,
    vectors: VectorStore,
    upstream: Upstream,
) -> AsyncIterator[Worker]:
    """Start a worker in this process; on leaving, what is under way is handed back to the queue."""
    async with AsyncExitStack() as stack:
        readers = await stack.enter_async_context(open_readers(ingest))
        worker = Worker(ingest, records, vectors, upstream, readers)
        running = asyncio.create_task(worker.run())
        running.add_done_callback(_end_process_when_dead)
        stack.push_async_callback(_stop, running)
        yield worker


def _end_process_when_dead(running: asyncio.Task[None]) -> None:
    """A service that takes files and never reads them looks well and is not: better it is started anew."""
    if not running.cancelled() and (error := running.exception()):
        _log.critical("the ingest worker has died; stopping the process", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def _stop(running: asyncio.Task[None]) -> None:
    has_died = running.done()
    running.cancel()
    await asyncio.wait([running])
    if has_died:  # so that whatever looks after the process sees that it did not end well
        raise WorkerDiedError
