"""Calls to a server that fails: what is tried again, and what the caller hears."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from settings.options import QdrantSettings
from tests.fakes.qdrant_server import FakeQdrant, Fault
from tests.vectorstore.chunks import make_chunks, texts_of
from vectorstore import (
    Collection,
    Query,
    VectorStore,
    VectorStoreError,
    VectorStoreUnavailableError,
    open_vector_store,
)

pytestmark = pytest.mark.anyio

WORDS = Collection("bm25", 0)
FAILURES = [
    Fault("status", status=429),
    Fault("status", status=429, headers={"Retry-After": "0"}),
    Fault("status", status=429, headers={"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}),
    Fault("status", status=408),
    Fault("status", status=500),
    Fault("status", status=502),
    Fault("status", status=503),
    Fault("reset"),
    Fault("lost"),
]


def named(fault: Fault) -> str:
    return " ".join([fault.kind, str(fault.status if fault.kind == "status" else ""), *fault.headers.values()])


@pytest.fixture
def server(tmp_path: Path) -> Iterator[FakeQdrant]:
    with FakeQdrant(tmp_path) as fake:
        yield fake


def options(server: FakeQdrant, timeout_seconds: float = 20) -> QdrantSettings:
    return QdrantSettings(url=server.url, prefer_grpc=False, timeout_seconds=timeout_seconds)


@pytest.fixture
async def store(server: FakeQdrant, tmp_path: Path) -> AsyncIterator[VectorStore]:
    async with open_vector_store(options(server), tmp_path) as opened:
        await opened.ensure_collection(WORDS)
        server.calls.clear()
        yield opened


@pytest.mark.parametrize("fault", FAILURES, ids=named)
async def test_every_call_survives_a_failure_and_has_its_effect_once(
    server: FakeQdrant, store: VectorStore, fault: Fault
) -> None:
    chunks = make_chunks("vs", ["one", "two"])
    server.fail(fault)
    await store.upsert(WORDS, chunks, None)
    server.fail(fault)
    assert await store.count(WORDS, "vs") == 2
    server.fail(fault)
    assert texts_of(await store.query(WORDS, Query("vs", "two"))) == ["two"]
    server.fail(fault)
    await store.set_attributes(WORDS, "vs", "file-1", {"year": 2024})
    server.fail(fault)
    page = await store.scroll(WORDS, after=None, limit=5, with_vectors=False)
    assert [chunk.attributes for chunk in page.chunks] == [{"year": 2024}] * 2
    server.fail(fault)
    await store.delete_document(WORDS, "vs", "file-1")
    server.fail(fault)
    await store.check()
    assert await store.count(WORDS, "vs") == 0


@pytest.mark.parametrize("fault", [Fault("status"), Fault("reset")], ids=named)
async def test_making_a_collection_survives_failures(server: FakeQdrant, tmp_path: Path, fault: Fault) -> None:
    server.fail(fault, Fault("lost", method="PUT"), Fault("lost", path="/index"))
    async with open_vector_store(options(server), tmp_path) as store:
        await store.upsert(WORDS, make_chunks("vs", ["one"]), None)
        assert await store.count(WORDS, "vs") == 1


async def test_a_question_gives_up_after_a_few_tries(server: FakeQdrant, store: VectorStore) -> None:
    server.fail(Fault("status", times=-1))
    with pytest.raises(VectorStoreUnavailableError, match="does not answer"):
        await store.query(WORDS, Query("vs", "words"))
    assert 2 <= len(server.calls) <= 6


async def test_a_write_goes_on_until_the_server_is_back(server: FakeQdrant, store: VectorStore) -> None:
    server.fail(Fault("status", times=-1))
    writing = asyncio.create_task(store.upsert(WORDS, make_chunks("vs", ["one"]), None))
    done, _ = await asyncio.wait([writing], timeout=1.5)
    assert not done
    assert len(server.calls) > 4
    server.recover()
    await writing
    assert await store.count(WORDS, "vs") == 1


@pytest.mark.parametrize("fault", [Fault("status", times=-1), Fault("reset", times=-1)], ids=named)
async def test_a_write_ends_with_its_time(server: FakeQdrant, tmp_path: Path, fault: Fault) -> None:
    server.fail(fault)
    async with open_vector_store(options(server, timeout_seconds=0.5), tmp_path) as store:
        with pytest.raises(VectorStoreUnavailableError):
            await store.upsert(WORDS, make_chunks("vs", ["one"]), None)


async def test_a_pause_longer_than_the_time_that_is_left_is_not_begun(server: FakeQdrant, store: VectorStore) -> None:
    server.fail(Fault("status", times=-1, status=429, headers={"Retry-After": "3600"}))
    with pytest.raises(VectorStoreUnavailableError, match="does not answer"):
        await store.count(WORDS, "vs")
    assert len(server.calls) == 1


async def test_a_refusal_is_not_tried_again_and_its_text_not_repeated(server: FakeQdrant, store: VectorStore) -> None:
    server.fail(Fault("status", status=400))
    with pytest.raises(VectorStoreError, match="HTTP 400") as caught:
        await store.count(WORDS, "vs")
    assert not isinstance(caught.value, VectorStoreUnavailableError)
    assert "scripted failure" not in str(caught.value)
    assert len(server.calls) == 1


async def test_a_silent_server_is_given_up_after_the_timeout(server: FakeQdrant, tmp_path: Path) -> None:
    server.fail(Fault("stall", times=-1))
    async with open_vector_store(options(server, timeout_seconds=0.2), tmp_path) as store:
        with pytest.raises(VectorStoreUnavailableError, match="timeout_seconds"):
            await store.count(WORDS, "vs")


async def test_a_write_that_the_server_only_promises_is_sent_again(server: FakeQdrant, store: VectorStore) -> None:
    server.fail(Fault("promise", times=2, path="/points"))
    await store.upsert(WORDS, make_chunks("vs", ["one"]), None)
    assert server.calls.count(next(call for call in server.calls if call.startswith("PUT"))) == 3
    assert await store.count(WORDS, "vs") == 1


async def test_connections_are_used_again(server: FakeQdrant, store: VectorStore) -> None:
    for _ in range(10):
        await store.count(WORDS, "vs")
    assert server.connections == 1


@pytest.mark.parametrize("prefer_grpc", [True, False], ids=["grpc", "http"])
async def test_a_server_that_is_not_there_is_unavailable(prefer_grpc: bool, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        settings = QdrantSettings(url=url, grpc_port=port, prefer_grpc=prefer_grpc, timeout_seconds=1)
        async with open_vector_store(settings, tmp_path) as store:
            with pytest.raises(VectorStoreUnavailableError):
                await store.check()
            with pytest.raises(VectorStoreUnavailableError):
                await store.upsert(WORDS, make_chunks("vs", ["text"]), None)
    assert list(tmp_path.iterdir()) == []
