"""The official Node.js package sends and gets through Footnote what it sends and gets without it."""

import base64
import json
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.echo_server import EchoServer, Recorded, SocketScript
from tests.relay.door import UPSTREAM_KEY, Door, direct
from tests.relay.everything import CONTENT, everything
from tests.relay.families import CHAT, LIST
from tests.relay.installing import output_of
from tests.relay.seen import Seen, seen
from tests.relay.streaming import WORDS

_PROGRAM = Path(__file__).parent / "programs" / "families.mjs"
_GREETING = {"type": "session.created", "event_id": "e_1", "session": {"type": "realtime"}}
_DONE = {"type": "response.done", "event_id": "e_2", "response": {"id": "r_1", "usage": {"total_tokens": 5}}}


@dataclass(frozen=True, slots=True)
class Course:
    """One run of the program: what its calls gave, and what the upstream saw of them."""

    results: Mapping[str, Any]
    requests: Sequence[Recorded]


@dataclass(frozen=True, slots=True)
class Both:
    """The same program without Footnote and through it."""

    straight: Course
    relayed: Course


@pytest.fixture(scope="module")
def both(echo: EchoServer, door: Door, node_sdk: Path, tmp_path_factory: pytest.TempPathFactory) -> Both:
    folder = tmp_path_factory.mktemp("node")
    (folder / "node_modules").symlink_to(node_sdk / "node_modules")
    shutil.copy(_PROGRAM, folder)
    echo.answering = everything
    echo.socket_script = SocketScript(greeting=[json.dumps(_GREETING)], replies=[json.dumps(_DONE)])
    return Both(_run(folder, echo, direct(echo)), _run(folder, echo, door))


def _run(folder: Path, echo: EchoServer, door: Door) -> Course:
    before = len(echo.requests)
    environ = {"OPENAI_BASE_URL": door.base_url, "OPENAI_API_KEY": door.key}
    results = json.loads(output_of(["node", _PROGRAM.name], folder, environ))
    return Course(results, echo.requests[before:])


def _comparable(requests: Sequence[Recorded]) -> list[Seen]:
    """All but WebSockets, whose keys are random, and streams, whose usage Footnote asks for."""
    return [seen(each) for each in requests if each.header("upgrade") is None and b'"stream":true' not in each.body]


def test_every_call_gives_what_it_gives_without_footnote(both: Both) -> None:
    assert both.relayed.results == both.straight.results


def test_no_call_fails(both: Both) -> None:
    failed = {name: result for name, result in both.relayed.results.items() if "failed" in (result or {})}
    assert failed == {}
    assert both.relayed.results["chat"] == CHAT
    assert both.relayed.results["files"] == LIST["data"]
    assert both.relayed.results["speech"] == both.relayed.results["file content"] == base64.b64encode(CONTENT).decode()
    assert both.relayed.results["model refused"] == ["NotFoundError", 404, "model_not_found", "req_2"]


def test_the_upstream_sees_the_same_requests(both: Both) -> None:
    straight, relayed = both.straight.requests, both.relayed.requests
    assert [(each.method, each.target) for each in relayed] == [(each.method, each.target) for each in straight]
    assert {value for each in relayed for value in each.values("authorization")} == {f"Bearer {UPSTREAM_KEY}".encode()}
    assert _comparable(relayed) == _comparable(straight)


def test_a_stream_has_all_its_events(both: Both) -> None:
    words = [event["choices"][0]["delta"]["content"] for event in both.relayed.results["chat stream"]]
    assert tuple(words) == WORDS
    assert both.relayed.results["chat stream with usage"][-1]["usage"]["total_tokens"] == 15
    assert len(both.relayed.results["response stream"]) == len(WORDS) + 1


def test_realtime_talks_both_ways_and_closes_with_the_clients_code(both: Both) -> None:
    assert both.relayed.results["realtime"] == ["session.created", "response.done", 1000]
    (request,) = [each for each in both.relayed.requests if each.target.startswith("/v1/realtime")]
    assert [json.loads(frame)["type"] for frame in request.frames] == ["response.create"]
    assert request.close_code == 1000
