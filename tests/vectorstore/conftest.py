"""The engines that the contract is tested on, opened once for all tests; tests keep apart by their stores' names."""

import itertools
import os
from collections.abc import AsyncIterator

import pytest
from qdrant_client import AsyncQdrantClient

from settings.options import QdrantSettings
from tests.fakes.qdrant_server import FakeQdrant
from vectorstore import Collection, VectorStore, open_vector_store
from vectorstore.server.store import ServerVectorStore

DENSE = Collection("acme/contract-model", 4)
BM25_ONLY = Collection("bm25", 0)


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session", params=["embedded", "in-memory", "stand-in", "server"])
async def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[VectorStore]:
    if request.param == "embedded":
        async with open_vector_store(QdrantSettings(), tmp_path_factory.mktemp("vectors")) as embedded:
            yield embedded
    elif request.param == "in-memory":
        client = AsyncQdrantClient(":memory:")
        yield ServerVectorStore(client, QdrantSettings())
        await client.close()
    elif request.param == "stand-in":
        with FakeQdrant(tmp_path_factory.mktemp("qdrant")) as fake:
            options = QdrantSettings(url=fake.url, prefer_grpc=False)
            async with open_vector_store(options, tmp_path_factory.mktemp("unused")) as server:
                yield server
    else:
        url = os.environ.get("QDRANT_URL")
        if url is None:
            pytest.skip("QDRANT_URL names no Qdrant server to test against")
        async with open_vector_store(QdrantSettings(url=url), tmp_path_factory.mktemp("unused")) as server:
            yield server


_numbers = itertools.count()


@pytest.fixture
def store_id() -> str:
    """A store that no other test uses, in this run or another one against the same server."""
    return f"vs_{os.getpid()}_{next(_numbers)}"
