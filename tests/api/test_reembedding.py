"""Changing a store's model over HTTP."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait

FILES = {f"{number}.txt": f"The dome of observatory {number} opens at dusk.".encode() for number in range(5)}
_PATIENCE_SECONDS = 60.0


def reaches(http: httpx.Client, store: str, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        change = dict(http.get(f"/stores/{store}/reembed").raise_for_status().json())
        if condition(change):
            return change
        time.sleep(0.05)
    message = f"{store} is still {change}"
    raise AssertionError(message)


def names(http: httpx.Client, store: str) -> list[str]:
    found = http.post("/search", json={"query": "dome", "store": store}).raise_for_status().json()["data"]
    return sorted(hit["filename"] for hit in found)


def test_a_store_changes_to_another_model(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    add_and_wait(http, FILES, store=store)
    before = http.get(f"/stores/{store}").json()
    idle = http.get(f"/stores/{store}/reembed").raise_for_status().json()
    assert (idle["status"], idle["next_embedding_model"], idle["documents"]["total"]) == ("idle", None, 5)

    started = http.post(f"/stores/{store}/reembed", json={"embedding_model": "text-embedding-3-large"})
    assert started.status_code == 202, started.text
    assert started.json()["status"] == "in_progress"
    assert started.json()["next_embedding_model"] == "text-embedding-3-large"
    assert names(http, store) == sorted(FILES)
    done = reaches(http, store, lambda change: change["status"] == "idle")
    assert (done["embedding_model"], done["next_embedding_model"]) == ("text-embedding-3-large", None)
    after = http.get(f"/stores/{store}").json()
    assert after["embedding_model"] == "text-embedding-3-large" != before["embedding_model"]
    assert after["documents"] == before["documents"]
    assert names(http, store) == sorted(FILES)
    assert "text-embedding-3-large" in {request.body["model"] for request in upstream.requests}


def test_documents_that_hold_a_change_up_are_named_and_it_can_be_given_up(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    added = add_and_wait(http, FILES, store=store)
    path, model = f"/stores/{store}/reembed", http.get(f"/stores/{store}").json()["embedding_model"]
    character = upstream.character
    upstream.character = replace(character, refused_text=FILES["3.txt"].decode())
    try:
        assert http.post(path, json={"embedding_model": "third-model"}).status_code == 202
        blocked = reaches(http, store, lambda change: change["status"] == "blocked")
    finally:
        upstream.character = character
    assert blocked["documents"] == {"total": 5, "completed": 4, "failed": 1}
    assert [(one["id"], one["filename"], one["code"]) for one in blocked["failed"]] == [
        (added[3]["id"], "3.txt", "embedding_failed")
    ]
    assert names(http, store) == sorted(FILES)
    assert http.post(path, json={"embedding_model": "fourth-model"}).json()["error"]["code"] == "change_under_way"
    given_up = http.delete(path).raise_for_status().json()
    assert (given_up["status"], given_up["embedding_model"], given_up["failed"]) == ("idle", model, [])
    assert names(http, store) == sorted(FILES)


def test_a_change_to_words_alone_and_its_refusals(http: httpx.Client, store: str) -> None:
    add_and_wait(http, FILES, store=store)
    model = http.get(f"/stores/{store}").json()["embedding_model"]
    path = f"/stores/{store}/reembed"
    for answer, status, code in (
        (http.post(path, json={"embedding_model": model}), 409, "same_model"),
        (http.delete(path), 409, "no_change"),
        (http.get("/stores/nowhere/reembed"), 404, "store_not_found"),
        (http.post("/stores/nowhere/reembed", json={"embedding_model": "bm25"}), 404, "store_not_found"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert http.post(path, json={"embedding_model": "bm25"}).status_code == 202
    reaches(http, store, lambda change: change["embedding_model"] == "bm25")
    assert names(http, store) == sorted(FILES)
    back = http.post(path, json={"embedding_model": model})
    assert (back.status_code, back.json()["error"]["code"]) == (409, "still_removing")
