"""The worker: takes queued documents, several side by side, until it is told to stop."""

import asyncio
import logging
import signal
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from ingest.batching import SharedBatches
from ingest.collections import collection_of
from ingest.embedding import CachedEmbedding
from ingest.errors import IngestError
from ingest.founding import BM25
from ingest.parsing import ParseError, open_parser_pool
from ingest.pipeline import Embedding, Pipeline
from ingest.removal import finish_all
from records import Connection, Records, documents, embeddings, removals, stores
from records.documents import Document, Failure
from records.errors import RecordsError
from records.ids import DocumentId
from records.stores import Store
from settings import IngestSettings
from upstream import ModelUnavailableError, Upstream, UpstreamError
from vectorstore import VectorStore, VectorStoreError

_log = logging.getLogger(__name__)
_LINGER_SECONDS = 0.02
_TIDY_SECONDS = 60.0
"""How often removals that were left undone are tried again."""
_POLL_SECONDS = 5.0
"""How often the queue is looked at without being told; a wake-up may be lost, a document may not."""


class Worker:
    """Works on queued documents; every one it takes ends completed, failed or deleted."""

    def __init__(self, records: Records, vectors: VectorStore, upstream: Upstream, pipeline: Pipeline) -> None:
        self._records = records
        self._database = records.database
        self._vectors = vectors
        self._upstream = upstream
        self._pipeline = pipeline
        self._wake = asyncio.Event()
        self._embeddings: dict[str, Embedding] = {}

    def wake(self) -> None:
        """Tell the worker that a document was queued."""
        self._wake.set()

    async def run(self, side_by_side: int) -> None:
        """Work until cancelled; documents under way then are queued again at the next start."""
        await self._database.write(_take_over)
        async with asyncio.TaskGroup() as group:
            group.create_task(self._warm())
            group.create_task(self._tidy())
            for _ in range(side_by_side):
                group.create_task(self._work())

    async def _warm(self) -> None:
        """Start what the first document and the first question will need; what fails now is told to them."""
        usual = {BM25, self._upstream.default_embedding_model}
        try:
            found = await self._database.read(stores.list_all)
            await self._pipeline.warm(
                store for store in found if store.embedding_model in usual and store.embedding_dimensions is not None
            )
            await self._upstream.warm()
        except (RecordsError, ParseError, VectorStoreError, UpstreamError) as error:
            _log.warning("warming up failed: %s", error)

    async def _tidy(self) -> None:
        """Finish removals that were left undone."""
        while True:
            try:
                await finish_all(self._records, self._vectors)
            except (RecordsError, VectorStoreError) as error:
                _log.warning("removals wait for later: %s", error)
            await asyncio.sleep(_TIDY_SECONDS)

    async def _work(self) -> None:
        while True:
            document = await self._claim()
            if document is None:
                await self._pause()
            else:
                await self._settle(document)

    async def _claim(self) -> Document | None:
        self._wake.clear()
        try:
            return await self._database.write(documents.claim)
        except RecordsError:
            _log.exception("the queue cannot be read; trying again")
            return None

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._wake.wait()
        except TimeoutError:
            return

    async def _settle(self, document: Document) -> None:
        store = None
        try:
            store = await self._database.read(lambda c: stores.find(c, document.store_id))
            if store is None:
                await self._forget(document)
                return
            embedding = self._embedding(store)
            store = await self._pipeline.with_dimensions(store, embedding)
            await self._pipeline.run(document, store, embedding)
        except Exception as error:  # noqa: BLE001  one document's trouble must not stop the others
            await self._fail(document, store, failure_of(error))

    async def _fail(self, document: Document, store: Store | None, failure: Failure) -> None:
        try:
            recorded = await self._database.write(lambda c: documents.fail(c, document.id, failure))
            if store is not None and store.embedding_dimensions is not None:
                await self._sweep(document, store, keep=document.version if recorded else 0)
            if not recorded:
                await self._forget(document)
        except (RecordsError, VectorStoreError):
            _log.exception("document %s: its failure could not be recorded", document.id)

    async def _sweep(self, document: Document, store: Store, *, keep: int) -> None:
        """Remove chunks that were written for nothing; a version that is visible already stays.

        `store` is as it was when the work began: it may have been deleted since, and its chunks must go all the same.
        """
        await self._vectors.delete_document(collection_of(store), store.id, document.id, keep_version=keep or None)

    async def _forget(self, document: Document) -> None:
        """Remove what was kept of a document after it was deleted, while it was still in work."""
        await self._records.blobs.remove_text(document.id)
        await self._database.write(lambda c: _leave_nothing(c, document.id))

    def _embedding(self, store: Store) -> Embedding | None:
        model = store.embedding_model
        if model == BM25:
            return None
        if model not in self._embeddings:
            embedder = self._upstream.require(model)
            batches = SharedBatches(embedder, embedder.batch_inputs, embedder.calls_side_by_side, _LINGER_SECONDS)
            self._embeddings[model] = Embedding(embedder, CachedEmbedding(self._database, model, batches))
        return self._embeddings[model]


def _take_over(connection: Connection) -> None:
    """What a stopped process had in work is nobody's now."""
    documents.requeue(connection)
    removals.release(connection)


def _leave_nothing(connection: Connection, document_id: DocumentId) -> None:
    embeddings.remove(connection, document_id)
    removals.done(connection, document_id)


def failure_of(error: Exception) -> Failure:
    """The reason a person gets to read; what nobody foresaw goes to the log and is told without its text."""
    if isinstance(error, ParseError | IngestError):
        return Failure(error.code, str(error))
    if isinstance(error, ModelUnavailableError):
        return Failure("embedding_model_unavailable", str(error))
    if isinstance(error, UpstreamError):
        return Failure("embedding_failed", str(error))
    if isinstance(error, VectorStoreError | RecordsError):
        return Failure("storage_failed", str(error))
    _log.error("a document failed for a reason nobody foresaw", exc_info=error)
    return Failure("internal_error", "Something went wrong inside Footnote; its log says what. Add the file again.")


@asynccontextmanager
async def open_worker(
    ingest: IngestSettings,
    records: Records,
    vectors: VectorStore,
    upstream: Upstream,
) -> AsyncIterator[Worker]:
    """Start a worker in this process; on leaving, what is under way is dropped and resumes at the next start."""
    async with AsyncExitStack() as stack:
        parsers = await stack.enter_async_context(open_parser_pool(ingest))
        pipeline = Pipeline(records, vectors, parsers)
        worker = Worker(records, vectors, upstream, pipeline)
        running = asyncio.create_task(worker.run(ingest.concurrency))
        running.add_done_callback(_end_process_when_dead)
        stack.push_async_callback(_stop, running)
        yield worker


def _end_process_when_dead(running: asyncio.Task[None]) -> None:
    """A service that takes files and never reads them looks well and is not: better it is started anew."""
    if not running.cancelled() and (error := running.exception()):
        _log.critical("the ingest worker has died; stopping the process", exc_info=error)
        signal.raise_signal(signal.SIGTERM)


async def _stop(running: asyncio.Task[None]) -> None:
    running.cancel()
    await asyncio.wait([running])
