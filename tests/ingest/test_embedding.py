from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from ingest.batching import SharedBatches
from ingest.embedding import CachedEmbedding
from records import Database, embeddings, open_records
from records.ids import new_document_id
from settings import DatabaseSettings, DataSettings
from tests.ingest.embedder import FakeEmbedder, vector

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records:
        yield records.database


async def test_equal_text_is_embedded_once(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", SharedBatches(embedder, 10, 1))
    first = await cache.embed(new_document_id(), ["a", "b", "a"])
    second = await cache.embed(new_document_id(), ["c", "b"])
    assert embedder.calls == [["a", "b"], ["c"]]
    assert np.array_equal(first, [vector("a"), vector("b"), vector("a")])
    assert np.array_equal(second, [vector("c"), vector("b")])
    assert first.dtype == np.float32


async def test_models_do_not_share_vectors(database: Database) -> None:
    one, other = FakeEmbedder(), FakeEmbedder()
    for name, embedder in (("one", one), ("other", other)):
        await CachedEmbedding(database, name, SharedBatches(embedder, 10, 1)).embed(new_document_id(), ["a"])
    assert one.calls == other.calls == [["a"]]


async def test_what_is_forgotten_with_its_document_is_embedded_anew(database: Database) -> None:
    embedder = FakeEmbedder()
    cache = CachedEmbedding(database, "fake", SharedBatches(embedder, 10, 1))
    document_id = new_document_id()
    await cache.embed(document_id, ["a"])
    await database.write(lambda c: embeddings.remove(c, document_id))
    assert np.array_equal(await cache.embed(new_document_id(), ["a"]), [vector("a")])
    assert embedder.calls == [["a"], ["a"]]
