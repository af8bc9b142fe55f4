"""Answers of a chat model in a service that says below which confidence there are none."""

from collections.abc import Iterator

import httpx
import pytest

from tests.api.openai.answers import LOANS, QUESTION, say
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait, events, service, settings_for

UNRELATED = "Who painted Mona Lisa?"
SILENCE = "The documents do not say."


@pytest.fixture(scope="module")
def http(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = settings_for(
        tmp_path_factory.mktemp("data"),
        OPENAI_BASE_URL=upstream.base_url,
        FOOTNOTE_SEARCH_SILENCE_THRESHOLD="0.25",
    )
    with service(settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        add_and_wait(client, {"loans.md": LOANS.encode()})
        yield client


def test_below_the_threshold_no_model_is_asked(http: httpx.Client, upstream: FakeOpenAI) -> None:
    before = len(upstream.requests)
    answer = http.post("/ask", json={"question": UNRELATED}).json()
    assert (answer["answer"], answer["answered"], answer["grounded"]) == (SILENCE, False, False)
    assert answer["confidence"] < 0.25
    assert [request.path for request in upstream.requests[before:]] == ["/v1/embeddings"]


def test_below_the_threshold_streams_and_openai_clients_are_told_the_same(http: httpx.Client) -> None:
    *_, (_, done) = events(http, {"question": UNRELATED})
    assert (done["answer"], done["answered"], done["grounded"], done["citations"]) == (SILENCE, False, False, [])
    form = {"model": "store/default", "messages": [{"role": "user", "content": UNRELATED}]}
    message = http.post("/v1/chat/completions", json=form).json()["choices"][0]["message"]
    assert (message["content"], message["answered"], message["grounded"]) == (SILENCE, False, False)


def test_above_it_the_model_has_the_last_word(http: httpx.Client, upstream: FakeOpenAI) -> None:
    say(upstream, "For three weeks [1].")
    answer = http.post("/ask", json={"question": QUESTION}).json()
    assert (answer["answered"], answer["grounded"]) == (True, True)
    assert answer["confidence"] > 0.25
    say(upstream, "NOT_IN_DOCUMENTS")
    silent = http.post("/ask", json={"question": QUESTION}).json()
    assert (silent["answer"], silent["answered"], silent["grounded"]) == (SILENCE, False, False)
    assert silent["confidence"] == answer["confidence"]


def test_a_sign_of_silence_below_an_answer_is_not_shown(http: httpx.Client, upstream: FakeOpenAI) -> None:
    say(upstream, "For three weeks [1].\n\nNOT_IN_DOCUMENTS")
    answer = http.post("/ask", json={"question": QUESTION}).json()
    assert (answer["answer"], answer["answered"]) == ("For three weeks [1].", True)
