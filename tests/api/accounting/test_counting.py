"""Every request that Footnote answers itself leaves an entry, however it ends."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.types import Message

from api import errors
from api.accounting.counting import Counting
from api.accounting.entry import Entry
from api.callers import Caller
from api.errors import not_found
from upstream.metering import Use, count_reported, note_answer

pytestmark = pytest.mark.anyio


@dataclass
class Books:
    """Takes the place of ledger and limits."""

    entries: list[Entry] = field(default_factory=list)
    tokens: list[tuple[str | None, int]] = field(default_factory=list)

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def spent(self, caller: Caller, tokens: int) -> None:
        self.tokens.append((caller.key_id, tokens))


app = FastAPI()
errors.install(app)
app.add_middleware(Counting)


@app.get("/stores/{store_id}")
async def store(store_id: str) -> dict[str, str]:
    return {"id": store_id}


@app.post("/tool")
async def tool(request: Request) -> dict[str, bool]:
    request.state.error = "store_not_found"
    return {"isError": True}


@app.post("/missing")
async def missing() -> None:
    raise not_found("store", "secret name")


@app.post("/broken")
async def broken() -> None:
    message = "zanzibar"
    raise ZeroDivisionError(message)


@app.post("/ask")
async def ask(request: Request) -> StreamingResponse:
    body = await request.body()

    async def stream() -> AsyncIterator[str]:
        count_reported("embedder", {"prompt_tokens": 3})
        yield "event: passages\ndata: {}\n\n"
        await asyncio.sleep(0)
        note_answer("default", "alias", "writer", 2)
        count_reported("alias", {"prompt_tokens": 100, "completion_tokens": 20})
        if body == b"fail":
            yield f"event: error\ndata: {json.dumps({'error': {'code': 'upstream_failed'}})}\n\n"
        if body == b"response":
            failed = {"type": "response.failed", "response": {"error": {"code": "server_error", "message": "zanzibar"}}}
            yield f"event: response.failed\ndata: {json.dumps(failed)}\n\n"
        while body == b"endless":
            yield "event: delta\ndata: {}\n\n"

    return StreamingResponse(stream(), media_type="text/event-stream")


async def served(
    method: str, path: str, body: bytes = b"", *, leaves_after: int | None = None, books: Books | None = None
) -> tuple[Books, Sequence[Message]]:
    """What is in the books after one request, and what was sent; the client may leave after some messages."""
    books, sent = books or Books(), list[Message]()
    services = SimpleNamespace(ledger=books, limits=books)
    state = {"caller": Caller("key_a"), "request_id": "req_1", "services": services}
    incoming = [{"type": "http.request", "body": body, "more_body": False}]
    gone = asyncio.Event()

    async def receive() -> Message:
        if incoming:
            return incoming.pop()
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)
        if leaves_after is not None and len(sent) >= leaves_after:
            gone.set()
        await asyncio.sleep(0)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"q=secret",
        "headers": [],
        "state": state,
        "http_version": "1.1",
        "scheme": "http",
        "server": ("x", 80),
    }
    await app(scope, receive, send)
    return books, sent


async def entry_of(*arguments: Any, **options: Any) -> Entry:
    books, _ = await served(*arguments, **options)
    (entry,) = books.entries
    return entry


async def test_an_answer_is_counted_under_its_route_without_names() -> None:
    entry = await entry_of("GET", "/stores/secret")
    assert (entry.endpoint, entry.status, entry.error) == ("GET /stores/{id}", 200, None)
    assert (entry.key_id, entry.request_id) == ("key_a", "req_1")
    assert (entry.model, list(entry.uses), entry.streamed) == (None, [], False)
    assert entry.response_bytes == len(b'{"id":"secret"}')
    assert entry.first_byte_seconds is not None
    assert 0 < entry.first_byte_seconds <= entry.seconds


@pytest.mark.parametrize("path", ["/no/such/path", "/stores/secret/nothing"])
async def test_paths_that_lead_nowhere_are_counted_as_one(path: str) -> None:
    entry = await entry_of("GET", path)
    assert (entry.endpoint, entry.status) == ("GET (nothing there)", 404)


async def test_methods_that_clients_invent_are_counted_as_one() -> None:
    assert (await entry_of("EVIL", "/stores/a")).endpoint.startswith("OTHER ")


async def test_a_refusal_is_counted_with_its_code() -> None:
    entry = await entry_of("POST", "/missing", b"12345")
    assert (entry.status, entry.error, entry.request_bytes) == (404, "store_not_found", 0)


async def test_a_failure_nobody_foresaw_is_counted_and_still_raised() -> None:
    books = Books()
    with pytest.raises(ZeroDivisionError):
        await served("POST", "/broken", books=books)
    (entry,) = books.entries
    assert (entry.endpoint, entry.status, entry.error) == ("POST /broken", 500, "internal_error")


async def test_tokens_of_a_stream_are_counted_by_model_and_against_the_limits() -> None:
    books, _ = await served("POST", "/ask", b"What?")
    (entry,) = books.entries
    assert (entry.status, entry.error, entry.streamed, entry.request_bytes) == (200, None, True, 5)
    assert (entry.model, entry.upstream, entry.retries) == ("writer", "default", 1)
    assert (entry.input_tokens, entry.output_tokens) == (103, 20)
    assert list(entry.uses) == [Use("embedder", 3), Use("writer", 100, 0, 20)]
    assert books.tokens == [("key_a", 123)]


@pytest.mark.parametrize(("body", "code"), [(b"fail", "upstream_failed"), (b"response", "server_error")])
async def test_a_stream_that_breaks_off_is_counted_with_its_code(body: bytes, code: str) -> None:
    entry = await entry_of("POST", "/ask", body)
    assert (entry.status, entry.error) == (200, code)


async def test_what_failed_under_a_good_status_is_counted_with_its_code() -> None:
    entry = await entry_of("POST", "/tool")
    assert (entry.status, entry.error) == (200, "store_not_found")


async def test_a_client_that_leaves_is_counted_with_what_was_used_until_then() -> None:
    async with asyncio.timeout(10):
        entry = await entry_of("POST", "/ask", b"endless", leaves_after=4)
    assert (entry.status, entry.model, entry.output_tokens) == (499, "writer", 20)


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/docs", "/openapi.json"])
async def test_what_machines_ask_for_all_the_time_is_not_counted(path: str) -> None:
    books, _ = await served("GET", path)
    assert not books.entries
