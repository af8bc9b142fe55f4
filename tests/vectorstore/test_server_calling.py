"""Calls to a server that fails: what is tried again, and what the caller hears."""

import contextlib
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from settings.options import QdrantSettings
from tests.vectorstore.chunks import make_chunks
from vectorstore import Collection, VectorStoreError, VectorStoreUnavailableError, open_vector_store

pytestmark = pytest.mark.anyio

SECRET = "words of a document"


class Server(ThreadingHTTPServer):
    """Answers with these statuses, one after the other, the last one forever; 200 says that nothing exists."""

    daemon_threads = True

    def __init__(self, statuses: list[int]) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.statuses = statuses
        self.requests = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.may_answer.wait(20)
        status = self.server.statuses[min(self.server.requests, len(self.server.statuses) - 1)]
        self.server.requests += 1
        body = json.dumps({"result": {"exists": False}, "status": SECRET, "time": 0}).encode()
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "0")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        """Nothing on the terminal."""


@contextlib.contextmanager
def running(*statuses: int) -> Iterator[Server]:
    with Server(list(statuses)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.may_answer.set()
            server.shutdown()
            thread.join()


async def count(url: str, timeout_seconds: float = 10) -> int:
    options = QdrantSettings(url=url, prefer_grpc=False, timeout_seconds=timeout_seconds)
    async with open_vector_store(options, Path("unused")) as store:
        return await store.count(Collection("model", 4), "vs")


@pytest.mark.parametrize("status", [429, 500, 502, 503])
async def test_a_passing_failure_is_tried_again(status: int) -> None:
    with running(status, status, 200) as server:
        assert await count(server.url) == 0
        assert server.requests == 3


async def test_a_lasting_failure_is_reported_as_unavailable() -> None:
    with running(503) as server, pytest.raises(VectorStoreUnavailableError):
        await count(server.url)
    assert 2 <= server.requests <= 6


async def test_a_refusal_is_not_tried_again_and_its_text_not_repeated() -> None:
    with running(400) as server:
        with pytest.raises(VectorStoreError, match="HTTP 400") as caught:
            await count(server.url)
        assert not isinstance(caught.value, VectorStoreUnavailableError)
        assert SECRET not in str(caught.value)
        assert server.requests == 1


async def test_a_silent_server_is_given_up_after_the_timeout() -> None:
    with running(200) as server:
        server.may_answer.clear()
        with pytest.raises(VectorStoreUnavailableError, match="timeout_seconds"):
            await count(server.url, timeout_seconds=0.2)


@pytest.mark.parametrize("prefer_grpc", [True, False], ids=["grpc", "http"])
async def test_a_server_that_is_not_there_is_unavailable(prefer_grpc: bool, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound but not listening: connections are refused
        port = taken.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        options = QdrantSettings(url=url, grpc_port=port, prefer_grpc=prefer_grpc, timeout_seconds=5)
        async with open_vector_store(options, tmp_path) as store:
            with pytest.raises(VectorStoreUnavailableError):
                await store.check()
            with pytest.raises(VectorStoreUnavailableError):
                await store.upsert(Collection("bm25", 0), make_chunks("vs", ["text"]), None)
    assert list(tmp_path.iterdir()) == []
