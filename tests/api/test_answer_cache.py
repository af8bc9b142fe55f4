"""Answers that are given again, in a service whose options keep them."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add, add_and_wait, settled

LOANS = b"# Loans\n\nA telescope may be kept for three weeks.\n\nBinoculars may be kept for six weeks.\n"
QUESTION = "How long may a telescope be kept?"


@pytest.fixture(scope="module")
def keyholders(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    folder = tmp_path_factory.mktemp("data")
    options = {"FOOTNOTE_SEARCH_ANSWER_CACHE_SECONDS": "600", "FOOTNOTE_UPSTREAM_MAX_RETRIES": "0"}
    with guarded_service(folder, OPENAI_BASE_URL=upstream.base_url, **options) as opened:
        yield opened


@pytest.fixture
def http(keyholders: Keyholders) -> httpx.Client:
    return keyholders.admin


@pytest.fixture
def asked(http: httpx.Client, request: pytest.FixtureRequest) -> dict[str, Any]:
    """A question to a store of this test alone, which was asked once already."""
    form = filled(http, str(request.node.name)[:100])
    first = http.post("/ask", json=form)
    assert (first.json()["cached"], first.headers["footnote-cache"]) == (False, "miss")
    return form


def filled(http: httpx.Client, store: str) -> dict[str, Any]:
    assert http.post("/stores", json={"name": store}).status_code == 201
    add_and_wait(http, {"loans.md": LOANS}, store=store)
    return {"question": QUESTION, "store": store}


def is_kept(http: httpx.Client, form: dict[str, Any]) -> bool:
    answer = http.post("/ask", json=form)
    assert answer.headers["footnote-cache"] == ("hit" if answer.json()["cached"] else "miss")
    return bool(answer.json()["cached"])


def streamed(http: httpx.Client, form: dict[str, Any]) -> httpx.Response:
    return http.post("/ask", json=form | {"stream": True})


def test_the_same_question_has_the_same_answer_without_anybody_being_asked(
    http: httpx.Client, upstream: FakeOpenAI, request: pytest.FixtureRequest
) -> None:
    form = filled(http, request.node.name)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body="For three weeks [1]."))
    first = http.post("/ask", json=form).json()
    before = len(upstream.requests)
    again = http.post("/ask", json=form).json()
    assert len(upstream.requests) == before
    assert first["citations"]
    assert again == first | {"cached": True, "id": again["id"]}


def test_it_streams_too(http: httpx.Client, asked: dict[str, Any]) -> None:
    whole = http.post("/ask", json=asked).json()
    answer = streamed(http, asked)
    assert answer.headers["footnote-cache"] == "hit"
    names = [line.removeprefix("event: ") for line in answer.text.splitlines() if line.startswith("event: ")]
    assert names == ["passages", "delta", "citations", "done"]
    assert '"cached": true' in answer.text
    assert whole["answer"] in answer.text
    assert streamed(http, asked | {"cache": False}).headers["footnote-cache"] == "miss"


def _added(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"more.md": b"Telescopes may be kept for ever."}, store=store)


def _deleted(http: httpx.Client, store: str) -> None:
    http.delete(f"/documents/{_document(http, store)}").raise_for_status()


def _described(http: httpx.Client, store: str) -> None:
    change = {"attributes": {"year": 1999}}
    http.post(f"/documents/{_document(http, store)}", json=change).raise_for_status()


def _replaced(http: httpx.Client, store: str) -> None:
    document = _document(http, store)
    http.put(f"/documents/{document}", files=[("file", ("loans.md", b"For ever."))]).raise_for_status()
    settled(http, document)


def _described_by_handing_in(http: httpx.Client, store: str) -> None:
    add(http, {"loans.md": LOANS}, store=store, attributes='{"year": 1999}')


def _embedded_anew(http: httpx.Client, store: str) -> None:
    path, model = f"/stores/{store}/reembed", "text-embedding-3-large"
    http.post(path, json={"embedding_model": model}).raise_for_status()
    deadline = time.monotonic() + 20
    while http.get(path).json()["embedding_model"] != model:
        assert time.monotonic() < deadline, "the store has not changed its model after 20 seconds"
        time.sleep(0.02)


def _document(http: httpx.Client, store: str) -> str:
    return str(http.get("/documents", params={"store": store}).json()["data"][0]["id"])


@pytest.mark.parametrize("change", [_added, _deleted, _described, _replaced, _described_by_handing_in, _embedded_anew])
def test_every_change_that_can_be_seen_makes_an_answer_out_of_date(
    http: httpx.Client, asked: dict[str, Any], change: Callable[[httpx.Client, str], None]
) -> None:
    assert is_kept(http, asked)
    change(http, asked["store"])
    assert not is_kept(http, asked)
    assert is_kept(http, asked)


def test_what_changes_in_another_store_does_not_matter(http: httpx.Client, asked: dict[str, Any]) -> None:
    filled(http, "another")
    assert is_kept(http, asked)


def test_whoever_wants_a_new_answer_gets_one(http: httpx.Client, asked: dict[str, Any]) -> None:
    assert not is_kept(http, asked | {"cache": False})
    fresh = http.post("/ask", json=asked, headers={"Cache-Control": "no-cache"})
    assert (fresh.json()["cached"], fresh.headers["footnote-cache"]) == (False, "miss")
    assert is_kept(http, asked)


@pytest.mark.parametrize(
    "change",
    [
        {"question": "How long may binoculars be kept?"},
        {"limit": 1},
        {"mode": "dense"},
        {"rerank": False},
        {"queries": 2},
        {"per_document": 1},
        {"diversity": 0.5},
        {"filter": {"type": "eq", "key": "year", "value": 1}},
    ],
    ids=str,
)
def test_another_request_is_another_question(http: httpx.Client, asked: dict[str, Any], change: dict[str, Any]) -> None:
    assert not is_kept(http, asked | change)


def test_a_conversation_and_instructions_are_part_of_the_question(http: httpx.Client, asked: dict[str, Any]) -> None:
    form = {"store": asked["store"]}
    alone = {"role": "user", "content": QUESTION}
    assert is_kept(http, form | {"messages": [alone]})
    assert not is_kept(http, form | {"messages": [{"role": "system", "content": "Be formal."}, alone]})
    before = [{"role": "user", "content": "Hello"}, {"role": "assistant", "content": "Hello."}]
    assert not is_kept(http, form | {"messages": [*before, alone]})


def test_a_key_without_access_never_sees_an_answer(
    keyholders: Keyholders, http: httpx.Client, asked: dict[str, Any]
) -> None:
    other = filled(http, "of others")["store"]
    with keyholders.holder(stores=[other]) as stranger, keyholders.holder() as holder:
        assert stranger.post("/ask", json=asked).status_code == 404
        assert is_kept(holder, asked)


def test_an_answer_that_broke_off_is_not_kept(
    http: httpx.Client, upstream: FakeOpenAI, request: pytest.FixtureRequest
) -> None:
    form = filled(http, request.node.name)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    assert http.post("/ask", json=form).status_code == 502
    assert not is_kept(http, form)


def test_openai_clients_see_it_too_and_are_told_of_no_tokens(http: httpx.Client, asked: dict[str, Any]) -> None:
    form = {"model": f"store/{asked['store']}", "messages": [{"role": "user", "content": QUESTION}]}
    first, again = (http.post("/v1/chat/completions", json=form) for _ in range(2))
    assert again.headers["footnote-cache"] == "hit"
    assert again.json()["choices"][0]["message"]["cached"]
    assert again.json()["choices"][0]["message"]["content"] == first.json()["choices"][0]["message"]["content"]
    assert again.json()["usage"]["total_tokens"] == 0
    response = http.post("/v1/responses", json={"model": form["model"], "input": QUESTION})
    assert (response.json()["cached"], response.headers["footnote-cache"]) == (True, "hit")
    anew = http.post(
        "/v1/responses", json={"model": form["model"], "input": QUESTION}, headers={"cache-control": "no-cache"}
    )
    assert not anew.json()["cached"]
