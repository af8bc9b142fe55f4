"""Searches and answers whose hits are reranked, thinned out, or found by several queries."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait, service, settings_for

FILES = {
    "pond.md": b"# Pond\n\nThe pond by the telescope is deep.\n",
    "loans.md": b"# Loans\n\nA telescope may be kept for three weeks.\n",
    "keys.md": b"# Keys\n\nKeys of the telescope hang in the hall.\n",
}
QUERY = {"query": "telescope", "store": "default"}
EMBEDDED = Behaviour("slow_stream", seconds=0)
"""What the embedding of the question meets: nothing."""


@pytest.fixture(scope="module")
def http(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    folder: Path = tmp_path_factory.mktemp("data")
    settings = settings_for(
        folder,
        OPENAI_BASE_URL=upstream.base_url,
        FOOTNOTE_UPSTREAM_MAX_RETRIES="0",
        FOOTNOTE_USAGE_FLUSH_SECONDS="0.05",
        FOOTNOTE_SEARCH_RERANK="upstream",
        FOOTNOTE_SEARCH_RERANK_MODEL="ranker",
    )
    with service(settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        add_and_wait(client, FILES)
        yield client


@pytest.fixture(autouse=True)
def _nothing_seen(upstream: FakeOpenAI) -> None:
    upstream.requests.clear()


def reply(*scores: float) -> Behaviour:
    """The reranker's scores, hit by hit."""
    results = [{"index": index, "relevance_score": score} for index, score in enumerate(scores)]
    return Behaviour("reply", body={"results": results, "usage": {"total_tokens": 40}})


def search(http: httpx.Client, **more: Any) -> dict[str, Any]:
    return dict(http.post("/search", json=QUERY | more).raise_for_status().json())


def files(answer: dict[str, Any]) -> list[str]:
    return [hit["filename"] for hit in answer["data"]]


def test_hits_come_in_the_order_of_the_reranker_with_its_scores(http: httpx.Client, upstream: FakeOpenAI) -> None:
    plain = search(http, rerank=False)
    assert (plain["reranked"], len(plain["data"])) == (None, 3)
    upstream.script(EMBEDDED, reply(0.1, 0.2, 0.9))
    answer = search(http)
    assert (answer["reranked"], files(answer)) == (True, files(plain)[::-1])
    assert [hit["score"] for hit in answer["data"]] == [0.9, 0.2, 0.1]
    sent = upstream.requests[-1]
    assert (sent.body["model"], sent.body["query"]) == ("ranker", "telescope")
    assert sent.body["documents"][0].startswith(plain["data"][0]["headings"][0])


def test_where_the_reranker_fails_the_fused_order_is_served_and_said(http: httpx.Client, upstream: FakeOpenAI) -> None:
    plain = search(http, rerank=False)
    upstream.script(EMBEDDED, Behaviour("status", 500))
    answer = search(http)
    assert (answer["reranked"], answer["data"]) == (False, plain["data"])


def test_what_is_cut_off_was_reranked_first(http: httpx.Client, upstream: FakeOpenAI) -> None:
    last = files(search(http, rerank=False))[-1]
    upstream.script(EMBEDDED, reply(0.1, 0.2, 0.9))
    assert files(search(http, limit=1)) == [last]


def test_the_openai_search_can_do_without_a_ranker(http: httpx.Client, upstream: FakeOpenAI) -> None:
    store = http.get("/stores/default").json()["id"]
    path = f"/v1/vector_stores/{store}/search"
    plain = http.post(path, json={"query": "telescope", "ranking_options": {"ranker": "none"}}).json()
    assert (plain["reranked"], [sent.path for sent in upstream.requests]) == (None, ["/v1/embeddings"])
    upstream.script(EMBEDDED, reply(0.1, 0.2, 0.9))
    options = {"ranker": "auto", "score_threshold": 0.15}
    answer = http.post(path, json={"query": "telescope", "ranking_options": options}).json()
    assert answer["reranked"]
    assert [hit["file_id"] for hit in answer["data"]] == [hit["file_id"] for hit in plain["data"][::-1][:2]]


@pytest.mark.parametrize(("options", "reranks"), [({"ranker": "none"}, False), ({}, True)], ids=["none", "auto"])
def test_a_response_can_do_without_a_ranker(
    http: httpx.Client, upstream: FakeOpenAI, options: dict[str, Any], reranks: bool
) -> None:
    store = http.get("/stores/default").json()["id"]
    tool = {"type": "file_search", "vector_store_ids": [store], "ranking_options": options}
    http.post("/v1/responses", json={"model": "gpt-4o-mini", "input": "telescope", "tools": [tool]}).raise_for_status()
    assert ("/v1/rerank" in [sent.path for sent in upstream.requests]) == reranks


def test_an_answer_is_written_from_the_reranked_passages(http: httpx.Client, upstream: FakeOpenAI) -> None:
    last = files(search(http, rerank=False))[-1]
    upstream.script(EMBEDDED, reply(0.1, 0.2, 0.9), Behaviour("reply", body="So it is [1]."))
    answer = http.post("/ask", json={"question": "Where is the telescope?", "limit": 1}).json()
    assert [hit["filename"] for hit in answer["passages"]] == [last]


def test_the_chat_model_adds_queries_when_several_are_wanted(http: httpx.Client, upstream: FakeOpenAI) -> None:
    upstream.script(Behaviour("reply", body="telescope\nloan period\nborrowing"))
    answer = search(http, queries=2, rerank=False)
    assert answer["queries"] == ["telescope", "loan period"]
    assert answer["query"] == "telescope"
    assert len({hit["chunk_id"] for hit in answer["data"]}) == len(answer["data"]) == 3


def test_the_tokens_of_the_reranker_are_in_the_ledger(http: httpx.Client, upstream: FakeOpenAI) -> None:
    upstream.script(EMBEDDED, reply(0.1, 0.2, 0.9))
    search(http)
    deadline = time.monotonic() + 10
    while "ranker" not in http.get("/usage", params={"group_by": "model"}).raise_for_status().text:
        assert time.monotonic() < deadline, "the reranker is not in the ledger after ten seconds"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "form", [{"per_document": 0}, {"diversity": 1.1}, {"queries": 9}, {"rerank": "yes please"}], ids=str
)
def test_a_value_that_makes_no_sense_is_named(http: httpx.Client, form: dict[str, Any]) -> None:
    answer = http.post("/search", json=QUERY | form)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, next(iter(form)))
