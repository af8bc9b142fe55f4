"""Many processes that use one server: here, as many vector stores with nothing in common but its address."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest

from settings.options import QdrantSettings
from tests.fakes.qdrant_server import FakeQdrant
from tests.vectorstore.chunks import make_chunk, make_chunks, matching, unit_vectors, write_documents
from vectorstore import Collection, Compare, DimensionMismatchError, VectorStore, VectorStoreUnavailableError
from vectorstore import open_vector_store as opened
from vectorstore.naming import collection_name
from vectorstore.server.schema import FIELD_INDEXES, MAX_ATTRIBUTE_INDEXES

pytestmark = pytest.mark.anyio

MODEL = Collection("model", 4)
WORKERS = 4


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeQdrant]:
    with FakeQdrant(tmp_path) as fake:
        yield fake


@pytest.fixture
async def stores(server: FakeQdrant, tmp_path: Path) -> AsyncIterator[list[VectorStore]]:
    options = QdrantSettings(url=server.url, prefer_grpc=False)
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(opened(options, tmp_path)) for _ in range(WORKERS)]


def indexes(server: FakeQdrant, collection: Collection = MODEL) -> set[str]:
    info = httpx.get(f"{server.url}/collections/{collection_name(collection)}").json()
    return set(info["result"]["payload_schema"])


def change(server: FakeQdrant, method: str, definition: object = None) -> None:
    path = f"{server.url}/collections/{collection_name(MODEL)}"
    httpx.request(method, path, json=definition).raise_for_status()


async def test_all_may_make_a_collection_at_the_same_time(server: FakeQdrant, stores: list[VectorStore]) -> None:
    for round_number in range(5):
        fresh = Collection(f"model {round_number}", 4)
        await asyncio.gather(*(store.ensure_collection(fresh) for store in stores))
        assert indexes(server, fresh) == set(FIELD_INDEXES)


async def test_all_may_write_the_first_document_at_the_same_time(stores: list[VectorStore]) -> None:
    await asyncio.gather(
        *(
            store.upsert(MODEL, make_chunks("vs", ["a", "b"], f"file-{number}"), unit_vectors(2))
            for number, store in enumerate(stores)
        )
    )
    assert [await store.count(MODEL, "vs") for store in stores] == [2 * WORKERS] * WORKERS


async def test_a_collection_that_another_left_half_made_is_finished(
    server: FakeQdrant, stores: list[VectorStore]
) -> None:
    definition = {
        "vectors": {"dense": {"size": 4, "distance": "Cosine"}},
        "sparse_vectors": {"bm25": {"modifier": "idf"}},
    }
    change(server, "PUT", definition)
    assert await stores[0].count(MODEL, "vs") == 0
    assert indexes(server) == set()
    await stores[0].ensure_collection(MODEL)
    assert indexes(server) == set(FIELD_INDEXES)


async def test_a_collection_of_other_vectors_is_refused(server: FakeQdrant, stores: list[VectorStore]) -> None:
    definition = {"vectors": {"dense": {"size": 5, "distance": "Cosine"}}}
    change(server, "PUT", definition)
    with pytest.raises(DimensionMismatchError):
        await stores[0].ensure_collection(MODEL)


async def test_there_are_never_more_indexes_than_allowed_in_all(server: FakeQdrant, stores: list[VectorStore]) -> None:
    await stores[0].ensure_collection(MODEL)
    for number, store in enumerate(stores):
        attributes = {f"key-{number}-{index}": index for index in range(MAX_ATTRIBUTE_INDEXES // 3)}
        await store.upsert(MODEL, [make_chunk("vs", "words", f"f{number}", attributes=attributes)], unit_vectors(1))
    assert len(indexes(server)) == len(FIELD_INDEXES) + MAX_ATTRIBUTE_INDEXES


async def test_what_one_writes_others_find_by_its_attributes(stores: list[VectorStore]) -> None:
    for number, store in enumerate(stores):
        await write_documents(store, MODEL, "vs", {f"file-{number}": {"worker": number}})
    for store in stores:
        assert await matching(store, MODEL, "vs", Compare("worker", "gte", 2)) == {"file-2", "file-3"}


async def test_a_collection_that_was_removed_is_made_again(server: FakeQdrant, stores: list[VectorStore]) -> None:
    store = stores[0]
    await store.upsert(MODEL, make_chunks("vs", ["a", "b"]), unit_vectors(2))
    change(server, "DELETE")
    with pytest.raises(VectorStoreUnavailableError, match="lost"):
        await store.count(MODEL, "vs")
    assert await store.count(MODEL, "vs") == 0
    await store.upsert(MODEL, make_chunks("vs", ["a"]), unit_vectors(1))
    assert await store.count(MODEL, "vs") == 1
    assert indexes(server) == set(FIELD_INDEXES)
