"""Answers under `/v1` where no chat model is set, for keys that may not see everything."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.api.openai.answers import QUESTION, filled
from tests.fakes.openai_server import FakeOpenAI

SENTENCE = "A telescope may be kept for three weeks."


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    folder = tmp_path_factory.mktemp("data")
    with guarded_service(folder, OPENAI_BASE_URL=upstream.base_url, FOOTNOTE_UPSTREAM_CHAT_MODEL="none") as opened:
        yield opened


@pytest.fixture(scope="module")
def stores(guarded: Keyholders) -> list[str]:
    """The ids of two stores with one file each."""
    for name in ("loans", "apart"):
        guarded.admin.post("/stores", json={"name": name}).raise_for_status()
    return [filled(guarded.admin, name)[0] for name in ("loans", "apart")]


@pytest.fixture(scope="module")
def limited(guarded: Keyholders, stores: list[str]) -> Iterator[httpx.Client]:
    """A client that may use the first store only, and no upstream."""
    with guarded.holder("search", stores=[stores[0]]) as client:
        yield client


def asked(*stores: str) -> dict[str, Any]:
    return {"input": QUESTION, "tools": [{"type": "file_search", "vector_store_ids": list(stores)}]}


def test_an_answer_without_a_chat_model_is_sentences_of_the_documents(limited: httpx.Client, stores: list[str]) -> None:
    response = limited.post("/v1/responses", json=asked(stores[0])).json()
    (part,) = response["output"][1]["content"]
    assert part["text"] == f"{SENTENCE} [1]"
    (annotation,) = part["annotations"]
    assert (annotation["quote"], annotation["index"]) == (SENTENCE, len(SENTENCE) + 1)
    assert response["usage"]["total_tokens"] == 0
    chat = {"model": "store/loans", "messages": [{"role": "user", "content": QUESTION}]}
    answer = limited.post("/v1/chat/completions", json=chat).json()
    assert answer["choices"][0]["message"]["content"] == f"{SENTENCE} [1]\n\n[1] loans.md"


def test_several_stores_are_searched_together_for_a_question_that_is_embedded_once(
    guarded: Keyholders, upstream: FakeOpenAI, stores: list[str]
) -> None:
    body = asked(*stores) | {"include": ["file_search_call.results"]}
    before = len(upstream.requests)
    response = guarded.admin.post("/v1/responses", json=body).json()
    found = {hit["document_id"] for hit in response["output"][0]["results"]}
    assert len(found) == 2
    assert [request.body["input"] for request in upstream.requests[before:]].count([QUESTION]) == 1


def test_a_store_that_a_key_may_not_see_is_not_there(limited: httpx.Client, stores: list[str]) -> None:
    assert limited.post("/v1/responses", json=asked(stores[1])).status_code == 404
    assert limited.post("/v1/responses", json=asked(*stores)).status_code == 404
    chat = {"model": "store/apart", "messages": [{"role": "user", "content": QUESTION}]}
    assert limited.post("/v1/chat/completions", json=chat).status_code == 404


def test_a_response_is_there_for_the_key_that_asked_and_for_admins(
    guarded: Keyholders, limited: httpx.Client, stores: list[str]
) -> None:
    path = "/v1/responses/" + limited.post("/v1/responses", json=asked(stores[0])).json()["id"]
    assert limited.get(path).status_code == 200
    assert guarded.admin.get(path).status_code == 200
    with guarded.holder("search") as other:
        assert [other.get(path).status_code, other.delete(path).status_code] == [404, 404]
        assert other.get(f"{path}/input_items").status_code == 404


def test_models_of_the_upstream_need_a_key_that_may_use_it(limited: httpx.Client, stores: list[str]) -> None:
    refused = limited.post("/v1/responses", json=asked(stores[0]) | {"model": "writer"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (403, "permission_denied")


def test_a_model_that_is_named_writes_even_where_none_is_set(
    guarded: Keyholders, upstream: FakeOpenAI, stores: list[str]
) -> None:
    response = guarded.admin.post("/v1/responses", json=asked(stores[0]) | {"model": "writer"}).json()
    assert upstream.requests[-1].body["model"] == "writer"
    assert response["output"][1]["content"][0]["annotations"]


def test_what_only_a_model_can_do_is_refused_without_one(limited: httpx.Client, stores: list[str]) -> None:
    body = asked(stores[0]) | {"text": {"format": {"type": "json_object"}}}
    response = limited.post("/v1/responses", json=body)
    assert (response.status_code, response.json()["error"]["code"]) == (400, "no_chat_model")
