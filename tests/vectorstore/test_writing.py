"""Writing, counting and deleting, on every engine."""

import asyncio

import numpy as np
import pytest

from tests.vectorstore.chunks import make_chunk, make_chunks, matching, texts_of, unit_vectors
from tests.vectorstore.conftest import BM25_ONLY, DENSE
from vectorstore import Collection, Compare, InvalidVectorError, Query, Vectors, VectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]


async def test_writing_twice_leaves_one_copy(store: VectorStore, store_id: str) -> None:
    chunks = make_chunks(store_id, ["one", "two", "three"])
    for _ in range(2):
        await store.upsert(DENSE, chunks, unit_vectors(3))
    assert await store.count(DENSE, store_id) == 3


async def test_a_chunk_comes_back_as_it_was(store: VectorStore, store_id: str) -> None:
    chunk = make_chunk(
        store_id,
        "The 引文 said\n“exactly” this.\u00a0 ",
        index=5,
        version=3,
        start=120,
        end=150,
        filename="Bericht über 'x'.pdf",
        page=7,
        headings=("Part I", "第二章"),
        attributes={"lang": "de", "year": 2024, "rate": 0.25, "final": True, "draft": False, 'a "b"\\%22.c[0]': "x"},
    )
    await store.upsert(DENSE, [chunk], unit_vectors(1))
    hits = await store.query(DENSE, Query(store_id, "exactly", mode="bm25"))
    assert hits[0].chunk == chunk
    assert {key: type(value) for key, value in hits[0].chunk.attributes.items()} == {
        key: type(value) for key, value in chunk.attributes.items()
    }


async def test_a_chunk_without_page_comes_back_without(store: VectorStore, store_id: str) -> None:
    chunk = make_chunk(store_id, "plain words")
    await store.upsert(BM25_ONLY, [chunk], None)
    assert (await store.query(BM25_ONLY, Query(store_id, "plain")))[0].chunk == chunk


async def test_more_chunks_than_fit_one_batch_all_arrive(store: VectorStore, store_id: str) -> None:
    chunks = make_chunks(store_id, [f"number {n}" for n in range(300)])
    await store.upsert(DENSE, chunks, unit_vectors(300))
    assert await store.count(DENSE, store_id) == 300
    hits = await store.query(DENSE, Query(store_id, "299", mode="bm25"))
    assert texts_of(hits) == ["number 299"]


async def test_writing_nothing_is_fine(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, [], unit_vectors(0))
    assert await store.count(DENSE, store_id) == 0


async def test_counts_are_per_store_and_document(store: VectorStore, store_id: str) -> None:
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["a", "b"], "file-1"), None)
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["c"], "file-2"), None)
    assert await store.count(BM25_ONLY, store_id) == 3
    assert await store.count(BM25_ONLY, store_id, "file-1") == 2
    assert await store.count(BM25_ONLY, store_id, "file-3") == 0


async def test_counts_can_be_of_one_version(store: VectorStore, store_id: str) -> None:
    chunks = [
        make_chunk(store_id, "words", index=index, version=version) for version in (1, 2) for index in range(version)
    ]
    await store.upsert(BM25_ONLY, chunks, None)
    assert await store.count(BM25_ONLY, store_id, "file-1", 2) == 2
    assert await store.count(BM25_ONLY, store_id, "file-1", version=1) == 1
    assert await store.count(BM25_ONLY, store_id, version=3) == 0


async def test_deleting_a_document_leaves_the_others(store: VectorStore, store_id: str) -> None:
    other = f"{store_id}_other"
    for owner, document in ((store_id, "file-1"), (store_id, "file-2"), (other, "file-1")):
        await store.upsert(BM25_ONLY, make_chunks(owner, ["words"], document), None)
    await store.delete_document(BM25_ONLY, store_id, "file-1")
    assert await store.count(BM25_ONLY, store_id) == 1
    assert await store.count(BM25_ONLY, other) == 1


async def test_deleting_a_document_can_take_one_version_only(store: VectorStore, store_id: str) -> None:
    for version in (1, 2, 3):
        await store.upsert(BM25_ONLY, [make_chunk(store_id, "words", version=version)], None)
    await store.delete_document(BM25_ONLY, store_id, "file-1", version=2)
    hits = await store.query(BM25_ONLY, Query(store_id, "words"))
    assert sorted(hit.chunk.version for hit in hits) == [1, 3]


async def test_deleting_a_store_leaves_the_others(store: VectorStore, store_id: str) -> None:
    other = f"{store_id}_other"
    for owner in (store_id, other):
        await store.upsert(BM25_ONLY, make_chunks(owner, ["words"]), None)
    await store.delete_store(BM25_ONLY, store_id)
    assert await store.count(BM25_ONLY, store_id) == 0
    assert await store.count(BM25_ONLY, other) == 1


async def test_setting_attributes_replaces_them_on_one_document(store: VectorStore, store_id: str) -> None:
    for document in ("file-1", "file-2"):
        chunks = [make_chunk(store_id, "words", document, index, attributes={"old": "yes"}) for index in range(2)]
        await store.upsert(BM25_ONLY, chunks, None)
    await store.set_attributes(BM25_ONLY, store_id, "file-1", {"new": 1.5})
    assert await matching(store, BM25_ONLY, store_id, Compare("old", "eq", "yes")) == set()
    hits = await store.query(BM25_ONLY, Query(store_id, "words"))
    assert {(hit.chunk.document_id, *hit.chunk.attributes.items()) for hit in hits} == {
        ("file-1", ("new", 1.5)),
        ("file-2", ("old", "yes")),
    }


@pytest.mark.parametrize(
    "vectors",
    [
        None,
        np.ones((1, 4), dtype=np.float32),
        np.ones((2, 3), dtype=np.float32),
        np.ones(8, dtype=np.float32),
        np.array([[1, 0, 0, 0], [np.nan, 0, 0, 0]], dtype=np.float32),
        np.array([[1, 0, 0, 0], [np.inf, 0, 0, 0]], dtype=np.float32),
    ],
    ids=["missing", "too few", "too short", "flat", "nan", "infinite"],
)
async def test_wrong_vectors_are_refused_and_nothing_is_written(
    store: VectorStore, store_id: str, vectors: Vectors | None
) -> None:
    await store.ensure_collection(DENSE)
    with pytest.raises(InvalidVectorError):
        await store.upsert(DENSE, make_chunks(store_id, ["one", "two"]), vectors)
    assert await store.count(DENSE, store_id) == 0


async def test_vectors_are_refused_where_there_are_none(store: VectorStore, store_id: str) -> None:
    with pytest.raises(InvalidVectorError):
        await store.upsert(BM25_ONLY, make_chunks(store_id, ["one"]), unit_vectors(1))


async def test_a_collection_may_be_made_many_times_at_once(store: VectorStore, store_id: str) -> None:
    fresh = Collection(f"model of {store_id}", 3)
    await asyncio.gather(*(store.ensure_collection(fresh) for _ in range(5)))
    await store.upsert(fresh, make_chunks(store_id, ["one"]), np.ones((1, 3), dtype=np.float32))
    await store.ensure_collection(fresh)
    assert await store.count(fresh, store_id) == 1


async def test_models_of_different_length_do_not_meet(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, ["one"]), unit_vectors(1))
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["one", "two"]), None)
    assert await store.count(DENSE, store_id) == 1
    assert await store.count(BM25_ONLY, store_id) == 2
