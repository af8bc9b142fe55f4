"""A service without any model: words alone find passages."""

import signal
from pathlib import Path

import httpx

from tests.cli.terminal import WITHOUT_LOCAL_MODEL, started, until
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add, add_and_wait, service, settings_for, settled

LOANS = b"# Loans\n\nA telescope may be kept for three weeks.\n\nBinoculars may be kept for six weeks.\n"
HOURS = "天文台每周二和周五晚上开放。望远镜可以借三个星期。".encode()


def test_words_alone_find_and_answer(tmp_path: Path) -> None:
    with (
        FakeOpenAI() as upstream,
        service(settings_for(tmp_path / "data", OPENAI_BASE_URL=upstream.base_url)) as address,
        httpx.Client(base_url=address, timeout=60) as http,
    ):
        assert http.post("/stores", json={"name": "with model"}).status_code == 201
        add_and_wait(http, {"loans.md": LOANS}, store="with model")

    with started(tmp_path, "serve", program=WITHOUT_LOCAL_MODEL) as without:
        with httpx.Client(base_url=without.address, timeout=60) as http:
            words_are_enough(http)
            a_store_of_a_lost_model_says_so(http)
            it_may_do_without_one(http)
        without.process.send_signal(signal.SIGTERM)
        ended = without.ended()
    assert ended.status == 0
    assert "search uses words alone (BM25)" in ended.err


def words_are_enough(http: httpx.Client) -> None:
    assert http.get("/readyz").json()["embedding_model"] is None
    done = add_and_wait(http, {"loans.md": LOANS, "开放时间.txt": HOURS})
    assert [document["error"] for document in done] == [None, None]
    store = http.get("/stores/default").json()
    assert (store["embedding_model"], store["embedding_dimensions"]) == ("bm25", 0)
    for mode in ("hybrid", "dense", "bm25"):
        hits = http.post("/search", json={"query": "How long may a telescope be kept?", "mode": mode}).json()["data"]
        assert [hit["filename"] for hit in hits] == ["loans.md"], mode
    answer = http.post("/ask", json={"question": "望远镜可以借多久？"}).json()
    assert (answer["method"], answer["answered"]) == ("extractive", True)
    assert "望远镜可以借三个星期。" in [citation["quote"] for citation in answer["citations"]]
    nothing = http.post("/ask", json={"question": "xylophone"}).json()
    assert (nothing["answered"], nothing["citations"]) == (False, [])
    refused = http.post("/stores", json={"name": "x", "embedding_model": "local"})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, "embedding_model")
    assert http.delete(f"/documents/{done[0]['id']}").status_code == 200
    assert http.post("/search", json={"query": "telescope"}).json()["data"] == []


def a_store_of_a_lost_model_says_so(http: httpx.Client) -> None:
    lost = http.post("/search", json={"query": "telescope", "store": "with model"})
    assert (lost.status_code, lost.json()["error"]["code"]) == (503, "embedding_model_unavailable")
    by_words = http.post("/search", json={"query": "telescope", "store": "with model", "mode": "bm25"}).json()["data"]
    assert [hit["filename"] for hit in by_words] == ["loans.md"]
    (document,) = add(http, {"hours.txt": HOURS}, store="with model")
    failed = settled(http, document["id"])
    assert (failed["status"], failed["error"]["code"]) == ("failed", "embedding_model_unavailable")
    assert "text-embedding-3-small" in failed["error"]["message"]


def it_may_do_without_one(http: httpx.Client) -> None:
    path = "/stores/with model/reembed"
    unknown = http.post(path, json={"embedding_model": "nowhere"})
    assert (unknown.status_code, unknown.json()["error"]["code"]) == (400, "unknown_model")
    assert http.post(path, json={"embedding_model": "bm25"}).status_code == 202
    until(lambda: http.get(path).json()["embedding_model"] == "bm25")
    hits = http.post("/search", json={"query": "telescope", "store": "with model"}).raise_for_status().json()["data"]
    assert [hit["filename"] for hit in hits] == ["loans.md"]
