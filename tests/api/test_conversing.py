"""Conversations on `POST /ask`."""

from typing import Any

import httpx
import pytest

from tests.api.openai.answers import LOANS, QUESTION, say
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait, events

FIRST = {"role": "user", "content": QUESTION}
REPLY = {"role": "assistant", "content": "For three weeks [1]."}
FOLLOW_UP = {"role": "user", "content": "And binoculars?"}
MEANT = "How long may binoculars be kept?"


@pytest.fixture
def asked(http: httpx.Client, store: str) -> dict[str, Any]:
    """A conversation with a store that has the answer."""
    add_and_wait(http, {"loans.md": LOANS.encode()}, store=store)
    return {"store": store, "messages": [FIRST, REPLY, FOLLOW_UP]}


def test_a_follow_up_is_searched_for_and_answered_as_the_conversation_means_it(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, MEANT, "For six weeks [1].")
    answer = http.post("/ask", json=asked).json()
    assert (answer["question"], answer["queries"]) == (FOLLOW_UP["content"], [MEANT])
    assert answer["citations"][0]["quote"] == "Binoculars may be kept for six weeks."
    rewriting, embedding, answering = upstream.requests[-3:]
    assert f"user: {QUESTION}\nassistant: For three weeks." in rewriting.body["messages"][1]["content"]
    assert embedding.body["input"] == [MEANT]
    assert [one["content"] for one in answering.body["messages"][1:3]] == [QUESTION, "For three weeks."]


def test_it_streams_too(http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]) -> None:
    say(upstream, MEANT, "For six weeks [1].")
    name, done = events(http, asked)[-1]
    assert (name, done["queries"], done["answer"]) == ("done", [MEANT], "For six weeks [1].")


def test_a_question_alone_is_not_written_anew(http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]) -> None:
    say(upstream, "For three weeks [1].")
    before = len(upstream.requests)
    answer = http.post("/ask", json=asked | {"messages": [FIRST]}).json()
    assert (answer["queries"], answer["answer"]) == ([QUESTION], "For three weeks [1].")
    assert len(upstream.requests) == before + 2


def test_where_the_model_cannot_help_the_follow_up_is_searched_for_as_it_stands(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    upstream.script(Behaviour("status", status=400))
    say(upstream, "For six weeks [1].")
    assert http.post("/ask", json=asked).json()["queries"] == [FOLLOW_UP["content"]]


def test_messages_of_the_system_tell_the_model_how_to_answer(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, "For three weeks [1].")
    told = [{"role": "system", "content": "Be formal."}, FIRST, {"role": "developer", "content": "Be brief."}]
    http.post("/ask", json=asked | {"messages": told}).raise_for_status()
    rules, *spoken = upstream.requests[-1].body["messages"]
    assert rules["content"].endswith("\n\nBe formal.\n\nBe brief.")
    assert [one["role"] for one in spoken] == ["user"]


def test_silence_speaks_the_language_of_the_last_message(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, "谁画了蒙娜丽莎？", "NOT_IN_DOCUMENTS")
    chinese = [FIRST, REPLY, {"role": "user", "content": "那么谁画了蒙娜丽莎？"}]
    answer = http.post("/ask", json=asked | {"messages": chinese}).json()
    assert (answer["answer"], answer["answered"], answer["grounded"]) == ("文档中没有提到。", False, False)


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"question": QUESTION}, None),
        ({"messages": []}, "messages"),
        ({"messages": [FIRST] * 2_049}, "messages"),
        ({"messages": "How long?"}, "messages"),
        ({"messages": [REPLY]}, "messages"),
        ({"messages": [{"role": "user", "content": " "}]}, "messages"),
        ({"messages": [{"role": "user", "content": "x" * 32_001}]}, "messages"),
        ({"messages": [FIRST, {"role": "tool", "content": "1"}]}, "messages.1.role"),
        ({"messages": [{"role": "user", "content": [{"type": "image_url"}]}]}, "messages.0.content"),
    ],
    ids=["both", "none", "too many", "text", "no question", "empty", "too long", "tool", "image"],
)
def test_what_is_no_conversation_is_refused_by_name(
    http: httpx.Client, asked: dict[str, Any], form: dict[str, Any], param: str | None
) -> None:
    response = http.post("/ask", json=asked | form)
    error = response.json()["error"]
    assert response.status_code in {400, 422}
    assert (set(error), error["type"], error["param"]) == (
        {"message", "type", "param", "code"},
        "invalid_request_error",
        param,
    )


def test_neither_question_nor_messages_is_refused(http: httpx.Client, store: str) -> None:
    response = http.post("/ask", json={"store": store})
    assert "Give either question or messages" in response.json()["error"]["message"]
