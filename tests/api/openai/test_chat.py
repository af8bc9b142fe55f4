"""`/v1/chat/completions` of store models."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.api.openai.answers import QUESTION, SAID, SHOWN, events, filled, say
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import service, settings_for

PATH = "/v1/chat/completions"


@pytest.fixture(scope="module")
def http(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    settings = settings_for(
        tmp_path_factory.mktemp("data"),
        OPENAI_BASE_URL=upstream.base_url,
        FOOTNOTE_UPSTREAM_MAX_RETRIES="0",
        FOOTNOTE_MODELS_DESK_STORES="loans,default",
        FOOTNOTE_MODELS_DESK_MODEL="writer",
        FOOTNOTE_MODELS_DESK_INSTRUCTIONS="You are the desk.",
        FOOTNOTE_MODELS_LOST_STORES="nowhere",
    )
    with service(settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


@pytest.fixture(scope="module")
def loans(http: httpx.Client) -> tuple[str, str]:
    """The ids of a store and of the file in it."""
    http.post("/stores", json={"name": "loans"}).raise_for_status()
    return filled(http, "loans")


@pytest.fixture
def asked(loans: tuple[str, str]) -> dict[str, Any]:
    """A request that can be answered."""
    assert loans
    return {"model": "store/loans", "messages": [{"role": "user", "content": QUESTION}]}


def test_an_answer_has_footnotes_in_its_text_and_as_annotations(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any], loans: tuple[str, str]
) -> None:
    say(upstream, SAID)
    answer = http.post(PATH, json=asked).json()
    (choice,) = answer["choices"]
    assert (answer["object"], answer["model"], choice["finish_reason"]) == ("chat.completion", "store/loans", "stop")
    text = choice["message"]["content"]
    assert text == f"{SHOWN}\n\n[1] loans.md"
    (annotation,) = choice["message"]["annotations"]
    cited = annotation["url_citation"]
    assert text[cited["start_index"] : cited["end_index"]] == "[1]"
    assert (cited["title"], cited["file_id"]) == ("loans.md", loans[1])
    assert http.get(cited["url"]).text[cited["start"] : cited["end"]] == cited["quote"]
    assert answer["usage"]["total_tokens"] > answer["usage"]["completion_tokens"] > 0


def test_a_stream_gives_the_same_in_pieces(http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]) -> None:
    say(upstream, SAID)
    found = [data for _, data in events(http, PATH, asked | {"stream_options": {"include_usage": True}})]
    *chunks, usage, done = found
    assert done == "[DONE]"
    assert (usage["choices"], usage["usage"]["completion_tokens"] > 0) == ([], True)
    assert {chunk["id"] for chunk in chunks} == {usage["id"]}
    choices = [chunk["choices"][0] for chunk in chunks]
    assert choices[0]["delta"]["role"] == "assistant"
    assert "".join(choice["delta"].get("content") or "" for choice in choices) == f"{SHOWN}\n\n[1] loans.md"
    assert [choice["finish_reason"] for choice in choices] == [None] * (len(choices) - 1) + ["stop"]
    assert choices[-2]["delta"]["annotations"][0]["url_citation"]["title"] == "loans.md"


def test_usage_comes_only_where_it_is_asked_for(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    assert not any("usage" in data for _, data in events(http, PATH, asked) if data != "[DONE]")


def test_the_question_is_searched_for_as_the_conversation_means_it(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, "How long may binoculars be kept?", "Six weeks [1].")
    talk = [
        {"role": "system", "content": "Be formal."},
        *asked["messages"],
        {"role": "assistant", "content": SAID},
        {"role": "user", "content": [{"type": "text", "text": "And binoculars?"}]},
    ]
    http.post(PATH, json=asked | {"messages": talk}).raise_for_status()
    *_, rewriting, embedding, answering = upstream.requests
    assert "And binoculars?" in rewriting.body["messages"][1]["content"]
    assert embedding.body["input"] == ["How long may binoculars be kept?"]
    assert [one["role"] for one in answering.body["messages"]] == ["system", "user", "assistant", "user"]


def test_a_question_that_cannot_be_written_anew_is_searched_for_as_it_is(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    upstream.script(Behaviour("status", status=500), Behaviour("slow_stream", seconds=0), Behaviour("reply", body=SAID))
    answer = http.post(PATH, json=asked | {"messages": asked["messages"] * 2})
    assert answer.json()["choices"][0]["message"]["content"].startswith(SHOWN)


def test_a_model_of_the_options_has_its_stores_its_model_and_its_instructions(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    answer = http.post(PATH, json=asked | {"model": "desk", "max_tokens": 9, "stop": ["x"]}).json()
    assert answer["choices"][0]["message"]["annotations"]
    sent = upstream.requests[-1].body
    assert (sent["model"], sent["max_tokens"], sent["stop"]) == ("writer", 9, ["x"])
    assert sent["messages"][0]["content"].endswith("You are the desk.")


@pytest.mark.parametrize("model", ["store/nobody", "lost"])
def test_a_model_whose_store_is_not_there_does_not_exist(http: httpx.Client, asked: dict[str, Any], model: str) -> None:
    response = http.post(PATH, json=asked | {"model": model})
    assert (response.status_code, response.json()["error"]["code"]) == (404, "model_not_found")


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"n": 2}, "n"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools"),
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "tool", "content": "1", "tool_call_id": "1"}]}, "messages.0.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    http: httpx.Client, asked: dict[str, Any], change: dict[str, Any], param: str
) -> None:
    response = http.post(PATH, json=asked | change)
    assert (response.status_code, response.json()["error"]["param"]) == (400, param)


def test_a_stream_that_breaks_off_ends_with_an_error(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    name, data = events(http, PATH, asked)[-1]
    assert name == "error"
    assert set(data["error"]) == {"message", "type", "param", "code"}
