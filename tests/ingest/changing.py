"""Stores that change their model: documents that are there already, two models, and workers that read no files."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, cast

import anyio
import sqlalchemy as sa

from ingest import ModelChanges, Progress
from ingest.collections import collection_of
from ingest.readers import Readers
from ingest.worker import Worker
from ingest.writing import embedded_text
from records import Connection, documents, files, jobs, stores
from records.documents import Document, NewVersion, Summary
from records.jobs import Job, Kind, Lane
from records.stores import NewStore, Store
from search import Searcher
from search.scoring import Mode
from search.searcher import Request
from settings import IngestSettings, SearchSettings
from tests.ingest.embedder import DIMENSIONS, FakeEmbedder, vector
from tests.ingest.parts import LEASE_SECONDS, Parts
from upstream import Upstream
from vectorstore import Chunk, Collection

OLD, NEW = Collection("old", DIMENSIONS), Collection("new", DIMENSIONS)
_PATIENCE_SECONDS = 60


class Models(dict[str, FakeEmbedder]):
    """An embedder for each name asked for."""

    def __missing__(self, name: str) -> FakeEmbedder:
        self[name] = FakeEmbedder(max_inputs=16, places=1)
        self[name].model = name
        return self[name]

    def upstream(self) -> Upstream:
        remote: Callable[[str], Any] = self.__getitem__
        return Upstream("old", None, remote, None)

    def texts(self, name: str) -> list[str]:
        """What was sent to a model."""
        return [text for call in self[name].calls for text in call]


class NoReaders:
    """In place of those who read files, where no file is to be read."""

    places = 1

    async def start(self) -> None:
        return

    async def warm(self) -> None:
        return


@asynccontextmanager
async def reembedding(parts: Parts, *, concurrency: int = 1) -> AsyncIterator[Worker]:
    """A worker; at the end of the block, it is stopped where it stands."""
    settings = IngestSettings(concurrency=concurrency, lease_seconds=LEASE_SECONDS)
    worker = Worker(settings, parts.records, parts.vectors, parts.upstream, cast("Readers", NoReaders()))
    running = asyncio.create_task(worker.run())
    try:
        yield worker
    finally:
        running.cancel()
        await asyncio.wait([running])


class Changing:
    """A store with documents, on its way to another model."""

    def __init__(self, parts: Parts, models: Models) -> None:
        self.parts = replace(parts, upstream=models.upstream())
        self.models = models
        self.changes = ModelChanges(parts.records.database, lease_seconds=LEASE_SECONDS)

    async def store(self, model: str = "old", dimensions: int | None = DIMENSIONS) -> Store:
        new = NewStore("s", model, dimensions, 16, 0)
        return await self.parts.records.database.write(lambda c: stores.add(c, new))

    async def completed(self, store: Store, name: str, chunks: int = 1) -> Document:
        """A document that was ingested with the store's present model."""
        made = await self.parts.records.database.write(lambda c: _completed(c, store, name, chunks))
        passages = [_chunk(made, index) for index in range(chunks)]
        vectors = [vector(embedded_text(chunk)) for chunk in passages]
        collection = collection_of(store)
        await self.parts.vectors.upsert(collection, passages, _stacked(vectors) if collection.dimensions else None)
        return made

    async def several(self, store: Store, names: Sequence[str]) -> list[Document]:
        return [await self.completed(store, name) for name in names]

    async def start(self, store: Store, model: str = "new") -> None:
        await self.changes.start(self.parts.upstream, store, model)

    async def now(self, store: Store) -> Store:
        found = await self.parts.records.database.read(lambda c: stores.find(c, store.id))
        assert found is not None
        return found

    async def changed(self, store: Store, model: str = "new") -> Store:
        """The store once it has the model."""
        return (await self.reaches(store, lambda progress: progress.store.embedding_model == model)).store

    async def reaches(self, store: Store, condition: Callable[[Progress], bool]) -> Progress:
        with anyio.fail_after(_PATIENCE_SECONDS):
            while True:
                if condition(found := await self.changes.progress(store)):
                    return found
                await anyio.sleep(0.02)

    async def job(self, document: Document) -> Job | None:
        return await self.parts.records.database.read(lambda c: jobs.find(c, document.id, Kind.REEMBED))

    async def search(self, store: Store, mode: Mode = "bm25") -> list[str]:
        """The names of the files found by a search that began when the store's row was this."""
        searcher = Searcher(self.parts.records.database, self.parts.vectors, self.parts.upstream, SearchSettings())
        hits = await searcher.search(Request(store, "dome", 50, mode=mode))
        return sorted({hit.chunk.filename for hit in hits})

    async def count(self, store: Store, collection: Collection) -> int:
        return await self.parts.vectors.count(collection, store.id)

    async def rows(self) -> Mapping[str, int]:
        def count(connection: Connection) -> Mapping[str, int]:
            tables = ("documents", "files", "jobs", "embeddings", "removals")
            return {
                table: connection.execute(sa.text(f"SELECT count(*) FROM {table}")).scalar_one() for table in tables
            }

        return await self.parts.records.database.read(count)

    async def forward(self) -> None:
        """Let ten minutes pass, as removals see it."""
        await self.parts.records.database.write(
            lambda c: c.execute(sa.text("UPDATE removals SET due_at = due_at - 600"))
        )

    async def settled(self) -> None:
        """Wait until nothing is left to remove."""
        await self.forward()
        with anyio.fail_after(_PATIENCE_SECONDS):
            while True:
                if not (await self.rows())["removals"]:
                    return
                await anyio.sleep(0.02)


def passage(name: str, index: int) -> str:
    """The text of a chunk."""
    return f"The dome of observatory {name} opens {index} hours before it observes."


def _completed(connection: Connection, store: Store, name: str, chunks: int) -> Document:
    file_id = files.add(connection, f"{name}.txt", 1, f"hash of {name}")
    document_id = documents.add(connection, store.id, file_id, f"hash of {name}", {"year": 2024.0})
    jobs.add(connection, document_id, store.id, file_id, version=1, lane=Lane.BULK)
    connection.execute(sa.text("UPDATE jobs SET status = 'completed' WHERE document_id = :id"), {"id": document_id})
    summary = Summary("text/plain", None, chunks, None, chunks)
    documents.publish(connection, document_id, NewVersion(1, file_id, f"hash of {name}", summary))
    found = documents.find(connection, document_id)
    assert found is not None
    return found


def _chunk(document: Document, index: int) -> Chunk:
    name = document.filename.removesuffix(".txt")
    return Chunk(
        store_id=document.store_id,
        document_id=document.id,
        version=1,
        index=index,
        text=passage(name, index),
        start=index,
        end=index + 1,
        filename=document.filename,
        page=index + 1,
        headings=("Observing",),
        attributes=document.attributes,
    )


def _stacked(vectors: Sequence[Any]) -> Any:
    import numpy as np

    return np.stack(vectors)
