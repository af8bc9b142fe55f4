"""One document's part in a change of model."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from qdrant_client import AsyncQdrantClient

from ingest import State, change_attributes, remove_document, remove_store
from records import open_records
from records.documents import Status
from records.jobs import Step
from settings import DatabaseSettings, DataSettings, QdrantSettings
from tests.ingest.changing import NEW, OLD, Changing, Models, passage, reembedding
from tests.ingest.parts import LEASE_SECONDS, Parts
from tests.upstream.waiting import until
from upstream import Upstream, UpstreamUnavailableError
from vectorstore import Chunk, Collection, Vectors, VectorStore
from vectorstore.server.store import ServerVectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]


@pytest.fixture
async def changing(tmp_path: Path) -> AsyncIterator[Changing]:
    client = AsyncQdrantClient(":memory:")
    vectors = ServerVectorStore(client, QdrantSettings())
    async with open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records:
        yield Changing(Parts(tmp_path, records, vectors, Upstream(None, None, None, None)), Models())
    await client.close()


async def test_chunks_keep_everything_but_their_vectors(changing: Changing) -> None:
    store = await changing.store()
    await changing.completed(store, "a", 150)
    await changing.start(store)
    async with reembedding(changing.parts):
        await changing.changed(store)
    scroll = changing.parts.vectors.scroll
    old = await scroll(OLD, store_id=store.id, after=None, limit=200, with_vectors=False)
    new = await scroll(NEW, store_id=store.id, after=None, limit=200, with_vectors=True)
    assert new.chunks == old.chunks
    assert new.vectors is not None
    assert len(new.chunks) == len(new.vectors) == 150


async def test_after_interruptions_it_goes_on_and_nothing_is_paid_for_twice(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    long = await changing.completed(store, "long", 300)
    await changing.several(store, ["a", "b", "c"])
    await changing.start(store)
    for calls in (3, 9, 15):
        new.open.clear()
        async with reembedding(changing.parts, concurrency=4):
            new.open.set()
            await until(lambda calls=calls: len(new.calls) >= calls)  # type: ignore[misc]
    half_done = await changing.job(long)
    assert half_done is not None
    assert (half_done.status, half_done.chunks) == (Status.QUEUED, 300)
    async with reembedding(changing.parts, concurrency=4):
        await changing.changed(store)
    texts = changing.models.texts("new")
    assert len(texts) == len(set(texts)) == 303
    assert await changing.count(store, NEW) == 303


async def test_work_goes_on_behind_the_chunks_that_are_stored(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    document = await changing.completed(store, "long", 130)
    await changing.start(store)

    class Counting:
        def __init__(self, inner: VectorStore) -> None:
            self._inner = inner
            self.written: list[int] = []

        async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
            await self._inner.upsert(collection, chunks, vectors)
            self.written += [chunk.index for chunk in chunks]
            if len(self.written) == 64:
                new.open.clear()

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    counting = Counting(changing.parts.vectors)
    parts = replace(changing.parts, vectors=cast("VectorStore", counting))
    async with reembedding(parts):
        await until(lambda: len(counting.written) == 64 and not new.open.is_set() and len(new.calls) > 4)
        job = await changing.job(document)
        assert job is not None
        assert (job.step, job.chunks, job.chunks_done) == (Step.EMBEDDING, 130, 64)
        # What is under way ends with the worker, and is not lost.
        asyncio.get_running_loop().call_later(0.05, new.open.set)
    async with reembedding(parts):
        await changing.changed(store)
    assert counting.written == list(range(130))


async def test_a_refused_text_holds_up_the_change_and_loses_no_document(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    bad, _ = await changing.several(store, ["bad", "good"])
    new.refused = f"Observing\n{passage('bad', 0)}"
    await changing.start(store)
    async with reembedding(changing.parts) as worker:
        blocked = await changing.reaches(store, lambda progress: progress.state is State.BLOCKED)
        assert [(one.document_id, one.filename, one.reason.code) for one in blocked.failed] == [
            (bad.id, "bad.txt", "embedding_failed")
        ]
        assert (await changing.parts.document(bad)).status is Status.COMPLETED
        assert await changing.search(await changing.now(store)) == ["bad.txt", "good.txt"]
        await changing.start(store)
        await changing.reaches(store, lambda progress: progress.state is State.IN_PROGRESS)
        worker.wake()
        await changing.reaches(store, lambda progress: progress.state is State.BLOCKED)

        new.refused = ""
        await changing.start(store)
        worker.wake()
        assert await changing.search(await changing.changed(store)) == ["bad.txt", "good.txt"]
    assert changing.models.texts("new").count(f"Observing\n{passage('good', 0)}") == 1


async def test_a_document_that_holds_up_the_change_can_be_deleted(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    bad, _ = await changing.several(store, ["bad", "good"])
    new.refused = f"Observing\n{passage('bad', 0)}"
    await changing.start(store)
    async with reembedding(changing.parts):
        await changing.reaches(store, lambda progress: progress.state is State.BLOCKED)
        vectors, now = changing.parts.vectors, await changing.now(store)
        await remove_document(changing.parts.records, vectors, now, bad, lease_seconds=LEASE_SECONDS)
        assert await changing.search(await changing.changed(store)) == ["good.txt"]


async def test_what_may_pass_is_tried_again_without_being_asked(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    await changing.completed(store, "a")
    new.failures = [UpstreamUnavailableError()]
    await changing.start(store)
    async with reembedding(changing.parts):
        await changing.changed(store)
    assert await changing.count(store, NEW) == 1


async def test_chunks_that_got_lost_are_written_again_before_the_store_changes(changing: Changing) -> None:
    store = await changing.store()
    document = await changing.completed(store, "a", 70)

    class Losing:
        def __init__(self, inner: VectorStore) -> None:
            self._inner = inner
            self.lose = True

        async def upsert(self, collection: Collection, chunks: Sequence[Chunk], vectors: Vectors | None) -> None:
            kept = slice(1, None) if self.lose else slice(None)
            self.lose = False
            await self._inner.upsert(collection, chunks[kept], vectors[kept] if vectors is not None else None)

        def __getattr__(self, name: str) -> Any:
            return getattr(self._inner, name)

    await changing.start(store)
    losing = Losing(changing.parts.vectors)
    async with reembedding(replace(changing.parts, vectors=cast("VectorStore", losing))):
        await changing.changed(store)
    assert not losing.lose
    assert await changing.parts.vectors.count(NEW, store.id, document.id) == 70
    assert len(changing.models.texts("new")) == 70


async def test_attributes_that_change_meanwhile_are_those_found_afterwards(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    document = await changing.completed(store, "a")
    await changing.start(store)
    new.open.clear()
    async with reembedding(changing.parts):
        await until(lambda: bool(new.calls))
        await change_attributes(changing.parts.records, changing.parts.vectors, document.id, {"year": 1610.0})
        new.open.set()
        await changing.changed(store)
    page = await changing.parts.vectors.scroll(NEW, store_id=store.id, after=None, limit=9, with_vectors=False)
    assert [chunk.attributes for chunk in page.chunks] == [{"year": 1610.0}]


@pytest.mark.parametrize("what", ["document", "store"])
async def test_what_is_deleted_in_the_middle_leaves_no_trace(changing: Changing, what: str) -> None:
    store, new = await changing.store(), changing.models["new"]
    document = await changing.completed(store, "a", 200)
    records, vectors = changing.parts.records, changing.parts.vectors
    await changing.start(store)
    async with reembedding(changing.parts):
        await until(lambda: len(new.calls) > 5)
        new.open.clear()
        await until(lambda: len(new.calls) > 6)
        assert await changing.count(store, NEW) > 0
        if what == "document":
            now = await changing.now(store)
            assert await remove_document(records, vectors, now, document, lease_seconds=LEASE_SECONDS)
        else:
            await remove_store(records, vectors, store, lease_seconds=LEASE_SECONDS)
        new.open.set()
        if what == "document":
            assert await changing.search(await changing.changed(store)) == []
        await changing.settled()
    assert (await changing.count(store, OLD), await changing.count(store, NEW)) == (0, 0)
    assert set((await changing.rows()).values()) == {0}
