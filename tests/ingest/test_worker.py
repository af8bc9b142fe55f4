import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO
from pathlib import Path
from typing import Any, cast

import anyio
import pytest

from ingest import Upload, Worker, new_store, open_worker, remove_document, remove_store, submit
from ingest.parsing import ParseError, open_parser_pool
from ingest.pipeline import Pipeline
from records import Records, documents, open_records, stores
from records.documents import Document, Status
from records.stores import Store
from settings import DatabaseSettings, DataSettings, IngestSettings, QdrantSettings
from tests.ingest.embedder import DIMENSIONS, FakeEmbedder
from tests.upstream.waiting import until
from upstream import Upstream, UpstreamUnavailableError
from vectorstore import Collection, VectorStore, VectorStoreUnavailableError, open_vector_store

pytestmark = pytest.mark.anyio
COLLECTION = Collection("fake", DIMENSIONS)
TEXT = b"The dome is opened one hour before observing."


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker works with, on a folder of its own."""

    folder: Path
    records: Records
    vectors: VectorStore
    upstream: Upstream
    embedder: FakeEmbedder

    async def store(self, name: str) -> Store:
        new = new_store(name, IngestSettings(chunk_max_tokens=16, chunk_overlap_tokens=0), self.upstream)
        return await self.records.database.write(lambda c: stores.ensure(c, new))

    async def add(self, store: Store, name: str, content: bytes) -> Document:
        upload = Upload(name, BytesIO(content), {})
        return (await submit(self.records, self.vectors, store, upload, max_bytes=1 << 20)).document

    async def ended(self, document: Document) -> Document:
        with anyio.fail_after(30):
            while True:
                now = await self.records.database.read(lambda c: documents.find(c, document.id))
                assert now is not None
                if now.status in {Status.COMPLETED, Status.FAILED}:
                    return now
                await anyio.sleep(0.02)

    def files(self) -> list[str]:
        """Uploaded files and extracted texts on the disk."""
        return [p.name for part in ("files", "texts") for p in (self.folder / part).rglob("*") if p.is_file()]

    def rows(self) -> dict[str, int]:
        with sqlite3.connect(self.folder / "footnote.db") as database:
            tables = ("documents", "files", "embeddings", "removals")
            found = {table: database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables}
        database.close()
        return found


@pytest.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    embedder = FakeEmbedder()
    remote: Callable[[str], Any] = lambda _: embedder  # noqa: E731
    upstream = Upstream("fake", None, remote, None)
    async with (
        open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records,
        open_vector_store(QdrantSettings(), tmp_path / "vectors") as vectors,
    ):
        yield Parts(tmp_path, records, vectors, upstream, embedder)


@asynccontextmanager
async def working(parts: Parts) -> AsyncIterator[Worker]:
    """A worker that takes one document at a time."""
    settings = IngestSettings(concurrency=1, parse_processes=1)
    async with open_worker(settings, parts.records, parts.vectors, parts.upstream) as worker:
        yield worker


async def test_failures_are_recorded_with_their_reason_and_tried_again(parts: Parts) -> None:
    parts.embedder.failures = [UpstreamUnavailableError("The upstream does not answer.")]
    store = await parts.store("s")
    failed = await parts.add(store, "dome.txt", TEXT)
    async with working(parts) as worker:
        failed = await parts.ended(failed)
        assert failed.error is not None
        assert (failed.error.code, failed.error.message) == ("embedding_failed", "The upstream does not answer.")
        assert await parts.vectors.count(COLLECTION, store.id) == 0

        photo = await parts.add(store, "photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
        worker.wake()
        photo = await parts.ended(photo)
        assert photo.error is not None
        assert photo.error.code == "unsupported_type"

        again = await parts.add(store, "dome.txt", TEXT)
        assert (again.id, again.status, again.error) == (failed.id, Status.QUEUED, None)
        worker.wake()
        completed = await parts.ended(again)
        assert (completed.status, completed.error) == (Status.COMPLETED, None)
        assert await parts.vectors.count(COLLECTION, store.id) == completed.chunks == 1


async def test_a_file_that_cannot_be_read_leaves_no_half_opened_collection(parts: Parts) -> None:
    class Slow:
        opened = asyncio.Event()

        async def ensure_collection(self, _: Collection) -> None:
            await self.opened.wait()

    vectors = Slow()
    store = replace(await parts.store("s"), embedding_dimensions=DIMENSIONS)
    document = await parts.add(store, "empty.txt", b"")
    async with open_parser_pool(IngestSettings(parse_processes=1)) as parsers:
        pipeline = Pipeline(parts.records, cast("VectorStore", vectors), parsers)
        running = asyncio.create_task(pipeline.run(document, store, None))
        assert not (await asyncio.wait([running], timeout=2))[0]
        vectors.opened.set()
        with pytest.raises(ParseError):
            await running


async def test_what_a_stopped_process_left_in_work_is_completed(parts: Parts) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "dome.txt", TEXT)
    parts.embedder.open.clear()
    async with working(parts):
        await until(lambda: bool(parts.embedder.calls))
    left = await parts.records.database.read(lambda c: documents.find(c, document.id))
    assert left is not None
    assert left.status is Status.IN_PROGRESS

    parts.embedder.open.set()
    async with working(parts):
        assert (await parts.ended(document)).status is Status.COMPLETED
    assert await parts.vectors.count(COLLECTION, store.id, document.id) == 1


@pytest.mark.parametrize("what", ["document", "store"])
async def test_what_is_deleted_in_the_middle_of_work_leaves_no_trace(parts: Parts, what: str) -> None:
    parts.embedder.open.clear()
    store, other = await parts.store("s"), await parts.store("other")
    content = "\n\n".join(f"Star number {number} is seen from the terrace in winter." for number in range(200)).encode()
    document = await parts.add(store, "stars.txt", content)
    async with working(parts) as worker:
        await until(lambda: bool(parts.embedder.calls))
        queued = await parts.add(store, "queued.txt", TEXT)
        now = await parts.records.database.read(lambda c: documents.find(c, document.id))
        current = await parts.records.database.read(lambda c: stores.find(c, store.id))
        assert now is not None
        assert current is not None
        assert now.status is Status.IN_PROGRESS
        if what == "store":
            await remove_store(parts.records, parts.vectors, current)
        else:
            assert await remove_document(parts.records, parts.vectors, current, now)
            assert await remove_document(parts.records, parts.vectors, current, queued)
            assert not await remove_document(parts.records, parts.vectors, current, queued)
        parts.embedder.open.set()
        last = await parts.add(other, "last.txt", b"The last one in the queue.")
        worker.wake()
        assert (await parts.ended(last)).status is Status.COMPLETED

        assert await parts.vectors.count(COLLECTION, store.id) == 0
        assert parts.rows() == {"documents": 1, "files": 1, "embeddings": 1, "removals": 0}
        assert sorted(parts.files()) == sorted([last.sha256, f"{last.id}.txt"])
        assert await remove_document(parts.records, parts.vectors, other, last)
        assert parts.rows() == {"documents": 0, "files": 0, "embeddings": 0, "removals": 0}
        assert parts.files() == []


async def test_a_file_that_another_store_has_too_stays(parts: Parts) -> None:
    store, other = await parts.store("s"), await parts.store("other")
    first, second = await parts.add(store, "dome.txt", TEXT), await parts.add(other, "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(first)
        await parts.ended(second)
        now = await parts.records.database.read(lambda c: stores.find(c, store.id))
        assert now is not None
        assert await remove_document(parts.records, parts.vectors, now, first)
        assert sorted(parts.files()) == sorted([second.sha256, f"{second.id}.txt"])
        assert await parts.vectors.count(COLLECTION, store.id) == 0
        assert await parts.vectors.count(COLLECTION, other.id) == 1


async def test_a_store_whose_model_is_gone_fails_with_what_to_do(parts: Parts) -> None:
    store = await parts.store("s")
    document = await parts.add(store, "dome.txt", TEXT)
    nothing = Upstream(None, None, None, None)
    without = Parts(parts.folder, parts.records, parts.vectors, nothing, parts.embedder)
    async with working(without):
        failed = await parts.ended(document)
    assert failed.error is not None
    assert failed.error.code == "embedding_model_unavailable"
    assert "'fake'" in failed.error.message


async def test_a_store_deleted_as_it_was_before_its_first_document_leaves_no_chunk(parts: Parts) -> None:
    before = await parts.store("s")
    assert before.embedding_dimensions is None
    document = await parts.add(before, "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(document)
    assert await parts.vectors.count(COLLECTION, before.id) == 1
    await remove_store(parts.records, parts.vectors, before)
    assert await parts.vectors.count(COLLECTION, before.id) == 0
    assert parts.rows() == {"documents": 0, "files": 0, "embeddings": 0, "removals": 0}


async def test_what_the_vector_store_could_not_delete_follows_later(parts: Parts) -> None:
    class Down:
        async def delete_document(self, *_: object) -> None:
            raise VectorStoreUnavailableError

    document = await parts.add(await parts.store("s"), "dome.txt", TEXT)
    async with working(parts):
        await parts.ended(document)
    store = await parts.store("s")
    assert await remove_document(parts.records, cast("VectorStore", Down()), store, document)
    assert parts.files() == []
    assert await parts.vectors.count(COLLECTION, store.id) == 1
    async with working(parts):
        await until(lambda: parts.rows()["removals"] == 0)
    assert await parts.vectors.count(COLLECTION, store.id) == 0
