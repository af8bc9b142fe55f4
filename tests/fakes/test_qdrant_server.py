"""The stand-in behaves as the Qdrant server it stands in for."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import numpy as np
import pytest

from settings.options import QdrantSettings
from tests.fakes.qdrant_server import FakeQdrant, Fault
from tests.vectorstore.chunks import make_chunks, texts_of, unit_vectors
from vectorstore import Collection, Query, VectorStore, open_vector_store

pytestmark = pytest.mark.anyio

MODEL = Collection("model", 4)
WRITER = """
import asyncio, sys
from pathlib import Path
import numpy as np
from settings.options import QdrantSettings
from tests.fakes.test_qdrant_server import MODEL, write
from vectorstore import open_vector_store

async def main(url, name):
    async with open_vector_store(QdrantSettings(url=url, prefer_grpc=False), Path("unused")) as store:
        for number in range(20):
            await write(store, f"{name}{number}")

asyncio.run(main(*sys.argv[1:]))
"""


def options(url: str, timeout_seconds: float = 20) -> QdrantSettings:
    return QdrantSettings(url=url, prefer_grpc=False, timeout_seconds=timeout_seconds)


async def write(store: VectorStore, document_id: str) -> None:
    texts = [f"{document_id} passage {n}" for n in range(3)]
    await store.upsert(MODEL, make_chunks("vs", texts, document_id), unit_vectors(3))


@contextmanager
def process(folder: Path) -> Iterator[tuple["subprocess.Popen[str]", str]]:
    arguments = [sys.executable, "-m", "tests.fakes.qdrant_server", "--folder", str(folder)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield server, server.stdout.readline().strip()
        finally:
            server.kill()


async def test_processes_share_it(tmp_path: Path) -> None:
    with process(tmp_path) as (_, url):
        writers = [await asyncio.create_subprocess_exec(sys.executable, "-c", WRITER, url, name) for name in ("a", "b")]
        assert [await writer.wait() for writer in writers] == [0, 0]
        async with open_vector_store(options(url), tmp_path) as store:
            assert await store.count(MODEL, "vs") == 2 * 20 * 3
            hits = await store.query(MODEL, Query("vs", "b7 passage", mode="bm25", limit=3))
            assert {hit.chunk.document_id for hit in hits} == {"b7"}


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
async def test_what_it_holds_outlives_it(tmp_path: Path, how: signal.Signals) -> None:
    with process(tmp_path) as (server, url):
        async with open_vector_store(options(url), tmp_path) as store:
            await write(store, "file")
        server.send_signal(how)
        server.wait()
    with FakeQdrant(tmp_path) as fake:
        async with open_vector_store(options(fake.url), tmp_path) as store:
            assert await store.count(MODEL, "vs", "file") == 3
            vector = np.array([0, 1, 0, 0], dtype=np.float32)
            hits = await store.query(MODEL, Query("vs", "", vector, mode="dense", limit=1))
            assert texts_of(hits) == ["file passage 1"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("GET", "/healthz", None, 200),
        ("GET", "/readyz", None, 200),
        ("GET", "/collections", None, 200),
        ("PUT", "/collections/there", {"vectors": {}}, 409),
        ("PUT", "/collections/odd", {"vectors": {}, "wrong": 1}, 400),
        ("GET", "/collections/absent", None, 404),
        ("DELETE", "/collections/absent", None, 200),
        ("POST", "/collections/absent/points/count", {}, 404),
        ("POST", "/collections/there/points/count", {"filter": {"most": []}}, 400),
        ("PUT", "/collections/there/points", {"points": [{"id": "no uuid", "vector": {}}]}, 400),
        ("PUT", "/collections/there/points", {"points": [{"id": 1, "vector": {"dense": [1.0]}}]}, 400),
        ("POST", "/collections/there/points/query", {"query": {"sample": "random"}}, 400),
        ("POST", "/collections/there/points/scroll", {"limit": 1}, 200),
    ],
)
def test_it_answers_as_a_server_does(tmp_path: Path, method: str, path: str, body: object, status: int) -> None:
    with FakeQdrant(tmp_path) as fake, httpx.Client(base_url=fake.url) as client:
        definition = {"vectors": {"dense": {"size": 4, "distance": "Cosine"}}}
        assert client.put("/collections/there", json=definition).status_code == 200
        assert client.request(method, path, json=body).status_code == status


def test_a_removed_collection_is_gone(tmp_path: Path) -> None:
    with FakeQdrant(tmp_path) as fake, httpx.Client(base_url=fake.url) as client:
        client.put("/collections/short-lived", json={"sparse_vectors": {"words": {}}}).raise_for_status()
        assert client.delete("/collections/short-lived").json()["result"] is True
        assert client.get("/collections").json()["result"] == {"collections": []}
    assert list(tmp_path.iterdir()) == []


def test_it_fails_as_often_as_it_is_told_to(tmp_path: Path) -> None:
    with FakeQdrant(tmp_path) as fake, httpx.Client(base_url=fake.url, timeout=5) as client:
        client.post("/_faults", json=[{"kind": "status", "status": 503, "times": 2, "path": "/collections"}])
        statuses = [
            client.get(path).status_code for path in ("/readyz", "/collections", "/collections", "/collections")
        ]
        assert statuses == [200, 503, 503, 200]
        fake.fail(Fault("reset"))
        with pytest.raises(httpx.TransportError):
            client.get("/readyz")
        fake.fail(Fault("stall", times=-1))
        with pytest.raises(httpx.ReadTimeout):
            client.get("/readyz", timeout=0.1)
        client.delete("/_faults")
        assert client.get("/readyz").status_code == 200
        assert client.get("/_calls").json().count("GET /collections") == 3


async def test_clients_that_vanish_do_it_no_harm(tmp_path: Path) -> None:
    with FakeQdrant(tmp_path) as fake:
        fake.fail(Fault("stall", times=3))
        port = int(fake.url.rpartition(":")[2])
        for sent in (
            b"GET /readyz HTTP/1.1\r\nhost: a\r\n\r\n",
            b"PUT /collections/x HTTP/1.1\r\ncontent-length: 99\r\n\r\n{",
        ):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            await writer.drain()
            writer.transport.abort()
        fake.recover()
        async with open_vector_store(options(fake.url), tmp_path) as store:
            await write(store, "file")
            assert await store.count(MODEL, "vs") == 3
