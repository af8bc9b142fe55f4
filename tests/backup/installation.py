"""An installation without a service, in which documents get as far as a test wants them to."""

import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import sqlalchemy as sa

from backup import Manifest, restore, take
from ingest import Intake, Upload, remove_document
from ingest.publishing import Publisher, Written
from records import Connection, Records, documents, embeddings, jobs, leases, open_records, stores
from records.documents import Document, Failure, Summary
from records.jobs import Job, Lane
from records.leases import Lease
from records.schema import metadata
from records.stores import NewStore, Store
from settings import DatabaseSettings, DataSettings, FilesSettings, IngestSettings, QdrantSettings
from vectorstore import Chunk, Collection, Vectors, VectorStore, open_vector_store

DIMENSIONS = 4
LEASE_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Installation:
    """Records and vectors, and what a worker would do with them."""

    folder: Path
    records: Records
    vectors: VectorStore

    @property
    def intake(self) -> Intake:
        return Intake(self.records, self.vectors, IngestSettings(), max_bytes=1 << 24)

    async def store(self, name: str, model: str = "fake", dimensions: int = DIMENSIONS) -> Store:
        new = NewStore(name, model, dimensions, 16, 0)
        return await self.records.database.write(lambda c: stores.ensure(c, new))

    async def add(self, store: Store, text: str, **attributes: Any) -> Document:
        """Hand in a file; it waits in the queue."""
        upload = Upload(f"{text[:20]}.txt", BytesIO(text.encode()), attributes)
        return (await self.intake.submit(store, upload)).document

    async def claimed(self, document: Document) -> tuple[Job, Lease]:
        def claim(connection: Connection) -> Job:
            for job in leases.claim(connection, "worker", LEASE_SECONDS, [(Lane.URGENT, 100), (Lane.BULK, 100)], 100):
                if job.document_id != document.id:
                    raise AssertionError("tests claim what they have just queued")
            found = jobs.find(connection, document.id)
            assert found is not None
            return found

        job = await self.records.database.write(claim)
        return job, Lease(job.id, "worker", job.attempts)

    async def write(self, store: Store, document: Document, *, chunks: int = 3) -> Document:
        """Do the job of a document that waits: text, layout, chunks, embeddings, the switch."""
        job, lease = await self.claimed(document)
        now = await self.document(document)
        assert now is not None
        texts = [f"{job.filename} passage {number}" for number in range(chunks)]
        blobs, text = self.records.blobs, "\n".join(texts)
        await blobs.put_text(document.id, job.version, text)
        await blobs.put_layout(document.id, job.version, b"layout of " + text.encode())
        written = [chunk_of(now, job, index, passage) for index, passage in enumerate(texts)]
        rows = [vector_of(passage) for passage in texts] if store.embedding_dimensions else None
        await self.vectors.upsert(collection_of(store), written, None if rows is None else np.stack(rows))
        paid = {hashlib.sha256(passage.encode()).digest(): vector_of(passage).tobytes() for passage in texts}
        await self.records.database.write(lambda c: embeddings.add(c, store.embedding_model, document.id, paid))
        publisher = Publisher(self.records, self.vectors)
        summary = Summary("text/plain", None, len(text), 1, chunks)
        await publisher.publish(Written(lease, job, store, summary, now.attributes))
        completed = await self.document(document)
        assert completed is not None
        return completed

    async def completed(self, store: Store, text: str, *, chunks: int = 3, **attributes: Any) -> Document:
        return await self.write(store, await self.add(store, text, **attributes), chunks=chunks)

    async def failed(self, store: Store, text: str) -> Document:
        document = await self.add(store, text)
        _, lease = await self.claimed(document)
        failure = Failure("unsupported_type", "This file cannot be read.")

        def fail(connection: Connection) -> None:
            leases.fail(connection, lease, failure)
            documents.end(connection, document.id, documents.Status.FAILED, failure)

        await self.records.database.write(fail)
        return document

    async def replace(self, document: Document, text: str) -> None:
        """Hand in another file in a document's place."""
        assert await self.intake.replace(document, Upload(f"{text}.txt", BytesIO(text.encode()))) is not None

    async def delete(self, store: Store, document: Document) -> None:
        assert await remove_document(self.records, self.vectors, store, document, lease_seconds=1.0)

    async def document(self, document: Document) -> Document | None:
        return await self.records.database.read(lambda c: documents.find(c, document.id))

    async def job(self, document: Document) -> Job:
        found = await self.records.database.read(lambda c: jobs.find(c, document.id))
        assert found is not None
        return found

    async def rows(self) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """All rows of all tables but those of answers kept for a while, which no backup holds."""

        def read(connection: Connection) -> Mapping[str, Sequence[Mapping[str, Any]]]:
            return {
                name: sorted(map(dict, connection.execute(sa.select(table)).mappings()), key=repr)
                for name, table in metadata.tables.items()
                if name not in {"answers", "revisions"}
            }

        return await self.records.database.read(read)

    async def contents(self) -> Mapping[str, bytes]:
        """All files, texts and layouts."""
        blobs = self.records.blobs
        return {name: b"".join([p async for p in blobs.read(name)]) async for name in blobs.names()}

    async def chunks(self, *kept: Store) -> Mapping[str, tuple[float, ...]]:
        """All chunks of these stores, with their vectors."""
        found: dict[str, tuple[float, ...]] = {}
        for store in kept:
            page = await self.vectors.scroll(
                collection_of(store), store_id=store.id, after=None, limit=10_000, with_vectors=True
            )
            while True:
                for row, chunk in enumerate(page.chunks):
                    vector = page.vectors[row] if page.vectors is not None else ()
                    found[repr(chunk)] = tuple(round(float(x), 5) for x in vector)
                if page.after is None:
                    break
                page = await self.vectors.scroll(
                    collection_of(store), store_id=store.id, after=page.after, limit=10_000, with_vectors=True
                )
        return found

    async def backed_up(
        self,
        path: Path,
        at: str = "",
        act: Callable[[], Awaitable[Any]] | None = None,
        vectors: VectorStore | None = None,
    ) -> Path:
        """Take a backup; `act` is called once, right after the first entry whose name begins so."""
        with path.open("wb") as file:
            async for piece in take(self.records, vectors or self.vectors):
                file.write(piece)
                if act is not None and at.encode() in piece[:2048]:
                    await act()
                    act = None
        assert act is None, f"there was no entry {at}"
        return path

    async def restored(self, path: Path) -> Manifest:
        return await restore(path, self.records, self.vectors, self.folder)


@asynccontextmanager
async def installation(
    folder: Path,
    database: DatabaseSettings | None = None,
    files: FilesSettings | None = None,
    qdrant: QdrantSettings | None = None,
) -> AsyncIterator[Installation]:
    """An installation in a folder, or elsewhere."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records = await enter(open_records(DataSettings(dir=folder), database or DatabaseSettings(), files))
        vectors = await enter(open_vector_store(qdrant or QdrantSettings(), folder / "vectors"))
        yield Installation(folder, records, vectors)


def collection_of(store: Store) -> Collection:
    return Collection(store.embedding_model, store.embedding_dimensions or 0)


def chunk_of(document: Document, job: Job, index: int, text: str) -> Chunk:
    return Chunk(
        store_id=document.store_id,
        document_id=document.id,
        version=job.version,
        index=index,
        text=text,
        start=index * 100,
        end=index * 100 + len(text),
        filename=job.filename,
        page=1,
        page_starts=(index * 100 + 3,),
        headings=("A", "B"),
        attributes=document.attributes,
    )


def vector_of(text: str) -> Vectors:
    """A vector of unit length, made from the text."""
    vector = np.frombuffer(hashlib.sha256(text.encode()).digest()[:DIMENSIONS], np.uint8).astype(np.float32) + 1
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
