"""A store on its way to another embedding model: begun, searched meanwhile, changed over or given up."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
import pytest
from pydantic import SecretStr
from qdrant_client import AsyncQdrantClient

from ingest import (
    BM25,
    ChangeUnderWayError,
    NoChangeError,
    SameModelError,
    State,
    StillRemovingError,
    StoreGoneError,
    remove_store,
)
from records import open_records
from records.documents import Status
from records.stores import Store
from search.scoring import Mode
from settings import DatabaseSettings, DataSettings, QdrantSettings
from tests.ingest.changing import NEW, OLD, Changing, Models, passage, reembedding
from tests.ingest.parts import LEASE_SECONDS, Parts, working
from tests.postgres import empty_database
from tests.upstream.waiting import until
from upstream import ModelUnavailableError, Upstream
from vectorstore import Collection
from vectorstore.server.store import ServerVectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]
WORDS = Collection(BM25, 0)
NAMES = [f"{number:02}" for number in range(12)]
FILES = [f"{name}.txt" for name in NAMES]
LONG = "\n\n".join(f"The dome of observatory {number} opens before it observes." for number in range(200)).encode()


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
    if request.param == "sqlite":
        yield DatabaseSettings()
        return
    with empty_database(request.getfixturevalue("postgres_url")) as url:
        yield DatabaseSettings(url=SecretStr(url))


@pytest.fixture
async def changing(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Changing]:
    client = AsyncQdrantClient(":memory:")
    vectors = ServerVectorStore(client, QdrantSettings())
    async with open_records(DataSettings(dir=tmp_path), database_settings) as records:
        yield Changing(Parts(tmp_path, records, vectors, Upstream(None, None, None, None)), Models())
    await client.close()


@asynccontextmanager
async def several_workers(parts: Parts) -> AsyncIterator[None]:
    """As many as the database allows."""
    async with AsyncExitStack() as stack:
        for _ in range(1 if parts.records.database.is_exclusive else 3):
            await stack.enter_async_context(reembedding(parts, concurrency=4))
        yield


async def test_no_search_misses_a_document_while_a_store_changes(changing: Changing) -> None:
    before = await changing.store()
    await changing.several(before, NAMES)
    found: list[list[str]] = []
    ended = asyncio.Event()

    async def look(mode: Mode, *, at_old_row: bool) -> None:
        while not ended.is_set():
            store = before if at_old_row else await changing.now(before)
            found.append(await changing.search(store, mode))

    async with asyncio.TaskGroup() as group:
        for mode in ("hybrid", "bm25"):
            group.create_task(look(mode, at_old_row=True))
            group.create_task(look(mode, at_old_row=False))
        async with several_workers(changing.parts):
            await changing.start(before)
            after = await changing.changed(before)
            assert await changing.count(before, OLD) == len(NAMES)
            await changing.settled()
            looked = len(found)
            await until(lambda: len(found) > looked + 8)
        ended.set()
    assert [files for files in found if files != FILES] == []
    assert (after.next_embedding_model, after.next_embedding_dimensions) == (None, None)
    assert (await changing.count(before, OLD), await changing.count(before, NEW)) == (0, len(NAMES))
    assert len(changing.models.texts("new")) == len(NAMES)
    assert (await changing.rows())["jobs"] == len(NAMES)


@pytest.mark.parametrize(("first", "second"), [(OLD, WORDS), (WORDS, NEW)])
async def test_a_store_may_take_up_or_leave_embeddings(
    changing: Changing, first: Collection, second: Collection
) -> None:
    store = await changing.store(first.model, first.dimensions)
    await changing.several(store, NAMES)
    await changing.start(store, second.model)
    async with reembedding(changing.parts, concurrency=4):
        after = await changing.changed(store, second.model)
        assert await changing.search(after, "hybrid") == FILES
        await changing.settled()
    assert after.embedding_dimensions == second.dimensions
    assert (await changing.count(store, first), await changing.count(store, second)) == (0, len(NAMES))


async def test_a_store_without_documents_changes_at_once(changing: Changing) -> None:
    store = await changing.store(dimensions=None)
    await changing.start(store)
    after = await changing.now(store)
    assert (after.embedding_model, after.embedding_dimensions, after.next_embedding_model) == ("new", 4, None)
    assert (await changing.rows())["removals"] == 0


async def test_a_change_that_cannot_be_begun_says_why(changing: Changing) -> None:
    store = await changing.store()
    await changing.completed(store, "a")
    with pytest.raises(SameModelError):
        await changing.start(store, "old")
    with pytest.raises(ModelUnavailableError):
        await changing.changes.start(Upstream(None, None, None, None), store, "new")
    with pytest.raises(NoChangeError):
        await changing.changes.give_up(store)
    await changing.start(store)
    with pytest.raises(ChangeUnderWayError, match="'new'"):
        await changing.start(store, "third")
    await remove_store(changing.parts.records, changing.parts.vectors, store, lease_seconds=LEASE_SECONDS)
    with pytest.raises(StoreGoneError):
        await changing.start(store)
    with pytest.raises(StoreGoneError):
        await changing.changes.progress(store)


async def test_progress_counts_documents_and_chunks(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    await changing.completed(store, "long", 100)
    idle = await changing.changes.progress(store)
    assert (idle.state, idle.counts.documents, idle.counts.chunks, idle.counts.chunks_done) == (State.IDLE, 1, 100, 0)
    await changing.start(store)
    async with reembedding(changing.parts):
        await until(lambda: len(new.calls) > 5)
        new.open.clear()
        half = await changing.reaches(store, lambda progress: progress.counts.chunks_done > 0)
        assert (half.state, half.counts.chunks, half.counts.chunks_done) == (State.IN_PROGRESS, 100, 64)
        new.open.set()
        await changing.changed(store)


async def test_a_change_that_was_given_up_leaves_the_store_as_it_was(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    await changing.completed(store, "long", 100)
    await changing.start(store)
    async with reembedding(changing.parts):
        await until(lambda: len(new.calls) > 5)
        new.open.clear()
        await changing.changes.give_up(store)
        new.open.set()
        assert await changing.now(store) == store
        with pytest.raises(StillRemovingError, match="try again in"):
            await changing.start(store)
        assert await changing.search(store) == ["long.txt"]
        await changing.settled()
        assert (await changing.count(store, OLD), await changing.count(store, NEW)) == (100, 0)
        await changing.start(store)
        await changing.changed(store)
    assert len(changing.models.texts("new")) == 100


async def test_a_store_goes_back_to_its_model_once_that_is_cleared(changing: Changing) -> None:
    store = await changing.store()
    await changing.several(store, NAMES)
    await changing.start(store)
    async with reembedding(changing.parts, concurrency=4):
        await changing.changed(store)
        with pytest.raises(StillRemovingError):
            await changing.start(store, "old")
        await changing.settled()
        await changing.start(store, "old")
        assert await changing.search(await changing.changed(store, "old")) == FILES
        await changing.settled()
    assert (await changing.count(store, OLD), await changing.count(store, NEW)) == (len(NAMES), 0)


async def test_a_worker_carries_on_with_what_another_began(changing: Changing) -> None:
    store, new = await changing.store(), changing.models["new"]
    documents = await changing.several(store, NAMES)
    await changing.start(store)
    new.open.clear()
    async with reembedding(changing.parts, concurrency=4):
        await until(lambda: bool(new.calls))
        asyncio.get_running_loop().call_later(0.05, new.open.set)
    # As if the process had died before it queued the last of them, and another before it changed over.
    import sqlalchemy as sa

    forgotten = sa.text("DELETE FROM jobs WHERE kind = 'reembed' AND document_id = :id")
    last = documents[-1].id
    await changing.parts.records.database.write(lambda c: c.execute(forgotten, {"id": last}))
    async with reembedding(changing.parts, concurrency=4):
        assert await changing.search(await changing.changed(store)) == FILES
    assert len(changing.models.texts("new")) == len(NAMES)


async def test_documents_are_added_and_replaced_meanwhile(changing: Changing) -> None:
    parts, new = changing.parts, changing.models["new"]
    store = await changing.store()
    first, second, *_ = await changing.several(store, NAMES)
    await changing.start(store)
    new.open.clear()
    async with working(parts, concurrency=8) as worker:
        await until(lambda: bool(new.calls))
        await parts.replace(first, "replaced.txt", b"The dome has another door.")
        await parts.replace(second, "unreadable.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
        added = await parts.add(store, "added.txt", b"The dome was built later.")
        worker.wake()
        await parts.ended(added)
        replaced = await parts.ended(first)
        await parts.ended(second)
        expected = sorted([*FILES[1:], "added.txt", "replaced.txt"])
        assert await changing.search(await changing.now(store)) == expected
        new.open.set()
        after = await changing.changed(store)
        assert await changing.search(after) == await changing.search(store) == expected
        await changing.settled()
    assert await parts.vectors.count(NEW, store.id, first.id) == 1
    assert await parts.vectors.count(NEW, store.id, first.id, replaced.version) == 1
    assert (await changing.count(store, OLD), await changing.count(store, NEW)) == (0, len(expected))


async def test_a_document_in_work_when_the_store_changes_is_embedded_with_the_new_model(changing: Changing) -> None:
    parts, old = changing.parts, changing.models["old"]
    store = await changing.store()
    await changing.completed(store, "a")
    async with working(parts, concurrency=4) as worker:
        added = await parts.add(store, "long.txt", LONG)
        await until(lambda: len(old.calls) > 5)
        old.open.clear()
        await parts.reaches(added, lambda _, job: job.chunks_done > 0)
        await changing.start(store)
        worker.wake()
        await changing.changed(store)
        old.open.set()
        done = await parts.ended(added)
        assert (done.status, done.error, done.version) == (Status.COMPLETED, None, 2)
        await changing.settled()
    assert (await changing.count(store, OLD), await changing.count(store, NEW)) == (0, 201)
    assert await parts.vectors.count(NEW, store.id, added.id, 2) == done.chunks == 200
    assert await parts.records.blobs.text(added.id, 1) is None


async def test_equal_passages_are_paid_for_once(changing: Changing) -> None:
    store = await changing.store()
    await changing.completed(store, "a", 3)
    other: Store = await changing.parts.store("other")
    assert other.embedding_model == "old"
    await changing.start(store)
    async with reembedding(changing.parts):
        await changing.changed(store)
    await changing.forward()
    assert sorted(changing.models.texts("new")) == [f"Observing\n{passage('a', index)}" for index in range(3)]
    async with reembedding(changing.parts):
        await changing.settled()
        await changing.start(store, BM25)
        await changing.changed(store, BM25)
        await changing.settled()
        await changing.start(store, "new")
        with anyio.fail_after(30):
            await changing.changed(store, "new")
    assert len(changing.models.texts("new")) == 3
