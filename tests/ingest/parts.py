"""What a worker works with, on a folder of its own, and ways to look at what it left there."""

import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import anyio

from ingest import Intake, Upload, Worker, new_store, open_worker
from records import Connection, Records, documents, jobs, stores
from records.documents import Document, Status
from records.jobs import Job, Lane
from records.stores import Store
from settings import IngestSettings
from tests.upstream.waiting import until
from upstream import Upstream
from vectorstore import VectorStore

LEASE_SECONDS = 1.0
ENDED = {Status.COMPLETED, Status.FAILED, Status.CANCELLED}


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker works with."""

    folder: Path
    records: Records
    vectors: VectorStore
    upstream: Upstream

    @property
    def intake(self) -> Intake:
        settings = IngestSettings(lease_seconds=LEASE_SECONDS)
        return Intake(self.records, self.vectors, settings, max_bytes=1 << 20)

    async def store(self, name: str) -> Store:
        new = new_store(name, IngestSettings(chunk_max_tokens=16, chunk_overlap_tokens=0), self.upstream)
        return await self.records.database.write(lambda c: stores.ensure(c, new))

    async def add(self, store: Store, name: str, content: bytes, lane: Lane | None = None) -> Document:
        return (await self.intake.submit(store, Upload(name, BytesIO(content), lane=lane))).document

    async def replace(self, document: Document, name: str, content: bytes) -> Document:
        replaced = await self.intake.replace(document, Upload(name, BytesIO(content)))
        assert replaced is not None
        return replaced

    async def document(self, document: Document) -> Document:
        found = await self.records.database.read(lambda c: documents.find(c, document.id))
        assert found is not None
        return found

    async def job(self, document: Document) -> Job:
        found = await self.records.database.read(lambda c: jobs.find(c, document.id))
        assert found is not None
        return found

    async def reaches(self, document: Document, condition: Callable[[Document, Job], bool]) -> Document:
        """Wait until the document and its job are as wanted, both at one moment."""

        def both(connection: Connection) -> tuple[Document | None, Job | None]:
            job = jobs.find(connection, document.id)  # first: on Postgres what is read later may be newer
            return documents.find(connection, document.id), job

        with anyio.fail_after(30):
            while True:
                now, job = await self.records.database.read(both)
                assert now is not None
                assert job is not None
                if condition(now, job):
                    return now
                await anyio.sleep(0.02)

    async def ended(self, document: Document) -> Document:
        return await self.reaches(document, lambda _, job: job.status in ENDED)

    def files(self) -> list[str]:
        """Uploaded files by their hash and extracted texts as `document.version.txt`."""
        return [p.name for part in ("files", "texts") for p in (self.folder / part).rglob("*") if p.is_file()]

    async def tidied(self) -> None:
        """Wait until nothing is left to be removed."""
        await until(lambda: self.rows()["removals"] == 0)

    def rows(self) -> dict[str, int]:
        with sqlite3.connect(self.folder / "footnote.db") as database:
            tables = ("documents", "files", "jobs", "embeddings", "removals")
            found = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        database.close()
        return found


@asynccontextmanager
async def working(parts: Parts, *, concurrency: int = 1) -> AsyncIterator[Worker]:
    """A worker that takes one document at a time unless told otherwise."""
    settings = IngestSettings(concurrency=concurrency, parse_processes=1, lease_seconds=LEASE_SECONDS)
    async with open_worker(settings, parts.records, parts.vectors, parts.upstream) as worker:
        yield worker
