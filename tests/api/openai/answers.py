"""What the tests of answers under `/v1` share."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait

LOANS = "# Loans\n\nA telescope may be kept for three weeks.\n\nBinoculars may be kept for six weeks.\n"
QUESTION = "How long may a telescope be kept?"
SAID = "You may keep it for three weeks [1]. Really [9]."
SHOWN = "You may keep it for three weeks [1]. Really ."


def say(upstream: FakeOpenAI, *texts: str) -> None:
    """Make the chat model say these; of several, the first is a question written anew, before it is embedded."""
    *rewritten, answer = texts
    upstream.script(*(Behaviour("reply", body=text) for text in rewritten))
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour("reply", body=answer))


def filled(http: httpx.Client, store: str) -> tuple[str, str]:
    """The ids of a store and of the file in it."""
    (document,) = add_and_wait(http, {"loans.md": LOANS.encode()}, store=store, attributes='{"kind": "rules"}')
    store_id = http.get(f"/stores/{store}").json()["id"]
    files = http.get(f"/v1/vector_stores/{store_id}/files").json()["data"]
    assert document["status"] == "completed"
    return store_id, files[0]["id"]


def events(http: httpx.Client, path: str, body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The events of a streamed answer: name, empty where there is none, and data."""
    found, name = [], ""
    with http.stream("POST", path, json={**body, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream"), response.read()
        for line in response.iter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                found.append((name, value if value == "[DONE]" else json.loads(value)))
                name = ""
    return found
