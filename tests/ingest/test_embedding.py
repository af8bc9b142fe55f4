import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from ingest.embedding import CachedEmbedding
from records import Connection, Database, documents, embeddings, files, open_records, stores
from records.ids import DocumentId, new_document_id
from records.stores import NewStore
from settings import DatabaseSettings, DataSettings
from tests.ingest.embedder import FakeEmbedder, vector
from upstream import Rates, UpstreamRejectedError

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records:
        yield records.database


async def document(database: Database, content: str = "one") -> DocumentId:
    """A document that is there, without a file behind it."""

    def add(connection: Connection) -> DocumentId:
        store = stores.ensure(connection, NewStore("store", "fake", 4, 800, 0))
        return documents.add(connection, store.id, files.add(connection, "name", 1, content), content, {})

    return await database.write(add)


async def test_equal_text_is_embedded_once(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", embedder)
    owner = await document(database)
    first = await cache.embed(owner, ["a", "b", "a"])
    second = await cache.embed(owner, ["c", "b"])
    assert embedder.calls == [["a", "b"], ["c"]]
    assert np.array_equal(first, [vector("a"), vector("b"), vector("a")])
    assert np.array_equal(second, [vector("c"), vector("b")])
    assert first.dtype == np.float32


async def test_equal_text_of_two_documents_at_the_same_time_is_embedded_once(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", embedder)
    one, other = await document(database, "one"), await document(database, "other")
    await asyncio.gather(cache.embed(one, ["a", "b"]), cache.embed(other, ["b", "c"]))
    assert sorted(text for call in embedder.calls for text in call) == ["a", "b", "c"]


async def test_models_do_not_share_vectors(database: Database) -> None:
    one, other = FakeEmbedder(), FakeEmbedder()
    owner = await document(database)
    for name, embedder in (("one", one), ("other", other)):
        await CachedEmbedding(database, name, embedder).embed(owner, ["a"])
    assert one.calls == other.calls == [["a"]]


async def test_what_is_forgotten_with_its_document_is_embedded_anew(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", embedder)
    owner = await document(database)
    await cache.embed(owner, ["a"])
    await database.write(lambda c: embeddings.remove(c, owner))
    assert np.array_equal(await cache.embed(owner, ["a"]), [vector("a")])
    assert embedder.calls == [["a"], ["a"]]


async def test_nothing_is_recorded_for_a_document_that_is_gone(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", embedder)
    assert np.array_equal(await cache.embed(new_document_id(), ["a"]), [vector("a")])
    await cache.embed(await document(database), ["a"])
    assert embedder.calls == [["a"], ["a"]]


async def test_a_refused_text_is_named_by_its_chunk_and_the_others_are_recorded(database: Database) -> None:
    embedder = FakeEmbedder()
    embedder.refused = "bad"
    cache = CachedEmbedding(database, "fake", embedder)
    owner = await document(database)
    with pytest.raises(UpstreamRejectedError, match=r"^Chunk 65 of the document cannot be embedded\. No\.$"):
        await cache.embed(owner, ["a", "bad", "b"], first_chunk=64)
    await cache.embed(owner, ["a", "b"])
    assert embedder.calls == [["a", "bad", "b"]]


async def test_long_texts_are_embedded_too(database: Database) -> None:
    cache = CachedEmbedding(database, "fake", FakeEmbedder())
    assert len(await cache.embed(await document(database), ["x" * 20_000])) == 1


async def test_a_budget_is_kept_by_all_who_share_the_database(database: Database) -> None:
    embedders = [FakeEmbedder(max_inputs=1), FakeEmbedder(max_inputs=1)]
    owner = await document(database)
    waiting = []
    for number, embedder in enumerate(embedders):
        embedder.rates = Rates(100, None)
        cache = CachedEmbedding(database, "fake", embedder)
        waiting.append(asyncio.create_task(cache.embed(owner, [f"{number} {text}" for text in range(10)])))
    await asyncio.sleep(0.3)
    assert sum(len(embedder.calls) for embedder in embedders) in {8, 9}
    for task in waiting:
        task.cancel()
    await asyncio.wait(waiting)
