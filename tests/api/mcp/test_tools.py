"""The official client of the Model Context Protocol against a running service, by either of its protocols."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait

pytestmark = pytest.mark.anyio

LENDING = b"# Lending\n\nA telescope may be borrowed for two weeks. Bring it back clean.\n"
PARKING = b"# Parking\n\nCars stand behind the observatory, never in front of it.\n"


class Library:
    """A service with two stores, and keys for them."""

    def __init__(self, keys: Keyholders) -> None:
        self.address = keys.address
        self.stores = {name: self._store(keys, name, text) for name, text in [("loans", LENDING), ("cars", PARKING)]}
        self.key = keys.key("search")["key"]
        self.key_for_cars = keys.key("search", stores=["cars"])["key"]
        self.key_for_uploads = keys.key("documents")["key"]
        self.key_for_one_call = keys.key("search", requests_per_minute=1)["key"]

    @staticmethod
    def _store(keys: Keyholders, name: str, text: bytes) -> str:
        assert keys.admin.post("/stores", json={"name": name}).status_code == 201
        (document,) = add_and_wait(keys.admin, {f"{name}.md": text}, store=name)
        return str(document["id"])

    @asynccontextmanager
    async def client(self, key: str | None = None, mode: Any = "auto") -> AsyncIterator[Client]:
        """The official client, with a key."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        async with httpx2.AsyncClient(headers=headers, timeout=30) as http:
            transport = streamable_http_client(f"{self.address}/mcp", http_client=http)
            async with Client(transport, mode=mode) as client:
                yield client


@pytest.fixture(scope="module")
def library(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as keys:
        yield Library(keys)


def given(result: Any) -> dict[str, Any]:
    """What a tool gave, which is told in two ways."""
    assert not result.is_error, result.content
    (content,) = result.content
    assert json.loads(content.text) == result.structured_content
    return dict(result.structured_content)


def failure(result: Any) -> str:
    """What a tool says of its failure."""
    assert result.is_error
    assert result.structured_content is None
    return str(result.content[0].text)


@pytest.mark.parametrize("mode", ["auto", "legacy"])
async def test_the_client_finds_the_three_tools_and_calls_one(library: Library, mode: str) -> None:
    async with library.client(mode=mode) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert set(tools) == {"search", "fetch", "ask"}
        assert tools["search"].input_schema["required"] == ["query"]
        assert all(tool.annotations and tool.annotations.read_only_hint for tool in tools.values())
        assert all(tool.output_schema and tool.output_schema["type"] == "object" for tool in tools.values())
        found = given(await client.call_tool("search", {"query": "How long may a telescope be borrowed?"}))
    best = found["results"][0]
    assert "two weeks" in best["text"]
    assert {"id", "title", "url"} <= set(best)
    assert best["title"] == "loans.md › Lending"


async def test_what_is_found_can_be_fetched_by_its_id_and_read_at_its_address(library: Library) -> None:
    async with library.client() as client:
        best = given(await client.call_tool("search", {"query": "borrowed telescope", "store": "loans"}))["results"][0]
        fetched = given(await client.call_tool("fetch", {"id": best["id"]}))
        same = given(await client.call_tool("fetch", {"id": best["document_id"]}))
    assert set(fetched) == {"id", "title", "text", "url", "metadata"}
    assert fetched["id"] == best["id"]
    assert fetched["text"][best["start"] : best["end"]] == best["text"]
    assert same["text"] == fetched["text"]
    assert fetched["metadata"]["document_id"] == library.stores["loans"]
    headers = {"Authorization": f"Bearer {library.key}"}
    assert httpx2.get(fetched["url"], headers=headers).text == fetched["text"]


async def test_an_answer_quotes_the_documents(library: Library) -> None:
    async with library.client() as client:
        answer = given(await client.call_tool("ask", {"question": "How long may a telescope be borrowed?"}))
        assert answer["answered"]
        quoted = answer["citations"][0]
        fetched = given(await client.call_tool("fetch", {"id": quoted["id"]}))
    assert fetched["text"][quoted["start"] : quoted["end"]] == quoted["quote"]
    assert f"[{quoted['number']}]" in answer["answer"]


async def test_a_key_for_one_store_finds_nothing_of_the_others(library: Library) -> None:
    async with library.client(library.key_for_cars) as client:
        found = given(await client.call_tool("search", {"query": "telescope borrowed two weeks"}))
        assert {hit["filename"] for hit in found["results"]} <= {"cars.md"}
        named = await client.call_tool("search", {"query": "telescope", "store": "loans"})
        assert "There is no store 'loans'" in failure(named)
        fetched = await client.call_tool("fetch", {"id": library.stores["loans"]})
        assert "There is no document" in failure(fetched)


async def test_errors_are_told_in_a_form_that_a_model_can_read(library: Library) -> None:
    async with library.client() as client:
        assert "query" in failure(await client.call_tool("search", {"question": "which way?"}))
        assert "There is no document 'doc_0'" in failure(await client.call_tool("fetch", {"id": "doc_0"}))
        with pytest.raises(MCPError, match="search, fetch, ask"):
            await client.call_tool("delete", {})


async def test_only_calls_of_tools_count_against_the_limits_of_a_key(library: Library) -> None:
    async with library.client(library.key_for_one_call) as client:
        await client.list_tools()
        given(await client.call_tool("search", {"query": "telescope"}))
        assert "may use 1 requests a minute" in failure(await client.call_tool("search", {"query": "telescope"}))


def test_keys_are_asked_for_as_everywhere(library: Library) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accept = {"Accept": "application/json, text/event-stream"}
    for key, status in [(None, 401), (library.key_for_uploads, 403), (library.key, 200)]:
        headers = accept if key is None else {**accept, "Authorization": f"Bearer {key}"}
        assert httpx2.post(f"{library.address}/mcp", json=message, headers=headers).status_code == status


def test_there_is_no_stream_to_wait_at(library: Library) -> None:
    headers = {"Authorization": f"Bearer {library.key}", "Accept": "text/event-stream"}
    assert httpx2.get(f"{library.address}/mcp", headers=headers).status_code == 405
