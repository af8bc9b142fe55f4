"""Reading a collection page by page, on every engine."""

from collections.abc import AsyncIterator

import numpy as np
import pytest

from tests.vectorstore.chunks import make_chunk, make_chunks, unit_vectors
from tests.vectorstore.conftest import BM25_ONLY, DENSE
from vectorstore import Chunk, Collection, Page, VectorStore

pytestmark = [pytest.mark.anyio, pytest.mark.filterwarnings("ignore:Payload indexes have no effect")]


async def pages(
    store: VectorStore,
    collection: Collection,
    *,
    store_id: str | None = None,
    document_id: str | None = None,
    version: int | None = None,
    limit: int = 7,
    with_vectors: bool = False,
) -> AsyncIterator[Page]:
    page = Page((), None, None)
    while True:
        page = await store.scroll(
            collection,
            store_id=store_id,
            document_id=document_id,
            version=version,
            after=page.after,
            limit=limit,
            with_vectors=with_vectors,
        )
        yield page
        if page.after is None:
            return


def by_id(chunks: list[Chunk]) -> list[Chunk]:
    return sorted(chunks, key=lambda chunk: chunk.id)


@pytest.mark.parametrize("limit", [1, 4, 5, 20, 21, 500])
async def test_every_chunk_comes_once_in_the_order_of_ids(store: VectorStore, store_id: str, limit: int) -> None:
    chunks = make_chunks(store_id, [f"text {n}" for n in range(20)])
    await store.upsert(BM25_ONLY, chunks, None)
    found = [page async for page in pages(store, BM25_ONLY, store_id=store_id, limit=limit)]
    assert [chunk for page in found for chunk in page.chunks] == by_id(chunks)
    assert all(len(page.chunks) <= limit and page.vectors is None for page in found)


async def test_many_chunks_come_whole_however_large_the_page(store: VectorStore, store_id: str) -> None:
    chunks = make_chunks(store_id, [f"text {n}" for n in range(300)])
    await store.upsert(BM25_ONLY, chunks, None)
    found = [page async for page in pages(store, BM25_ONLY, store_id=store_id, limit=1000)]
    assert [chunk for page in found for chunk in page.chunks] == by_id(chunks)


async def test_a_page_tells_documents_and_versions_apart(store: VectorStore, store_id: str) -> None:
    chunks = [
        make_chunk(store_id, "words", document, index, version=version)
        for document in ("file-1", "file-2")
        for version in (1, 2)
        for index in range(version)
    ]
    await store.upsert(BM25_ONLY, chunks, None)
    for document_id, version in ((None, None), ("file-1", None), ("file-1", 2), ("file-2", 1), (None, 1)):
        found = [
            chunk
            async for page in pages(store, BM25_ONLY, store_id=store_id, document_id=document_id, version=version)
            for chunk in page.chunks
        ]
        expected = [
            chunk for chunk in chunks if document_id in {None, chunk.document_id} and version in {None, chunk.version}
        ]
        assert found == by_id(expected)


async def test_vectors_come_back_in_their_direction_beside_their_chunks(store: VectorStore, store_id: str) -> None:
    chunks = make_chunks(store_id, [f"text {n}" for n in range(30)])
    vectors = np.random.default_rng(1).standard_normal((30, 4)).astype(np.float32) * 3
    await store.upsert(DENSE, chunks, vectors)
    directions = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    seen = 0
    async for page in pages(store, DENSE, store_id=store_id, with_vectors=True):
        assert page.vectors is not None
        assert page.vectors.dtype == np.float32
        assert page.vectors.shape == (len(page.chunks), 4)
        found = page.vectors / np.linalg.norm(page.vectors, axis=1, keepdims=True)
        np.testing.assert_allclose(found, directions[[chunk.index for chunk in page.chunks]], atol=1e-6)
        seen += len(page.chunks)
    assert seen == 30


async def test_vectors_are_left_out_unless_asked_for(store: VectorStore, store_id: str) -> None:
    await store.upsert(DENSE, make_chunks(store_id, ["one"]), unit_vectors(1))
    assert [page.vectors async for page in pages(store, DENSE, store_id=store_id)] == [None]


async def test_a_collection_without_vectors_has_none_to_give(store: VectorStore, store_id: str) -> None:
    await store.upsert(BM25_ONLY, make_chunks(store_id, ["one"]), None)
    assert [page.vectors async for page in pages(store, BM25_ONLY, store_id=store_id, with_vectors=True)] == [None]


async def test_writes_to_other_documents_move_nothing(store: VectorStore, store_id: str) -> None:
    kept = make_chunks(store_id, [f"text {n}" for n in range(40)], "kept")
    doomed = make_chunks(store_id, [f"text {n}" for n in range(40)], "doomed")
    await store.upsert(BM25_ONLY, [*kept, *doomed], None)
    found: list[Chunk] = []
    async for page in pages(store, BM25_ONLY, store_id=store_id, limit=10):
        found += [chunk for chunk in page.chunks if chunk.document_id == "kept"]
        if len(found) < 30:
            await store.upsert(
                BM25_ONLY, make_chunks(store_id, [f"more {n}" for n in range(9)], f"new{len(found)}"), None
            )
        await store.delete_document(BM25_ONLY, store_id, "doomed")
    assert found == by_id(kept)


async def test_without_a_store_the_whole_collection_is_read(store: VectorStore, store_id: str) -> None:
    fresh = Collection(f"model of {store_id}", 2)
    chunks = [*make_chunks(store_id, ["a", "b"]), *make_chunks(f"{store_id}_other", ["c"])]
    await store.upsert(fresh, chunks, unit_vectors(3, 2))
    assert [chunk async for page in pages(store, fresh) for chunk in page.chunks] == by_id(chunks)


async def test_a_collection_that_is_not_there_has_one_empty_page(store: VectorStore, store_id: str) -> None:
    absent = Collection(f"absent {store_id}", 4)
    page = await store.scroll(absent, after=None, limit=10, with_vectors=True)
    assert (list(page.chunks), page.after) == ([], None)
