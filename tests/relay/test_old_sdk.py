"""Programs for `openai==0.28` run with only the base URL set, though the upstream lacks the old endpoints."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.echo_server import EchoServer
from tests.relay.door import Door
from tests.relay.families import CHAT, COMPLETION, EMBEDDING
from tests.relay.installing import output_of, python_with
from tests.relay.modern import FILE, FILE_CONTENT, MODELS, ModernOpenAI
from tests.relay.streaming import WORDS

_PROGRAM = Path(__file__).parent / "programs" / "old_sdk.py"
_OLD_STATES = {"pending", "running", "succeeded", "failed", "cancelled"}

Results = Mapping[str, Any]


@pytest.fixture(scope="module")
def results(echo: EchoServer, door: Door, tmp_path_factory: pytest.TempPathFactory) -> Results:
    """What the program of 2023 got, call by call."""
    folder = tmp_path_factory.mktemp("old-sdk")
    python = python_with(folder / "environment", "openai==0.28.1")
    echo.answering = ModernOpenAI()
    environ = {"OPENAI_API_BASE": door.base_url, "OPENAI_API_KEY": door.key, "PYTHONIOENCODING": "utf-8"}
    results: Results = json.loads(output_of([os.fspath(python), str(_PROGRAM)], folder, environ))
    return results


def test_what_still_exists_is_answered_as_it_is(results: Results) -> None:
    assert results["chat"] == results["async chat"] == CHAT
    assert results["completion"] == COMPLETION
    assert results["embedding"] == EMBEDDING
    assert results["file"] == results["file get"] == FILE
    assert bytes(results["file content"]) == FILE_CONTENT
    assert results["transcription"] == results["translation"] == {"text": "Guten Tag"}
    assert [model["id"] for model in results["models"]["data"]] == list(MODELS)
    assert results["model"]["id"] == "gpt-4o-mini"
    assert results["model delete"]["deleted"] is True
    assert results["no model"] == [404, "model_not_found"]
    assert results["image"]["data"] == [{"url": "https://example.org/1.png"}]
    assert results["moderation"]["results"] == [{"flagged": False}]


def test_streams_are_whole(results: Results) -> None:
    whole = "".join(WORDS)
    assert results["chat stream"] == results["async chat stream"] == results["completion stream"] == whole


def test_edits_are_answered_by_a_chat_model_in_the_old_shape(results: Results) -> None:
    text = CHAT["choices"][0]["message"]["content"]
    for edit in (results["edit"], results["async edit"]):
        assert edit["object"] == "edit"
        assert [(choice["text"], choice["index"]) for choice in edit["choices"]] == [(text, 0)]
        assert edit["usage"] == {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
        assert isinstance(edit["created"], int)


def test_fine_tunes_are_answered_by_fine_tuning_jobs_in_the_old_shape(results: Results) -> None:
    made = results["fine-tune"]
    assert (made["object"], made["status"], made["model"]) == ("fine-tune", "pending", "gpt-4o-mini")
    assert [file["id"] for file in made["training_files"]] == ["file-1"]
    assert made["validation_files"] == made["result_files"] == []
    assert made["hyperparams"]["n_epochs"] == 3
    assert {"created_at", "updated_at", "organization_id", "fine_tuned_model"} <= made.keys()
    assert [each["id"] for each in results["fine-tunes"]["data"]] == [made["id"]]
    assert results["fine-tune get"]["id"] == made["id"]
    assert results["fine-tune cancel"]["status"] == "cancelled"
    assert {each["status"] for each in results["fine-tunes"]["data"]} <= _OLD_STATES


def test_events_of_a_fine_tune_come_oldest_first_in_the_old_shape(results: Results) -> None:
    events = results["fine-tune events"]["data"]
    assert [event["message"] for event in events] == ["Created", "Started", "Done"]
    assert all(event.keys() >= {"object", "created_at", "level", "message"} for event in events)
    assert {event["object"] for event in events} == {"fine-tune-event"}
    assert results["fine-tune event stream"] == ["Created", "Started", "Done"]


def test_newer_jobs_are_passed_on_as_they_are(results: Results) -> None:
    assert results["job"]["object"] == "fine_tuning.job"
    assert len(results["jobs"]["data"]) == 2
    assert results["job events"]["data"][0]["message"] == "Done"


def test_engines_are_models(results: Results) -> None:
    assert results["engines"]["object"] == "list"
    assert [engine["id"] for engine in results["engines"]["data"]] == list(MODELS)
    assert {engine["object"] for engine in results["engines"]["data"]} == {"engine"}
    assert (results["engine"]["id"], results["engine"]["object"], results["engine"]["ready"]) == (
        "gpt-4o-mini",
        "engine",
        True,
    )
    assert results["engine completion"] == COMPLETION
    assert results["engine chat"] == CHAT
    assert results["engine embedding"] == EMBEDDING
