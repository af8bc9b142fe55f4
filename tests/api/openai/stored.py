"""Stores and files by way of `/v1`, for tests."""

import time
from collections.abc import Callable
from typing import Any

import httpx

_PATIENCE_SECONDS = 60.0


def upload(http: httpx.Client, name: str, content: bytes) -> str:
    """Keep a file; returns its id."""
    answer = http.post("/v1/files", data={"purpose": "assistants"}, files={"file": (name, content)})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def made(http: httpx.Client, **form: Any) -> dict[str, Any]:
    """A new store."""
    return dict(http.post("/v1/vector_stores", json=form).raise_for_status().json())


def attached(http: httpx.Client, store_id: str, name: str, content: bytes, **form: Any) -> str:
    """Put a file into a store, and wait until nothing more happens to it; returns its id."""
    file_id = upload(http, name, content)
    answer = http.post(f"/v1/vector_stores/{store_id}/files", json={"file_id": file_id, **form})
    assert answer.status_code == 200, answer.text
    assert answer.json()["id"] == file_id
    ended(http, f"/v1/vector_stores/{store_id}/files/{file_id}")
    return file_id


def ended(http: httpx.Client, path: str) -> dict[str, Any]:
    """A file in a store, or a batch, once nothing more happens to it; asked for as often as the service says."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = http.get(path).raise_for_status()
        shown = dict(answer.json())
        if shown["status"] != "in_progress":
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(int(answer.headers["openai-poll-after-ms"]) / 5000)


def for_a_while(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)
