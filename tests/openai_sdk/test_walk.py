"""Every operation that is ours is answered as OpenAI describes it, when all goes well and when it does not."""

import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.openai_sdk.conftest import House
from tests.openai_sdk.description import Description, Operation
from tests.openai_sdk.witness import Witness

_FAMILIES = ("files", "uploads", "vector_stores")
"""All operations of these are ours."""
_SOME_OF_OTHERS = {
    ("POST", "/responses"),
    ("GET", "/responses/{response_id}"),
    ("DELETE", "/responses/{response_id}"),
    ("GET", "/responses/{response_id}/input_items"),
    ("POST", "/chat/completions"),
    ("GET", "/models"),
    ("GET", "/models/{model}"),
}
_REFUSED = {("POST", "/responses/{response_id}/cancel")}
"""Ours too, but there is nothing that it could do."""
_NOT_THERE = {
    "file_id": "file-000000000000000000000000",
    "upload_id": "upload_000000000000000000000000",
    "vector_store_id": "vs_000000000000000000000000",
    "batch_id": "vsfb_000000000000000000000000",
    "response_id": "resp_000000000000000000000000",
    "model": "store%2Fnowhere",
}
_BODIES: dict[str, dict[str, Any]] = {
    "/uploads/{upload_id}/parts": {"files": {"data": b"abc"}},
    "/uploads/{upload_id}/complete": {"json": {"part_ids": ["part_000000000000000000000000"]}},
    "/vector_stores/{vector_store_id}/files": {"json": {"file_id": "file-000000000000000000000000"}},
    "/vector_stores/{vector_store_id}/files/{file_id}": {"json": {"attributes": {}}},
    "/vector_stores/{vector_store_id}/file_batches": {"json": {"file_ids": ["file-000000000000000000000000"]}},
    "/vector_stores/{vector_store_id}/search": {"json": {"query": "x"}},
    "/vector_stores/{vector_store_id}": {"json": {"name": "x"}},
}


@pytest.fixture
def ours(description: Description | None) -> list[Operation]:
    """The operations that are ours."""
    if description is None:
        pytest.skip("OpenAI's description (../shared/openai/openapi.json) is not here")
    return [each for each in description.operations if _is_ours(each)]


@pytest.fixture
def http(house: House, witness: Witness) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {house.key}", "openai-beta": "assistants=v2"}
    with httpx.Client(
        base_url=house.base_url, headers=headers, timeout=60, event_hooks={"response": [_seen_by(witness)]}
    ) as client:
        yield client


def _seen_by(witness: Witness) -> Any:
    def see(response: httpx.Response) -> None:
        response.read()
        witness.see(response)

    return see


def _is_ours(operation: Operation) -> bool:
    own = operation.path.split("/")[1] in _FAMILIES
    return own or (operation.method, operation.path) in _SOME_OF_OTHERS | _REFUSED


def _post(http: httpx.Client, path: str, **body: Any) -> Any:
    return http.post(path, json=body).raise_for_status().json()


def _walk_files(http: httpx.Client) -> str:
    """Every operation of files and uploads; the id of a file that stays."""
    kept = http.post("/files", data={"purpose": "user_data"}, files={"file": ("k.txt", b"The moon is kept.")}).json()
    gone = http.post("/files", data={"purpose": "assistants"}, files={"file": ("g.txt", b"Gone.")}).json()
    http.get("/files")
    http.get("/files", params={"purpose": "vision"})
    http.get(f"/files/{kept['id']}")
    assert http.get(f"/files/{kept['id']}/content").content == b"The moon is kept."
    http.delete(f"/files/{gone['id']}")
    uploads = [
        _post(http, "/uploads", bytes=3, filename="u.txt", mime_type="text/plain", purpose="assistants")["id"]
        for _ in range(2)
    ]
    part = http.post(f"/uploads/{uploads[0]}/parts", files={"data": b"abc"}).raise_for_status().json()
    _post(http, f"/uploads/{uploads[0]}/complete", part_ids=[part["id"]])
    _post(http, f"/uploads/{uploads[1]}/cancel")
    return str(kept["id"])


def _walk_stores(http: httpx.Client, file: str) -> str:
    """Every operation of vector stores but deleting; the id of a store with the file in it."""
    store = _post(http, "/vector_stores", name="walked")["id"]
    path = f"/vector_stores/{store}"
    http.get("/vector_stores")
    http.get(path)
    _post(http, path, metadata={"a": "b"}, expires_after={"anchor": "last_active_at", "days": 1})
    _post(http, f"{path}/files", file_id=file)
    http.get(f"{path}/files")
    http.get(f"{path}/files/{file}")
    _post(http, f"{path}/files/{file}", attributes={"n": 1})
    http.delete(f"{path}/files/{file}")
    batch = _post(http, f"{path}/file_batches", file_ids=[file])["id"]
    for end in ("", "/files"):
        http.get(f"{path}/file_batches/{batch}{end}")
    _wait(http, f"{path}/files/{file}")
    http.get(f"{path}/files/{file}/content")
    _post(http, f"{path}/file_batches/{batch}/cancel")
    found = _post(http, f"{path}/search", query=["moon", "kept"], filters={"type": "ne", "key": "n", "value": 2})
    assert found["data"][0]["file_id"] == file
    return str(store)


def _wait(http: httpx.Client, path: str) -> None:
    for _ in range(600):
        answer = http.get(path).raise_for_status()
        if answer.json()["status"] != "in_progress":
            return
        assert 0 < int(answer.headers["openai-poll-after-ms"]) <= 5_000
        time.sleep(0.05)
    raise AssertionError(path)


def _walk_answers(http: httpx.Client, store: str) -> None:
    """Every operation of ours about responses, chat and models."""
    tool = {"type": "file_search", "vector_store_ids": [store]}
    asked = {"model": "chat", "input": "What is kept?", "tools": [tool], "include": ["file_search_call.results"]}
    response = _post(http, "/responses", **asked)["id"]
    assert http.post("/responses", json={**asked, "stream": True}).is_success
    http.get(f"/responses/{response}")
    http.get(f"/responses/{response}/input_items")
    assert http.post(f"/responses/{response}/cancel").status_code == 400
    http.delete(f"/responses/{response}")
    chat = {"model": f"store/{store}", "messages": [{"role": "user", "content": "What is kept?"}]}
    _post(http, "/chat/completions", **chat)
    assert http.post("/chat/completions", json={**chat, "stream": True}).is_success
    http.get("/models")
    http.get(f"/models/store%2F{store}")


def test_every_operation_is_answered_as_described(http: httpx.Client, witness: Witness, ours: list[Operation]) -> None:
    store = _walk_stores(http, _walk_files(http))
    _walk_answers(http, store)
    http.delete(f"/vector_stores/{store}")
    assert {(each.method, each.path) for each in ours} - _REFUSED <= witness.seen


def test_what_is_not_there_is_refused_as_described(http: httpx.Client, ours: list[Operation]) -> None:
    about_something = [each for each in ours if "{" in each.path]
    assert len(about_something) >= 20
    for operation in about_something:
        path = operation.path.format(**_NOT_THERE)
        arguments = _BODIES.get(operation.path, {}) if operation.method == "POST" else {}
        answer = http.request(operation.method, path, **arguments)
        assert answer.status_code == 404, (operation.method, path, answer.text)
        assert answer.json()["error"]["message"]


def test_what_is_wrong_is_refused_with_the_name_of_the_parameter(http: httpx.Client) -> None:
    store = _post(http, "/vector_stores")["id"]
    for path, parameter, body in (
        ("/vector_stores", "expires_after.days", {"expires_after": {"anchor": "last_active_at", "days": 0}}),
        ("/vector_stores", "metadata", {"metadata": {str(number): "" for number in range(17)}}),
        (f"/vector_stores/{store}/search", "query", {}),
        (f"/vector_stores/{store}/search", "max_num_results", {"query": "x", "max_num_results": 0}),
        (f"/vector_stores/{store}/files", "file_id", {}),
        ("/uploads", "bytes", {"filename": "x", "mime_type": "text/plain", "purpose": "assistants"}),
    ):
        answer = http.post(path, json=body)
        assert (answer.status_code, answer.json()["error"]["param"]) == (400, parameter), answer.text
