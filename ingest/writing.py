"""A job's chunks, embedded and written to the vector store step by step."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from ingest.embedding import CachedEmbedding
from ingest.errors import IncompleteError
from records import Connection, Database, leases
from records.documents import Document
from records.jobs import Job, Lane
from records.leases import Lease
from records.stores import Store
from upstream import Embedder
from vectorstore import Chunk, Collection, VectorStore

STEP = 64
"""Chunks embedded and stored between two marks of progress, which is where work goes on after an interruption."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """The means to embed a store's chunks."""

    embedder: Embedder
    cache: CachedEmbedding


@dataclass(frozen=True, slots=True)
class Work:
    """A job in a worker's hands."""

    job: Job
    lease: Lease
    document: Document
    store: Store
    """As they were when the job was taken."""
    require: Callable[[], None]
    """Returns while the lease certainly lasts; raises LeaseLostError."""
    after_reading: Callable[[], None]
    """To be called once the file is read."""

    @property
    def is_urgent(self) -> bool:
        """Whether somebody waits for it."""
        return self.job.lane is Lane.URGENT


class ChunkWriter:
    """Writes all chunks of one job into one collection."""

    def __init__(self, database: Database, vectors: VectorStore) -> None:
        self._database = database
        self._vectors = vectors

    async def write(
        self, work: Work, chunks: Sequence[Chunk], embedding: Embedding | None, collection: Collection, *, first: int
    ) -> None:
        """Write the chunks from the `first` on; all of them are there when this returns.

        Raises:
            UpstreamError: they cannot be embedded.
            VectorStoreError: they cannot be stored.
            IncompleteError: some are missing in the end; the next attempt writes all of them.
            LeaseLostError: the job is somebody else's by now, or nobody's.
        """
        for start in range(first, len(chunks), STEP):
            step = chunks[start : start + STEP]
            await self._store(work, step, embedding, collection)
            if start + len(step) < len(chunks):  # the last step is marked by completing
                await self._mark(work, start + len(step))
        held = await self._vectors.count(collection, work.document.store_id, work.document.id, work.job.version)
        if held != len(chunks):
            await self._database.write(partial(_start_over, work.lease))
            raise IncompleteError

    async def _store(
        self, work: Work, chunks: Sequence[Chunk], embedding: Embedding | None, collection: Collection
    ) -> None:
        vectors = None
        if embedding is not None:
            texts = [embedded_text(chunk) for chunk in chunks]
            first = chunks[0].index
            vectors = await embedding.cache.embed(work.document.id, texts, urgent=work.is_urgent, first_chunk=first)
        work.require()
        await self._vectors.upsert(collection, chunks, vectors)

    async def _mark(self, work: Work, chunks_done: int) -> None:
        await self._database.write(lambda c: leases.progressed(c, work.lease, chunks_done))


def embedded_text(chunk: Chunk) -> str:
    """The headings above a passage often name what it is about; they are embedded with it but never quoted."""
    return "\n".join((" > ".join(chunk.headings), chunk.text)) if chunk.headings else chunk.text


def _start_over(lease: Lease, connection: Connection) -> None:
    """The next attempt is to write all chunks, not to go on behind those that are not there."""
    leases.progressed(connection, lease, 0)
