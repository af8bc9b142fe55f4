"""Old endpoints are answered through newer ones, in the old shapes."""

import json
from pathlib import Path

import httpx
import pytest

from api.callers import Caller
from tests.api.relay.door import Door, door
from tests.api.relay.legacy.old_upstream import FILE, OldUpstream
from tests.fakes.echo_server import EchoServer

_EDIT = {"model": "text-davinci-edit-001", "input": "What day of the wek is it?", "instruction": "Fix the spelling"}
_FINE_TUNE = {
    "id": "ftjob-1",
    "object": "fine-tune",
    "created_at": 100,
    "updated_at": 100,
    "model": "davinci-002",
    "fine_tuned_model": None,
    "organization_id": "org-1",
    "hyperparams": {"n_epochs": 4, "batch_size": "auto", "learning_rate_multiplier": None, "prompt_loss_weight": None},
    "training_files": [FILE],
    "validation_files": [],
    "result_files": [
        {"id": "file-gone", "object": "file", "bytes": None, "created_at": None, "filename": None, "purpose": None}
    ],
}


@pytest.fixture
def old(echo: EchoServer) -> OldUpstream:
    echo.answering = OldUpstream()
    return echo.answering


@pytest.mark.usefixtures("old")
def test_an_edit_is_answered_by_the_chat_model(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    response = http.post("/edits", json={**_EDIT, "temperature": 0.5, "n": 1})
    assert response.json() == {
        "object": "edit",
        "created": 7,
        "choices": [{"text": "What day is it?", "index": 0}],
        "usage": {"prompt_tokens": 25, "completion_tokens": 6, "total_tokens": 31},
    }
    asked = json.loads(echo.requests[-1].body)
    assert (asked["model"], asked["temperature"], asked["n"]) == ("chat-model", 0.5, 1)
    assert "Fix the spelling" in asked["messages"][-1]["content"]
    assert "of the wek" in asked["messages"][-1]["content"]
    entry = relay.entry()
    assert (entry.endpoint, entry.model, entry.input_tokens) == ("POST /v1/edits", "chat-model", 25)


@pytest.mark.usefixtures("old")
def test_an_edit_takes_the_model_it_names_where_that_is_no_retired_one(echo: EchoServer, http: httpx.Client) -> None:
    http.post("/edits", json={**_EDIT, "model": "tiny"})
    assert json.loads(echo.requests[-1].body)["model"] == "tiny"


@pytest.mark.usefixtures("old")
def test_an_edit_without_an_instruction_is_refused(http: httpx.Client) -> None:
    assert http.post("/edits", json={"model": "tiny", "input": "x"}).json()["error"]["code"] == "invalid_edit"
    assert http.post("/edits", content=b"{").json()["error"]["code"] == "json_invalid"


@pytest.mark.usefixtures("old")
def test_an_edit_gives_no_key_a_model_that_is_not_its_own(relay: Door, http: httpx.Client) -> None:
    models = ("text-davinci-edit-001",)
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=models)
    assert http.post("/edits", json=_EDIT).status_code == 404


@pytest.mark.usefixtures("old")
def test_an_old_path_that_is_gone_is_not_tried_each_time(echo: EchoServer, http: httpx.Client) -> None:
    for _ in range(2):
        assert http.get("/engines").status_code == 200
    assert [request.target for request in echo.requests][-1:] == ["/v1/models"]
    assert [request.target for request in echo.requests].count("/v1/engines") <= 1


@pytest.mark.usefixtures("old")
def test_a_fine_tune_is_made_as_a_job(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    response = http.post("/fine-tunes", json={"training_file": "file-1", "n_epochs": 4, "classification_n_classes": 2})
    tune = response.json()
    events = tune.pop("events")
    assert tune == {**_FINE_TUNE, "status": "running"}
    assert [event["message"] for event in events] == ["0", "1"]
    assert events[0] == {"object": "fine-tune-event", "created_at": 0, "level": "info", "message": "0"}
    made = next(request for request in echo.requests if request.target == "/v1/fine_tuning/jobs")
    hyperparameters = {"n_epochs": 4}
    assert json.loads(made.body) == {
        "model": "davinci-002",
        "training_file": "file-1",
        "hyperparameters": hyperparameters,
    }
    assert relay.entry().endpoint == "POST /v1/fine-tunes"


@pytest.mark.usefixtures("old")
def test_a_base_model_that_has_another_name_keeps_it(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url, aliases={"ada": "my-ada"}) as opened:
        for model in ("ada", "babbage", "tiny"):
            httpx.post(f"{opened.url}/v1/fine-tunes", json={"training_file": "file-1", "model": model})
    made = [json.loads(request.body)["model"] for request in echo.requests if request.target.endswith("/jobs")]
    assert made == ["my-ada", "babbage-002", "tiny"]


@pytest.mark.usefixtures("old")
def test_a_fine_tune_gives_no_key_a_model_that_is_not_its_own(relay: Door, http: httpx.Client) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("curie",))
    response = http.post("/fine-tunes", json={"training_file": "file-1", "model": "curie"})
    assert response.json()["error"]["code"] == "model_not_found"


@pytest.mark.usefixtures("old")
def test_fine_tunes_are_listed_page_by_page(http: httpx.Client) -> None:
    listed = http.get("/fine-tunes").json()
    assert listed["object"] == "list"
    assert [tune["id"] for tune in listed["data"]] == ["ftjob-0", "ftjob-1", "ftjob-2"]
    assert listed["data"][1] == {**_FINE_TUNE, "status": "running"}


@pytest.mark.usefixtures("old")
def test_a_fine_tune_is_retrieved_and_cancelled(http: httpx.Client) -> None:
    assert http.get("/fine-tunes/ftjob-1").json()["status"] == "running"
    cancelled = http.post("/fine-tunes/ftjob-1/cancel").json()
    assert (cancelled["object"], cancelled["status"]) == ("fine-tune", "cancelled")
    assert http.get("/fine-tunes/ft-unknown").json()["error"]["code"] == "fine_tune_not_found"


def test_events_of_a_fine_tune_are_listed_the_oldest_first(old: OldUpstream, http: httpx.Client) -> None:
    old.asked = 4
    listed = http.get("/fine-tunes/ftjob-1/events").json()
    assert [event["message"] for event in listed["data"]] == ["0", "1", "2", "3", "4", "5"]


@pytest.mark.usefixtures("old")
def test_events_of_a_fine_tune_are_streamed_until_it_is_over(relay: Door, http: httpx.Client) -> None:
    response = http.get("/fine-tunes/ftjob-1/events?stream=true")
    assert response.headers["content-type"].startswith("text/event-stream")
    *events, done = [line.removeprefix("data: ") for line in response.text.split("\n\n") if line]
    assert [json.loads(event)["message"] for event in events] == [str(n) for n in range(len(events))]
    assert done == "[DONE]"
    assert relay.entry().streamed


@pytest.mark.usefixtures("old")
def test_engines_are_models(http: httpx.Client) -> None:
    listed = http.get("/engines").json()
    assert [engine["id"] for engine in listed["data"]] == ["tiny", "large"]
    engine = http.get("/engines/tiny").json()
    assert (engine["object"], engine["owner"], engine["ready"]) == ("engine", "acme", True)
    assert http.get("/engines/unknown").status_code == 404


@pytest.mark.usefixtures("old")
def test_endpoints_below_engines_are_those_of_today(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    assert http.post("/engines/tiny/completions", json={"prompt": "x"}).json() == {"model": "tiny"}
    assert http.post("/engines/tiny/embeddings", json={}).json() == {"model": "tiny"}
    assert http.post("/engines/tiny/edits", json={"instruction": "x"}).json()["object"] == "edit"
    stream = http.post("/engines/tiny/completions", json={"prompt": "x", "stream": True})
    assert stream.text.endswith("data: [DONE]\n\n")
    assert b"include_usage" in echo.requests[-1].body
    assert relay.entry(4).model == "tiny"


def test_an_upstream_that_still_has_them_answers_itself(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url) as opened:
        for target in ("/v1/edits", "/v1/engines/tiny/completions"):
            assert httpx.post(f"{opened.url}{target}", json=_EDIT).json()["target"] == target


@pytest.mark.usefixtures("old")
def test_old_paths_pass_where_the_options_say_so(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url, legacy="pass") as opened:
        assert httpx.post(f"{opened.url}/v1/edits", json=_EDIT).json()["error"]["code"] == "unknown_url"


@pytest.mark.usefixtures("old")
def test_old_paths_are_never_tried_where_the_options_say_so(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url, legacy="translate", edit_model="tiny") as opened:
        assert httpx.post(f"{opened.url}/v1/edits", json=_EDIT).json()["object"] == "edit"
    assert [request.target for request in echo.requests] == ["/v1/chat/completions"]
    assert json.loads(echo.requests[0].body)["model"] == "tiny"
