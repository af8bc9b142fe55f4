"""Optimising the embedded engine's data while it is in use."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
import qdrant_edge as edge

from settings.options import QdrantSettings
from tests.vectorstore.chunks import make_chunk, make_chunks, texts_of, unit_vectors
from vectorstore import Collection, Compare, Query, VectorStore, open_vector_store
from vectorstore.embedded.collection import EmbeddedCollection
from vectorstore.embedded.layout import optimise_shard
from vectorstore.embedded.messages import Delete, Upsert
from vectorstore.embedded.process import spawn
from vectorstore.embedded.shard import Shard
from vectorstore.embedded.store import EmbeddedVectorStore

pytestmark = pytest.mark.anyio

DIMENSIONS = 64
MODEL = Collection("optimised", DIMENSIONS)
OPTIONS = QdrantSettings(optimize_after_points=200)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[EmbeddedVectorStore]:
    async with open_vector_store(OPTIONS, tmp_path) as opened:
        assert isinstance(opened, EmbeddedVectorStore)
        yield opened


def random_vectors(count: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(count).standard_normal((count, DIMENSIONS)).astype(np.float32)


def opened_collection(store: EmbeddedVectorStore, collection: Collection = MODEL) -> EmbeddedCollection:
    return store._collections[collection]


async def write(store: VectorStore, document_id: str, count: int, attributes: dict[str, float] | None = None) -> None:
    chunks = [
        make_chunk("vs", f"{document_id} row{index}", document_id, index, attributes=attributes or {})
        for index in range(count)
    ]
    await store.upsert(MODEL, chunks, random_vectors(count))


async def test_answers_stay_right_while_data_is_optimised_and_changed(store: EmbeddedVectorStore) -> None:
    await write(store, "first", 190)
    collection = opened_collection(store)
    before = collection.generation
    await write(store, "doomed", 20, {"state": 0})
    mistakes, rounds = 0, 0
    while collection.generation is before:
        rounds += 1
        await write(store, f"added{rounds}", 3, {"state": 0})
        await store.set_attributes(MODEL, "vs", f"added{rounds}", {"state": rounds})
        if rounds == 2:
            await store.delete_document(MODEL, "vs", "doomed")
        await asyncio.sleep(0.02)
        hits = await store.query(MODEL, Query("vs", "row7", random_vectors(190)[7], mode="dense", limit=1))
        mistakes += texts_of(hits) != ["first row7"]
        mistakes += await store.count(MODEL, "vs", f"added{rounds}") != 3
    assert rounds > 2
    assert mistakes == 0
    await collection.optimised()
    assert await store.count(MODEL, "vs") == 190 + 3 * rounds
    assert await store.count(MODEL, "vs", "doomed") == 0
    for added in range(1, rounds + 1):
        query = Query("vs", "row1", mode="bm25", filter=Compare("state", "eq", added), limit=20)
        assert {hit.chunk.document_id for hit in await store.query(MODEL, query)} == {f"added{added}"}


async def test_optimised_data_gives_the_same_hits_and_survives_a_restart(tmp_path: Path) -> None:
    async with open_vector_store(OPTIONS, tmp_path) as store:
        assert isinstance(store, EmbeddedVectorStore)
        await write(store, "file", 199)
        questions = [
            Query("vs", f"row{i}", vector, mode="dense", limit=5) for i, vector in enumerate(random_vectors(20))
        ]
        plain = [texts_of(await store.query(MODEL, question)) for question in questions]
        await store.upsert(MODEL, make_chunks("vs_other", ["one more"]), random_vectors(1))
        collection = opened_collection(store)
        await collection.optimised()
        assert collection.generation.optimised_chunks == 200
        assert [texts_of(await store.query(MODEL, question)) for question in questions] == plain
    async with open_vector_store(OPTIONS, tmp_path) as store:
        assert isinstance(store, EmbeddedVectorStore)
        assert [texts_of(await store.query(MODEL, question)) for question in questions] == plain
        assert opened_collection(store).generation.optimised_chunks == 200
    assert len([path for path in tmp_path.glob("*/*") if path.is_dir()]) == 1


@pytest.mark.parametrize("dimensions", [64, 1024], ids=["eight bits a value", "four bits a value"])
async def test_optimised_data_give_back_the_vectors_that_were_written(
    store: EmbeddedVectorStore, dimensions: int
) -> None:
    model = Collection("optimised", dimensions)
    written = np.random.default_rng(1).standard_normal((200, dimensions)).astype(np.float32)
    written /= np.linalg.norm(written, axis=1, keepdims=True)
    await store.upsert(model, make_chunks("vs", [f"row{i}" for i in range(200)]), written)
    collection = opened_collection(store, model)
    await collection.optimised()
    assert collection.generation.optimised_chunks == 200
    page = await store.scroll(model, store_id="vs", after=None, limit=50, with_vectors=True)
    assert page.vectors is not None
    # Quantized, values would be off by 1e-3 and more.
    np.testing.assert_allclose(page.vectors, written[[chunk.index for chunk in page.chunks]], atol=1e-6)


async def test_it_is_done_again_after_enough_changes_only(store: EmbeddedVectorStore) -> None:
    await write(store, "file-1", 200)
    collection = opened_collection(store)
    await collection.optimised()
    first = collection.generation
    await write(store, "file-2", 150)
    await collection.optimised()
    assert collection.generation is first
    await store.delete_document(MODEL, "vs", "file-2")
    await collection.optimised()
    assert collection.generation is not first
    assert await store.count(MODEL, "vs") == 200


async def test_documents_replaced_again_and_again_leave_nothing_behind(store: EmbeddedVectorStore) -> None:
    for version in range(1, 6):
        chunks = [make_chunk("vs", f"text {version}", index=index, version=version) for index in range(50)]
        await store.upsert(MODEL, chunks, random_vectors(50))
        await store.delete_document(MODEL, "vs", "file-1", version - 1)
    collection = opened_collection(store)
    await collection.optimised()
    assert collection.generation.optimised_chunks == 50
    assert await store.count(MODEL, "vs") == await store.count(MODEL, "vs", "file-1", 5) == 50


def test_optimising_purges_what_was_deleted(tmp_path: Path) -> None:
    def vectors_kept() -> int:
        optimise_shard(tmp_path / "data", DIMENSIONS)
        opened = edge.EdgeShard.load(str(tmp_path / "data"))
        count: int = opened.info().indexed_vectors_count
        opened.close()
        return count

    shard = Shard(tmp_path / "data", DIMENSIONS)
    for document in range(10):
        shard.answer(Upsert(make_chunks("vs", ["words"] * 30, f"file-{document}"), random_vectors(30)))
    shard.close()
    assert vectors_kept() == 2 * 300
    shard = Shard(tmp_path / "data", DIMENSIONS)
    for document in range(9):
        shard.answer(Delete("vs", f"file-{document}"))
    shard.close()
    assert vectors_kept() == 2 * 30


async def test_a_collection_without_dense_vectors_is_optimised_too(store: EmbeddedVectorStore) -> None:
    words_only = Collection("bm25", 0)
    await store.upsert(words_only, make_chunks("vs", [f"row{i} words" for i in range(200)]), None)
    collection = opened_collection(store, words_only)
    await collection.optimised()
    assert collection.generation.optimised_chunks == 200
    assert texts_of(await store.query(words_only, Query("vs", "row77"))) == ["row77 words"]


async def test_closing_in_the_middle_keeps_everything(tmp_path: Path) -> None:
    async with open_vector_store(OPTIONS, tmp_path) as store:
        await write(store, "file", 200)
        await asyncio.sleep(0)
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        assert await store.count(MODEL, "vs") == 200
    assert len([path for path in tmp_path.glob("*/*") if path.is_dir()]) == 1


async def test_a_copy_that_cannot_be_optimised_is_dropped(
    store: EmbeddedVectorStore, caplog: pytest.LogCaptureFixture
) -> None:
    await write(store, "file", 199)
    collection = opened_collection(store)
    before = collection.generation
    collection._dimensions = DIMENSIONS + 1  # the optimiser finds data that do not fit
    await write(store, "last", 1)
    await collection.optimised()
    assert collection.generation is before
    assert await store.count(MODEL, "vs") == 200
    assert "stays as it was" in caplog.text


async def test_an_optimiser_whose_service_is_gone_ends_at_once() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        process = spawn("tests.vectorstore.busy", theirs, [])
    assert await asyncio.to_thread(ours.recv, 5) == b"busy!"
    ours.close()
    assert await asyncio.to_thread(process.wait, 10) == -signal.SIGIO


async def test_small_collections_are_left_alone(store: EmbeddedVectorStore) -> None:
    await store.upsert(MODEL, make_chunks("vs", ["a", "b"]), unit_vectors(2, DIMENSIONS))
    collection = opened_collection(store)
    await collection.optimised()
    assert collection.generation.optimised_chunks == 0
