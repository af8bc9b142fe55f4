"""What a key may not see is not there, and searches find the same whichever way they come."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from openai import NotFoundError, OpenAI, PermissionDeniedError

from tests.openai_sdk.conftest import House, client_of, filled_store
from tests.openai_sdk.witness import Witness


@pytest.fixture(scope="module")
def stores(house: House) -> tuple[str, str]:
    return filled_store(house, "mine"), filled_store(house, "theirs")


@pytest.fixture
def limited(house: House, witness: Witness, stores: tuple[str, str]) -> Iterator[OpenAI]:
    """The SDK with a key for the first store alone."""
    key = house.holders.key("documents", "search", stores=[stores[0]])["key"]
    yield from client_of(house, witness, key)


def test_what_is_elsewhere_is_not_there(client: OpenAI, limited: OpenAI, stores: tuple[str, str]) -> None:
    mine, theirs = stores
    their_file = client.vector_stores.files.list(theirs).data[0].id
    tools: Any = [{"type": "file_search", "vector_store_ids": [theirs]}]
    refused: tuple[Callable[[], object], ...] = (
        lambda: limited.vector_stores.retrieve(theirs),
        lambda: limited.vector_stores.update(theirs, name="x"),
        lambda: limited.vector_stores.search(theirs, query="bees"),
        lambda: limited.vector_stores.files.list(theirs),
        lambda: limited.vector_stores.files.retrieve(their_file, vector_store_id=theirs),
        lambda: limited.vector_stores.files.create(mine, file_id=their_file),
        lambda: limited.vector_stores.file_batches.create(mine, file_ids=[their_file]),
        lambda: limited.files.retrieve(their_file),
        lambda: limited.files.content(their_file),
        lambda: limited.files.delete(their_file),
        lambda: limited.responses.create(model="gpt-4o-mini", input="x", tools=tools),
        lambda: limited.chat.completions.create(model="store/theirs", messages=[{"role": "user", "content": "x"}]),
        lambda: limited.models.retrieve("store/theirs"),
    )
    for number, call in enumerate(refused):
        with pytest.raises(NotFoundError) as error:
            call()
        assert error.value.status_code == 404, number
    assert [each.id for each in limited.vector_stores.list()] == [mine]


def test_a_limited_key_works_in_its_own_store(limited: OpenAI, stores: tuple[str, str]) -> None:
    mine, _ = stores
    file = limited.vector_stores.files.upload_and_poll(vector_store_id=mine, file=("own.txt", b"An own file."))
    assert limited.files.retrieve(file.id).filename == "own.txt"
    assert file.id in {each.id for each in limited.files.list()}
    assert limited.vector_stores.search(mine, query="own file").data[0].filename == "own.txt"
    with pytest.raises(PermissionDeniedError):
        limited.vector_stores.create(name="another")
    limited.files.delete(file.id)


@pytest.mark.parametrize("query", ["How many bees does a hive have?", "moon", "nothing like it"])
def test_the_sdk_finds_what_the_native_search_finds(
    house: House, client: OpenAI, stores: tuple[str, str], query: str
) -> None:
    native = house.holders.admin.post("/search", json={"query": query, "store": stores[0], "limit": 5}).json()["data"]
    found = client.vector_stores.search(stores[0], query=query, max_num_results=5).data
    assert [(hit["chunk_id"], hit["score"], hit["text"]) for hit in native] == [
        ((hit.model_extra or {})["chunk_id"], hit.score, hit.content[0].text) for hit in found
    ]
