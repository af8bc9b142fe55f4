"""Several upstreams: what belongs together stays together."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from api.callers import Caller
from settings.options import UpstreamServer
from tests.api.relay.door import Door, door
from tests.fakes.echo_server import EchoServer, Recorded, Reply, error_reply, event_stream, json_reply


class _Files:
    """An upstream that keeps things by id."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.kept: set[str] = set()
        self.made = 0

    def __call__(self, recorded: Recorded) -> Reply:
        path = recorded.target.removeprefix("/v1/").partition("?")[0]
        parts = path.split("/")
        if recorded.method == "POST" and len(parts) == 1 and parts[0] != "embeddings":
            return self._make(parts[0], recorded)
        if path == "models":
            return json_reply({"object": "list", "data": [{"id": f"{self.name}-model", "object": "model"}]})
        if len(parts) > 1 and parts[1] not in self.kept:
            return error_reply(404, "not_found")
        if recorded.method == "DELETE":
            self.kept.discard(parts[1])
        return json_reply({"at": self.name})

    def _make(self, kind: str, recorded: Recorded) -> Reply:
        self.made += 1
        made = f"{kind}-{self.name}-{self.made}"
        self.kept.add(made)
        if b'"stream":true' in recorded.body:
            event = {"type": "response.created", "response": {"id": made}}
            return event_stream([b"event: response.created\ndata: " + json.dumps(event).encode() + b"\n\n"])
        return json_reply({"id": made, "at": self.name})


@pytest.fixture
def servers() -> Iterator[dict[str, EchoServer]]:
    with EchoServer(_Files("one")) as one, EchoServer(_Files("two")) as two:
        yield {"one": one, "two": two}


@pytest.fixture
def several(servers: dict[str, EchoServer], tmp_path: Path) -> Iterator[Door]:
    with door(tmp_path, None, _options(servers)) as opened:
        yield opened


def _options(servers: dict[str, EchoServer]) -> dict[str, UpstreamServer]:
    return {
        name: UpstreamServer(base_url=server.base_url, models=(f"{name}-*",), aliases={f"my-{name}": f"{name}-model"})
        for name, server in servers.items()
    }


@pytest.fixture
def client(several: Door) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{several.url}/v1", timeout=20) as http:
        yield http


def _at(response: httpx.Response) -> Any:
    return response.json()["at"]


def test_calls_go_where_their_model_is(client: httpx.Client, several: Door) -> None:
    assert _at(client.post("/embeddings", json={"model": "two-model"})) == "two"
    response = client.post("/embeddings", json={"model": "my-one"})
    assert (_at(response), response.headers["x-footnote-upstream"]) == ("one", "one")
    assert several.entry(2).model == "one-model"
    assert client.post("/embeddings", json={"model": "three"}).json()["error"]["code"] == "model_not_found"


def test_what_was_made_at_an_upstream_is_found_there(client: httpx.Client, servers: dict[str, EchoServer]) -> None:
    made = client.post("/files", headers={"x-footnote-upstream": "two"}, content=b"x").json()["id"]
    assert _at(client.get(f"/files/{made}")) == "two"
    assert _at(client.post("/batches", json={"input_file_id": made})) == "two"
    assert _at(client.post("/responses", json={"input": [{"content": [{"file_id": made}]}]})) == "two"
    assert _at(client.delete(f"/files/{made}")) == "two"
    assert client.get(f"/files/{made}").status_code == 404
    assert not [request for request in servers["one"].requests if request.method == "POST"]


def test_a_file_that_is_taken_out_of_a_store_is_found_yet(client: httpx.Client) -> None:
    there = {"x-footnote-upstream": "two"}
    made, store = (client.post(path, headers=there).json()["id"] for path in ("/files", "/vector_stores"))
    assert client.delete(f"/vector_stores/{store}/files/{made}").status_code == 200
    assert _at(client.post("/batches", json={"input_file_id": made})) == "two"


def test_a_streamed_response_is_found_again(client: httpx.Client) -> None:
    client.post("/responses", json={"model": "two-model", "stream": True})
    assert _at(client.get("/responses/responses-two-1")) == "two"
    assert _at(client.post("/responses", json={"previous_response_id": "responses-two-1"})) == "two"


def test_where_things_are_survives_a_restart(servers: dict[str, EchoServer], tmp_path: Path) -> None:
    with door(tmp_path, None, _options(servers)) as opened:
        httpx.post(f"{opened.url}/v1/files", headers={"x-footnote-upstream": "two"})
        opened.entry()
    with door(tmp_path, None, _options(servers)) as opened:
        assert _at(httpx.post(f"{opened.url}/v1/batches", json={"input_file_id": "files-two-1"})) == "two"


def test_what_nobody_remembers_is_looked_for(client: httpx.Client, servers: dict[str, EchoServer]) -> None:
    answering = servers["two"].answering
    assert isinstance(answering, _Files)
    answering.kept.add("files-old")
    for _ in range(2):
        assert _at(client.get("/files/files-old")) == "two"
    assert len(servers["one"].requests) == 1
    assert client.get("/files/files-unknown").status_code == 404


def test_an_upstream_can_be_asked_for_by_name(client: httpx.Client) -> None:
    assert _at(client.post("/embeddings", headers={"x-footnote-upstream": "two"})) == "two"
    response = client.post("/embeddings", headers={"x-footnote-upstream": "nowhere"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "upstream_not_found")


def test_models_are_listed_together(client: httpx.Client, several: Door) -> None:
    listed = [model["id"] for model in client.get("/models").json()["data"]]
    assert sorted(listed) == ["my-one", "my-two", "one-model", "two-model"]
    assert client.get("/models/my-two").json()["id"] == "my-two"
    several.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("*two*",))
    listed = [model["id"] for model in client.get("/models").json()["data"]]
    assert sorted(listed) == ["my-two", "two-model"]
    named = client.get("/models", headers={"x-footnote-upstream": "one"})
    assert (named.status_code, named.json()["data"]) == (200, [])
    assert client.get("/models/my-one").status_code == 404


def test_a_key_sees_its_own_models_of_the_only_upstream(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    models = [{"id": name, "object": "model"} for name in ("tiny", "large")]
    echo.answering = lambda _: json_reply({"object": "list", "data": models})
    assert len(http.get("/models").json()["data"]) == 2
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("tiny",))
    assert [model["id"] for model in http.get("/models").json()["data"]] == ["tiny"]
    echo.script(error_reply(400, "odd"))
    assert http.get("/models").status_code == 400
