"""The official Python SDK talks to a store as to a chat model."""

from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI

from tests.openai_sdk.conftest import House, filled_store

QUESTION = "How many bees does a hive in June have?"
_MESSAGES: Any = [{"role": "user", "content": QUESTION}]


@pytest.fixture(scope="module")
def model(house: House) -> str:
    filled_store(house, "chatted-with")
    return "store/chatted-with"


def test_a_store_answers_with_citations(client: OpenAI, model: str) -> None:
    answer = client.chat.completions.create(model=model, messages=_MESSAGES, temperature=0)
    (choice,) = answer.choices
    assert (answer.model, choice.finish_reason) == (model, "stop")
    text = choice.message.content or ""
    assert "forty thousand" in text
    assert choice.message.annotations
    citation = choice.message.annotations[0].url_citation
    assert citation.title == "bees.txt"
    assert text[citation.start_index : citation.end_index].startswith("[1")
    assert "forty thousand" in (citation.model_extra or {})["quote"]
    told = choice.message.model_extra or {}
    assert (told["answered"], told["grounded"], told["cached"]) == (True, True, False)
    assert [sentence["citations"] for sentence in told["sentences"]] == [[0]]
    assert 0 <= told["confidence"] <= 1
    assert answer.usage is not None
    assert answer.usage.total_tokens > 0


def test_a_streamed_answer_is_put_together_by_the_sdk(client: OpenAI, model: str) -> None:
    with client.chat.completions.stream(
        model=model, messages=_MESSAGES, stream_options={"include_usage": True}
    ) as stream:
        kinds = {event.type for event in stream}
        final = stream.get_final_completion()
    assert {"chunk", "content.delta", "content.done"} <= kinds
    assert "forty thousand" in (final.choices[0].message.content or "")
    assert final.choices[0].finish_reason == "stop"
    assert final.usage is not None
    assert final.usage.total_tokens > 0


def test_chunks_carry_the_answer_and_its_citations(client: OpenAI, model: str) -> None:
    chunks = list(client.chat.completions.create(model=model, messages=_MESSAGES, stream=True))
    assert len({chunk.id for chunk in chunks}) == 1
    assert chunks[0].choices[0].delta.role == "assistant"
    extra = [chunk.choices[0].delta.model_extra or {} for chunk in chunks if chunk.choices]
    (last,) = [each for each in extra if each.get("annotations")]
    assert last["annotations"][0]["url_citation"]["title"] == "bees.txt"
    assert (last["answered"], last["grounded"], last["cached"], len(last["sentences"])) == (True, True, False, 1)


def test_what_came_before_is_understood(client: OpenAI, model: str) -> None:
    history: Any = [
        {"role": "system", "content": "Answer in one sentence."},
        *_MESSAGES,
        {"role": "assistant", "content": "About forty thousand [1]."},
        {"role": "user", "content": [{"type": "text", "text": "And when do they sleep?"}]},
    ]
    assert client.chat.completions.create(model=model, messages=history).choices[0].message.content


def test_what_a_store_cannot_do_is_refused_by_name(client: OpenAI, model: str) -> None:
    with pytest.raises(BadRequestError) as refused:
        client.chat.completions.create(model=model, messages=_MESSAGES, n=2)
    assert refused.value.param == "n"
    with pytest.raises(NotFoundError):
        client.chat.completions.create(model="store/there-is-none", messages=_MESSAGES)


def test_stores_are_listed_among_the_models(client: OpenAI, model: str) -> None:
    names = {each.id for each in client.models.list()}
    assert {model, "chat", "embedder"} <= names
    assert client.models.retrieve(model).id == model
