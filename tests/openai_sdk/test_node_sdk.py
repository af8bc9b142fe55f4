"""The official Node.js package does all that is ours under `/v1`."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.openai_sdk.conftest import House
from tests.relay.installing import output_of

_PROGRAM = Path(__file__).parent / "programs" / "stores.mjs"


@pytest.fixture(scope="module")
def results(house: House, node_sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Any]:
    """What each step of the program gave."""
    folder = tmp_path_factory.mktemp("node")
    shutil.copy(_PROGRAM, folder)
    (folder / "node_modules").symlink_to(node_sdk / "node_modules")
    environ = {"OPENAI_BASE_URL": house.base_url, "OPENAI_API_KEY": house.key}
    found: Mapping[str, Any] = json.loads(output_of(["node", _PROGRAM.name], folder, environ))
    return found


def test_no_step_fails(results: Mapping[str, Any]) -> None:
    assert {name: result for name, result in results.items() if isinstance(result, dict) and "failed" in result} == {}
    assert len(results) >= 40


def test_files_are_kept_and_deleted(results: Mapping[str, Any]) -> None:
    file = results["file"]
    assert file == results["file again"] == results["file processed"]
    assert file["expires_at"] == file["created_at"] + 3_600
    assert results["file content"].startswith("Bees sleep")
    assert file["id"] in results["files"]
    assert (results["upload"]["status"], results["upload complete"]["status"]) == ("pending", "completed")
    assert results["upload cancelled"]["status"] == "cancelled"
    assert results["file deleted"]["deleted"] is True
    assert results["file gone"] == ["NotFoundError", 404]


def test_stores_are_filled_and_searched(results: Mapping[str, Any]) -> None:
    assert results["store changed"]["name"] == "from node, changed"
    assert results["store"]["id"] in results["stores"]
    assert results["attached"]["status"] == results["uploaded"]["status"] == "completed"
    assert results["attributes"]["attributes"] == {"about": "hives"}
    assert set(results["attached files"]) == {results["file"]["id"], results["uploaded"]["id"]}
    assert results["text"].startswith("Bees sleep")
    assert results["batch"]["file_counts"]["completed"] == 2
    assert results["batch again"] == results["batch"]
    assert results["batch files"] == ["completed", "completed"]
    assert results["batch of kept files"]["status"] == "completed"
    (hit,) = results["hits"]
    assert (hit["filename"], hit["file_id"]) == ("bees.txt", results["file"]["id"])
    assert "forty thousand" in hit["quote"]
    assert results["store gone"] == ["NotFoundError", 404]


def test_answers_cite_the_files(results: Mapping[str, Any]) -> None:
    assert "forty thousand" in results["response"]["output_text"]
    call, message = results["response"]["output"]
    assert call["results"][0]["filename"] == "bees.txt"
    assert message["content"][0]["annotations"][0]["file_id"] == results["file"]["id"]
    assert results["response again"]["id"] == results["response"]["id"]
    assert results["input items"][0]["role"] == "user"
    stream = results["response stream"]
    assert (stream["kinds"][0], stream["kinds"][-1]) == ("response.created", "response.completed")
    assert stream["text"] == results["response"]["output_text"]
    assert results["response cancel"] == ["BadRequestError", 400]
    assert results["response gone"] == ["NotFoundError", 404]


def test_a_store_is_a_chat_model(results: Mapping[str, Any]) -> None:
    message = results["chat"]["choices"][0]["message"]
    assert "forty thousand" in message["content"]
    assert message["annotations"][0]["url_citation"]["title"] == "bees.txt"
    assert results["chat stream"]["message"]["content"] == message["content"]
    assert results["model"]["id"] == f"store/{results['store']['id']}"
    assert "chat" in results["models"]
