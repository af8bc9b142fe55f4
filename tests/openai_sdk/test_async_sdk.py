"""The asynchronous Python SDK gets what the other one gets."""

from typing import Any

import httpx2
import pytest
from openai import AsyncOpenAI, DefaultAsyncHttpxClient

from tests.openai_sdk.conftest import House
from tests.openai_sdk.witness import Witness

pytestmark = pytest.mark.anyio
BEES = b"A hive in June has about forty thousand bees."


async def test_a_store_is_filled_searched_and_asked(house: House, witness: Witness) -> None:
    async def see(response: httpx2.Response) -> None:
        await response.aread()
        witness.see(response)

    http = DefaultAsyncHttpxClient(event_hooks={"response": [see]})
    async with AsyncOpenAI(
        base_url=house.base_url, api_key=house.key, max_retries=0, http_client=http, _strict_response_validation=True
    ) as client:
        store = (await client.vector_stores.create(name="asynchronous")).id
        first = await client.vector_stores.files.upload_and_poll(vector_store_id=store, file=("bees.txt", BEES))
        assert first.status == "completed"
        batch = await client.vector_stores.file_batches.upload_and_poll(
            store, files=[("a.txt", b"A is first."), ("b.txt", b"B is second.")]
        )
        assert batch.file_counts.completed == 2
        upload = await client.uploads.upload_file_chunked(
            file=BEES, filename="c.txt", bytes=len(BEES), mime_type="text/plain", purpose="assistants", part_size=20
        )
        assert upload.file is not None
        assert (await client.files.content(upload.file.id)).content == BEES
        assert len([file async for file in client.vector_stores.files.list(store, limit=1)]) == 3
        hits = [hit async for hit in client.vector_stores.search(store, query="hive", max_num_results=2)]
        assert hits[0].filename == "bees.txt"
        tools: Any = [{"type": "file_search", "vector_store_ids": [store]}]
        async with client.responses.stream(model="chat", input="How many bees?", tools=tools) as stream:
            assert [event.type async for event in stream][-1] == "response.completed"
        await client.vector_stores.delete(store)
