"""The official Python SDK asks stores through responses with file search."""

from collections.abc import Iterator
from typing import Any

import pytest
from openai import BadRequestError, NotFoundError, OpenAI
from openai.types.responses import Response, ResponseFileSearchToolCall, ResponseOutputMessage, ResponseOutputText

from tests.openai_sdk.conftest import House, filled_store

QUESTION = "How many bees does a hive in June have?"
_OPENING = [
    "response.created",
    "response.in_progress",
    "response.output_item.added",
    "response.file_search_call.in_progress",
    "response.file_search_call.searching",
    "response.file_search_call.completed",
    "response.output_item.done",
    "response.output_item.added",
    "response.content_part.added",
]
_CLOSING = [
    "response.output_text.done",
    "response.content_part.done",
    "response.output_item.done",
    "response.completed",
]


@pytest.fixture(scope="module")
def store(house: House) -> str:
    return filled_store(house, "asked by responses")


@pytest.fixture
def tool(store: str) -> Any:
    return {"type": "file_search", "vector_store_ids": [store], "max_num_results": 3}


def text_of(response: Response) -> ResponseOutputText:
    """The text part of the answer's message."""
    (message,) = [item for item in response.output if isinstance(item, ResponseOutputMessage)]
    (part,) = message.content
    assert isinstance(part, ResponseOutputText)
    return part


def test_an_answer_cites_the_files_it_stands_on(client: OpenAI, store: str, tool: Any) -> None:
    answer = client.responses.create(
        model="chat",
        input=QUESTION,
        tools=[tool],
        include=["file_search_call.results"],
        instructions="Be brief.",
        metadata={"asked": "by a test"},
        temperature=0.5,
        max_output_tokens=200,
    )
    assert (answer.status, answer.model, answer.metadata) == ("completed", "chat", {"asked": "by a test"})
    call = answer.output[0]
    assert isinstance(call, ResponseFileSearchToolCall)
    assert (call.status, bool(call.queries)) == ("completed", True)
    assert call.results
    assert {result.filename for result in call.results} <= {"bees.txt", "moon.txt"}
    part = text_of(answer)
    assert answer.output_text == part.text
    annotation = part.annotations[0]
    assert annotation.type == "file_citation"
    assert annotation.filename == "bees.txt"
    assert client.files.retrieve(annotation.file_id).filename == "bees.txt"
    assert part.text[annotation.index :].startswith("[")
    extra = annotation.model_extra or {}
    assert "forty thousand" in extra["quote"]
    content = client.vector_stores.files.content(annotation.file_id, vector_store_id=store)
    document = "".join(part.text or "" for part in content)
    assert document[extra["start"] : extra["end"]] == extra["quote"]
    told = answer.model_extra or {}
    assert (told["answered"], told["grounded"], told["cached"], len(told["sentences"])) == (True, True, False, 1)
    assert answer.usage is not None
    assert answer.usage.total_tokens == answer.usage.input_tokens + answer.usage.output_tokens > 0


def test_results_are_left_out_unless_asked_for(client: OpenAI, tool: Any) -> None:
    call = client.responses.create(model="chat", input=QUESTION, tools=[tool]).output[0]
    assert isinstance(call, ResponseFileSearchToolCall)
    assert call.results is None


def test_filters_limit_what_is_found(client: OpenAI, tool: Any) -> None:
    tool["filters"] = {"type": "eq", "key": "about", "value": "moon"}
    answer = client.responses.create(model="chat", input=QUESTION, tools=[tool], include=["file_search_call.results"])
    call = answer.output[0]
    assert isinstance(call, ResponseFileSearchToolCall)
    assert {result.filename for result in call.results or []} == {"moon.txt"}


def test_a_streamed_answer_has_every_event_in_order(client: OpenAI, tool: Any) -> None:
    with client.responses.stream(
        model="chat", input=QUESTION, tools=[tool], include=["file_search_call.results"]
    ) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert kinds[: len(_OPENING)] == _OPENING
    assert kinds[-len(_CLOSING) :] == _CLOSING
    between = kinds[len(_OPENING) : -len(_CLOSING)]
    assert set(between) == {"response.output_text.delta", "response.output_text.annotation.added"}
    text = "".join(event.delta for event in events if event.type == "response.output_text.delta")
    assert text == final.output_text
    assert text_of(final).annotations
    assert len(text_of(final).annotations) == between.count("response.output_text.annotation.added")
    told = final.model_extra or {}
    assert (told["answered"], told["grounded"], told["cached"], len(told["sentences"])) == (True, True, False, 1)


def test_created_with_stream_gives_typed_events(client: OpenAI, tool: Any) -> None:
    events = list(client.responses.create(model="chat", input=QUESTION, tools=[tool], stream=True))
    last = events[-1]
    assert last.type == "response.completed"
    assert last.response.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))


def test_a_conversation_goes_on_from_a_stored_response(client: OpenAI, tool: Any) -> None:
    first = client.responses.create(model="chat", input=QUESTION, tools=[tool])
    items: Any = [{"role": "user", "content": [{"type": "input_text", "text": "And when do they sleep?"}]}]
    second = client.responses.create(model="chat", input=items, tools=[tool], previous_response_id=first.id)
    assert second.previous_response_id == first.id
    assert second.output_text
    stored = client.responses.retrieve(second.id)
    assert stored.output_text == second.output_text
    listed = list(client.responses.input_items.list(second.id, order="asc", limit=1))
    assert "And when do they sleep?" in listed[-1].to_json()
    with pytest.raises(BadRequestError):
        client.responses.cancel(second.id)
    client.responses.delete(second.id)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(second.id)


def test_a_response_that_is_not_to_be_stored_is_not(client: OpenAI, tool: Any) -> None:
    answer = client.responses.create(model="chat", input=QUESTION, tools=[tool], store=False)
    with pytest.raises(NotFoundError):
        client.responses.retrieve(answer.id)


def test_a_store_is_a_model_for_responses_too(client: OpenAI, store: str) -> None:
    answer = client.responses.create(model=f"store/{store}", input=QUESTION)
    assert answer.model == f"store/{store}"
    assert text_of(answer).annotations


def wrong_requests(tool: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "input", {"model": "chat", "tools": [tool], "input": 5}
    yield "temperature", {"model": "chat", "tools": [tool], "input": "x", "temperature": 9}
    yield "background", {"model": "chat", "tools": [tool], "input": "x", "background": True}


def test_wrong_requests_name_the_parameter(client: OpenAI, tool: Any) -> None:
    for name, request in wrong_requests(tool):
        with pytest.raises(BadRequestError) as refused:
            client.responses.create(**request)
        assert refused.value.param == name
