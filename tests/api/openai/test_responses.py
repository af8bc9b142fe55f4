"""`/v1/responses` with file search in our own stores."""

from typing import Any

import httpx
import pytest

from tests.api.openai.answers import LOANS, QUESTION, SAID, SHOWN, events, filled, say
from tests.fakes.openai_server import Behaviour, FakeOpenAI

RESULTS = ["file_search_call.results"]


@pytest.fixture(scope="module")
def loans(http: httpx.Client) -> tuple[str, str]:
    """The ids of a store and of the file in it."""
    http.post("/stores", json={"name": "loans"}).raise_for_status()
    return filled(http, "loans")


@pytest.fixture
def asked(loans: tuple[str, str]) -> dict[str, Any]:
    """A request that can be answered."""
    tool = {"type": "file_search", "vector_store_ids": [loans[0]]}
    return {"model": "gpt-4o-mini", "input": QUESTION, "tools": [tool]}


def test_an_answer_has_the_search_and_a_message_whose_annotations_quote_the_document(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any], loans: tuple[str, str]
) -> None:
    say(upstream, SAID)
    response = http.post("/v1/responses", json=asked | {"include": RESULTS, "metadata": {"desk": "1"}}).json()
    assert (response["object"], response["status"], response["metadata"]) == ("response", "completed", {"desk": "1"})
    search, message = response["output"]
    assert (search["type"], search["queries"]) == ("file_search_call", [QUESTION])
    (hit,) = search["results"]
    assert (hit["file_id"], hit["attributes"], hit["text"]) == (loans[1], {"kind": "rules"}, hit["quote"])
    assert LOANS[hit["start"] : hit["end"]] == hit["quote"]
    (part,) = message["content"]
    assert part["text"] == SHOWN
    (annotation,) = part["annotations"]
    assert (annotation["type"], annotation["file_id"]) == ("file_citation", loans[1])
    assert part["text"][annotation["index"] :].startswith("[1]")
    assert annotation["quote"] == "A telescope may be kept for three weeks."
    assert response["usage"]["total_tokens"] > response["usage"]["output_tokens"] > 0


def test_hits_are_kept_but_shown_only_where_they_are_asked_for(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    made = http.post("/v1/responses", json=asked).json()
    assert made["output"][0]["results"] is None
    path = f"/v1/responses/{made['id']}"
    assert http.get(path).json() == made
    for name in ("include", "include[]"):
        assert http.get(path, params={name: RESULTS}).json()["output"][0]["results"]


def test_a_stream_has_every_event_in_order_and_ends_with_the_whole(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    found = events(http, "/v1/responses", asked)
    names = [name for name, _ in found]
    assert [data["sequence_number"] for _, data in found] == list(range(len(found)))
    assert [data["type"] for _, data in found] == names
    deltas = names.count("response.output_text.delta")
    assert deltas > 2
    assert names == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.file_search_call.in_progress",
        "response.file_search_call.searching",
        "response.file_search_call.completed",
        "response.output_item.done",
        "response.output_item.added",
        "response.content_part.added",
        *["response.output_text.delta"] * deltas,
        "response.output_text.annotation.added",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert "".join(data["delta"] for name, data in found if name.endswith("delta")) == SHOWN
    last = found[-1][1]["response"]
    assert last["output"] == [data["item"] for name, data in found if name == "response.output_item.done"]
    assert http.get(f"/v1/responses/{last['id']}").json() == last


def test_a_conversation_goes_on_from_the_response_before(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    first = http.post("/v1/responses", json=asked).json()
    say(upstream, "How long may binoculars be kept?", "Six weeks [1].")
    more = {"input": "And binoculars?", "previous_response_id": first["id"], "instructions": "Be formal."}
    second = http.post("/v1/responses", json=asked | more).json()
    assert second["output"][0]["queries"] == ["How long may binoculars be kept?"]
    sent = [message["content"] for message in upstream.requests[-1].body["messages"]]
    assert "Be formal." in sent[0]
    assert sent[1:3] == [QUESTION, "You may keep it for three weeks. Really ."]
    assert sent[3].endswith("Question: And binoculars?")
    say(upstream, "binoculars", "Six [1].")
    third = http.post("/v1/responses", json=asked | {"input": "?", "previous_response_id": second["id"]}).json()
    assert [one["content"] for one in upstream.requests[-1].body["messages"]][1] == QUESTION
    assert third["previous_response_id"] == second["id"]


def test_a_follow_up_without_stores_is_answered_by_the_model_alone(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    first = http.post("/v1/responses", json=asked).json()
    upstream.script(Behaviour("reply", body="You are welcome [1]."))
    thanks = {"model": "gpt-4o-mini", "input": "Thanks!", "previous_response_id": first["id"]}
    response = http.post("/v1/responses", json=thanks).json()
    (message,) = response["output"]
    assert message["content"][0]["text"] == "You are welcome [1]."
    assert message["content"][0]["annotations"] == []


def test_items_of_earlier_answers_can_be_sent_back(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    first = http.post("/v1/responses", json=asked | {"store": False}).json()
    assert http.get(f"/v1/responses/{first['id']}").status_code == 404
    say(upstream, "binoculars", "Six weeks [1].")
    talk = [
        {"role": "developer", "content": "Be brief."},
        {"role": "user", "content": [{"type": "input_text", "text": QUESTION}]},
        *first["output"],
        {"role": "user", "content": "And binoculars?"},
    ]
    response = http.post("/v1/responses", json=asked | {"input": talk}).json()
    assert response["status"] == "completed"
    assert upstream.requests[-1].body["messages"][0]["content"].endswith("Be brief.")
    items = http.get(f"/v1/responses/{response['id']}/input_items", params={"order": "asc"}).json()
    assert [item["role"] for item in items["data"]] == ["developer", "user", "assistant", "user"]
    path, ids = f"/v1/responses/{response['id']}/input_items", [item["id"] for item in items["data"]]
    page = http.get(path, params={"limit": 2, "after": ids[3]}).json()
    assert [item["id"] for item in page["data"]] == [ids[2], ids[1]]
    assert (page["first_id"], page["last_id"], page["has_more"]) == (ids[2], ids[1], True)
    assert http.get(path, params={"after": "msg_0"}).status_code == 400


def test_a_response_can_be_deleted_and_not_cancelled(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    say(upstream, SAID)
    path = f"/v1/responses/{http.post('/v1/responses', json=asked).json()['id']}"
    assert http.post(f"{path}/cancel").status_code == 400
    assert http.delete(path).json()["deleted"] is True
    assert http.get(path).status_code == 404
    assert http.delete(path).status_code == 404
    gone = http.post("/v1/responses", json=asked | {"previous_response_id": path.rpartition("/")[2]})
    assert (gone.status_code, gone.json()["error"]["param"]) in {(404, "previous_response_id"), (404, None)}


def test_model_and_options_reach_the_upstream(http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]) -> None:
    say(upstream, SAID)
    options = {"model": "writer", "temperature": 0.5, "top_p": 0.9, "max_output_tokens": 77}
    response = http.post("/v1/responses", json=asked | options).json()
    sent = upstream.requests[-1].body
    assert (sent["model"], sent["temperature"], sent["top_p"], sent["max_tokens"]) == ("writer", 0.5, 0.9, 77)
    assert {name: response[name] for name in options} == options


def test_an_answer_in_json_is_left_as_the_model_wrote_it(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    written = '{"weeks": [1, 3]}'
    say(upstream, written)
    schema = {"type": "json_schema", "name": "loan", "schema": {"type": "object"}, "strict": True}
    response = http.post("/v1/responses", json=asked | {"text": {"format": schema}}).json()
    assert response["output"][1]["content"][0]["text"] == written
    assert response["text"]["format"] == schema
    sent = upstream.requests[-1].body["response_format"]
    assert sent == {"type": "json_schema", "json_schema": {name: schema[name] for name in ("name", "schema", "strict")}}


@pytest.mark.parametrize(
    "condition",
    [
        {"filters": {"type": "eq", "key": "kind", "value": "other"}},
        {"filters": {"type": "and", "filters": [{"type": "ne", "key": "kind", "value": "rules"}]}},
    ],
)
def test_filters_decide_what_may_be_quoted(
    http: httpx.Client, asked: dict[str, Any], condition: dict[str, Any]
) -> None:
    tools = [asked["tools"][0] | condition]
    response = http.post("/v1/responses", json=asked | {"tools": tools, "include": RESULTS}).json()
    assert response["output"][0]["results"] == []
    assert response["output"][1]["content"][0]["text"] == "The documents do not say."


def test_a_threshold_leaves_out_hits_with_lower_scores(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    def scores(threshold: float) -> list[float]:
        say(upstream, SAID)
        tools = [asked["tools"][0] | {"ranking_options": {"ranker": "auto", "score_threshold": threshold}}]
        response = http.post("/v1/responses", json=asked | {"tools": tools, "include": RESULTS}).json()
        return [hit["score"] for hit in response["output"][0]["results"]]

    (score,) = scores(0.0)
    assert 0 < score <= 1
    assert scores(score) == [score]


def test_a_stream_that_breaks_off_ends_with_response_failed(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    name, data = events(http, "/v1/responses", asked)[-1]
    assert (name, data["response"]["status"]) == ("response.failed", "failed")
    assert data["response"]["error"]["code"] == "server_error"
    assert data["response"]["output"][0]["results"] is None
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("truncate_stream"))
    assert http.post("/v1/responses", json=asked).status_code == 502


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"background": True}, "background"),
        ({"conversation": "conv_1"}, "conversation"),
        ({"prompt": {"id": "pmpt_1"}}, "prompt"),
        ({"temperature": 3}, "temperature"),
        ({"input": []}, "input"),
        ({"input": 5}, "input"),
        ({"input": [5]}, "input.0"),
        ({"tool_choice": 5}, "tool_choice"),
        ({"input": [{"role": "user", "content": [{"type": "input_image", "image_url": "x"}]}]}, "input.0.content"),
        ({"input": [{"type": "function_call_output", "call_id": "1", "output": ""}]}, "input.0"),
        ({"input": [{"role": "system", "content": "Be brief."}]}, "input"),
        ({"text": {"format": {"type": "json_schema"}}}, "text.format"),
    ],
)
def test_what_is_not_supported_is_refused_by_name(
    http: httpx.Client, asked: dict[str, Any], change: dict[str, Any], param: str
) -> None:
    response = http.post("/v1/responses", json=asked | change)
    assert response.status_code == 400
    assert response.json()["error"]["param"] == param


def test_other_tools_beside_file_search_are_refused(http: httpx.Client, asked: dict[str, Any]) -> None:
    response = http.post("/v1/responses", json=asked | {"tools": [*asked["tools"], {"type": "web_search"}]})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "tools")


def test_a_refusal_of_what_the_client_named_is_the_clients_error(
    http: httpx.Client, upstream: FakeOpenAI, asked: dict[str, Any]
) -> None:
    for status in (400, 404):
        refusal = {"error": {"message": "No.", "param": "top_p", "code": "unsupported_value"}}
        upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("status", status=status, body=refusal))
        response = http.post("/v1/responses", json=asked | {"top_p": 0.5})
        assert (response.status_code, response.json()["error"]["param"]) == (
            status,
            "top_p" if status == 400 else "model",
        )
