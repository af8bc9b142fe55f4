import httpx

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait, events

LOANS = b"# Loans\n\nA telescope may be kept for three weeks.\n\nBinoculars may be kept for six weeks.\n"
QUESTION = "How long may a telescope be kept?"


def say(upstream: FakeOpenAI, text: str) -> None:
    """Make the chat model answer this; the question's embedding comes first."""
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body=text))


def test_search_returns_hits_with_their_place(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    answer = http.post("/search", json={"query": QUESTION, "store": store}).json()
    hit = answer["data"][0]
    assert (hit["document_id"], hit["filename"], hit["headings"]) == (document["id"], "loans.md", ["Loans"])
    assert "three weeks" in hit["text"]
    assert answer["store"] == store


def test_the_native_and_the_openai_name_of_a_field_both_work(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    condition = {"type": "eq", "key": "a", "value": 1}
    assert http.post("/search", json={"question": "weeks", "store": store, "filters": condition}).json()["data"] == []


def test_an_answer_is_footnoted_with_the_very_words(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    (document,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    say(upstream, "You may keep it for three weeks [1].")
    answer = http.post("/ask", json={"question": QUESTION, "store": store}).json()
    assert answer["answer"] == "You may keep it for three weeks [1]."
    assert (answer["answered"], answer["method"]) == (True, "chat")
    (citation,) = answer["citations"]
    assert citation["quote"] == "A telescope may be kept for three weeks."
    text = http.get(f"/documents/{document['id']}/content").text
    assert text[citation["start"] : citation["end"]] == citation["quote"]


def test_a_footnote_to_a_passage_that_was_not_retrieved_never_shows(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    say(upstream, "Three weeks [1][7]. Or forty [9].")
    answer = http.post("/ask", json={"question": QUESTION, "store": store}).json()
    assert answer["answer"] == "Three weeks [1]. Or forty ."
    assert [citation["number"] for citation in answer["citations"]] == [1]


def test_a_stream_has_passages_then_text_then_citations_then_done(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    say(upstream, "You may keep it for three weeks [1].")
    found = events(http, {"question": QUESTION, "store": store})
    names = [name for name, _ in found]
    assert names == ["passages", *["delta"] * (len(found) - 3), "citations", "done"]
    assert len(names) > 4
    assert "".join(data["text"] for name, data in found if name == "delta") == found[-1][1]["answer"]
    assert found[-1][1]["citations"] == found[-2][1]["data"]
    assert found[-1][1]["passages"] == found[0][1]["data"]


def test_a_model_that_finds_nothing_makes_the_answer_say_so(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    for question, silence in {"Who built it?": "The documents do not say.", "谁建造的？": "文档中没有提到。"}.items():
        say(upstream, "NOT_IN_DOCUMENTS")
        found = events(http, {"question": question, "store": store})
        assert [name for name, _ in found] == ["passages", "delta", "citations", "done"]
        done = found[-1][1]
        assert (done["answer"], done["answered"], done["citations"]) == (silence, False, [])


def test_an_empty_store_says_nothing_and_asks_nobody(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    before = len(upstream.requests)
    answer = http.post("/ask", json={"question": QUESTION, "store": store}).json()
    assert (answer["answer"], answer["answered"], answer["passages"]) == ("The documents do not say.", False, [])
    assert len(upstream.requests) == before


def test_an_upstream_that_breaks_off_ends_the_stream_with_an_error(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    found = events(http, {"question": QUESTION, "store": store})
    assert found[0][0] == "passages"
    assert found[-1][0] == "error"
    assert set(found[-1][1]["error"]) == {"message", "type", "param", "code"}


def test_an_error_before_the_first_event_has_a_status(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    upstream.script(Behaviour("status", status=401))
    response = http.post("/ask", json={"question": QUESTION, "store": store, "stream": True})
    assert response.status_code == 502
    assert response.json()["error"]["code"] == "upstream_authentication"


def test_stores_keep_to_themselves(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    http.post("/stores", json={"name": "apart"})
    add_and_wait(http, {"other.md": b"A telescope of another house."}, store="apart")
    hits = http.post("/search", json={"query": "telescope", "store": "apart"}).json()["data"]
    assert {hit["filename"] for hit in hits} == {"other.md"}


def test_a_deleted_store_is_gone_with_its_documents(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    assert http.get(f"/stores/{store}").json()["documents"]["completed"] == 1
    assert http.delete(f"/stores/{store}").status_code == 200
    assert http.get(f"/documents/{document['id']}").status_code == 404
    assert http.get(f"/stores/{store}").status_code == 404
    assert store not in [one["name"] for one in http.get("/stores").json()["data"]]


def test_health_and_readiness(http: httpx.Client) -> None:
    assert http.get("/healthz").json() == {"status": "ok"}
    ready = http.get("/readyz").json()
    assert (ready["status"], ready["database"], ready["vector_store"]) == ("ok", "ok", "ok")
    assert ready["chat_model"] == "gpt-4o-mini"


def test_the_description_lists_every_path(http: httpx.Client) -> None:
    paths = set(http.get("/openapi.json").json()["paths"])
    assert {"/documents", "/documents/{document_id}", "/search", "/ask", "/stores", "/healthz", "/readyz"} <= paths
    assert http.get("/docs").status_code == 200


def test_a_document_has_no_more_hits_than_are_wanted(http: httpx.Client, store: str) -> None:
    long = b"".join(b"# Part %d\n\n%s\n\n" % (n, b"A telescope is kept in the dome. " * 120) for n in range(3))
    add_and_wait(http, {"long.md": long, "loans.md": LOANS}, store=store)
    form = {"query": "telescope", "store": store, "limit": 4}
    assert len(http.post("/search", json=form).json()["data"]) == 4
    files = [hit["filename"] for hit in http.post("/search", json=form | {"per_document": 1}).json()["data"]]
    assert sorted(files) == ["loans.md", "long.md"]


def test_diverse_hits_leave_out_what_a_better_one_says(http: httpx.Client, store: str) -> None:
    twice = {"a.md": LOANS, "b.md": LOANS + b"\n", "keys.md": b"Keys of the telescope hang in the hall.\n"}
    add_and_wait(http, twice, store=store)
    form = {"query": "How long may a telescope be kept?", "store": store, "limit": 2}
    assert "keys.md" not in [hit["filename"] for hit in http.post("/search", json=form).json()["data"]]
    answer = http.post("/search", json=form | {"diversity": 0.7}).json()
    assert [hit["filename"] for hit in answer["data"]][1] == "keys.md"


def test_nothing_can_be_reranked_where_there_is_no_reranker(http: httpx.Client, store: str) -> None:
    for path, form in (("/search", {"query": "x"}), ("/ask", {"question": "x"})):
        answer = http.post(path, json=form | {"store": store, "rerank": True})
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "no_reranker")
    assert http.post("/search", json={"query": "x", "store": store}).json()["reranked"] is None
