"""WebSockets pass through: messages, close codes, subprotocols, usage."""

import json
from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from api.callers import Caller
from api.errors import ApiError
from tests.api.relay.door import Door
from tests.fakes.echo_server import EchoServer, SocketScript, error_reply


@pytest.fixture(autouse=True)
def _plain_socket(echo: EchoServer) -> Iterator[None]:
    yield
    echo.socket_script = SocketScript()


def _open(relay: Door, target: str = "/v1/realtime?model=gpt-realtime", **options: Any) -> ClientConnection:
    address = relay.url.replace("http", "ws") + target
    opened: ClientConnection = connect(address, proxy=None, **options)
    return opened


def _read_all(socket: ClientConnection) -> None:
    while True:
        socket.recv(10)


def test_messages_pass_both_ways(echo: EchoServer, relay: Door) -> None:
    with _open(relay, additional_headers={"OpenAI-Beta": "realtime=v1", "Authorization": "Bearer ours"}) as socket:
        for message in ("text 天", b"\x00bytes", "x" * 200_000):
            socket.send(message)
            assert socket.recv(10) == message
    entry = relay.entry()
    assert (entry.endpoint, entry.status, entry.model) == ("GET /v1/realtime", 101, "gpt-realtime")
    assert entry.upstream == "default"
    assert entry.error is None
    seen = echo.requests[0]
    assert seen.target == "/v1/realtime?model=gpt-realtime"
    assert seen.header("openai-beta") == b"realtime=v1"
    assert seen.header("authorization") is None


def test_the_subprotocol_is_the_upstreams_and_our_key_stays_here(echo: EchoServer, relay: Door) -> None:
    echo.socket_script = SocketScript(subprotocol="realtime")
    offered = ["realtime", "openai-insecure-api-key.sk-fn-secret", "openai-beta.realtime-v1"]
    with _open(relay, subprotocols=offered) as socket:
        assert socket.subprotocol == "realtime"
    assert b"secret" not in (echo.requests[0].header("sec-websocket-protocol") or b"")
    assert b"openai-beta.realtime-v1" in (echo.requests[0].header("sec-websocket-protocol") or b"")


def test_the_upstreams_close_code_reaches_the_client(echo: EchoServer, relay: Door) -> None:
    echo.socket_script = SocketScript(greeting=["hello"], closes_after=0, code=4_001, reason="session expired")
    with _open(relay) as socket:
        assert socket.recv(10) == "hello"
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
        assert (socket.close_code, socket.close_reason) == (4_001, "session expired")
    assert relay.entry().status == 101


def test_the_clients_close_code_reaches_the_upstream(echo: EchoServer, relay: Door) -> None:
    with _open(relay) as socket:
        socket.close(4_002, "done here")
    relay.entry()
    assert relay.tasks_left() == 0
    assert echo.requests[0].close_code == 4_002


def test_an_upstream_that_is_lost_is_told(echo: EchoServer, relay: Door) -> None:
    echo.socket_script = SocketScript(greeting=["hello"], closes_after=1, resets=True)
    with _open(relay) as socket:
        socket.recv(10)
        socket.send("x")
        with pytest.raises(ConnectionClosed):
            _read_all(socket)
        assert socket.close_code == 1_011
    assert relay.entry().error == "upstream_failed"


def test_usage_of_all_responses_is_counted(echo: EchoServer, relay: Door) -> None:
    usage = {"input_tokens": 10, "output_tokens": 4, "input_token_details": {"cached_tokens": 3}}
    done = json.dumps({"type": "response.done", "response": {"usage": usage}})
    other = json.dumps({"type": "response.text.delta", "usage": {"input_tokens": 99}})
    heard = json.dumps({"type": "conversation.item.input_audio_transcription.completed", "usage": {"input_tokens": 1}})
    echo.socket_script = SocketScript(greeting=[done, other, "no json", done, heard])
    with _open(relay) as socket:
        for _ in range(5):
            socket.recv(10)
        assert relay.spent_tokens == [14, 14, 1]  # at once, for a conversation can go on for an hour
    entry = relay.entry()
    assert (entry.input_tokens, entry.cached_tokens, entry.output_tokens) == (21, 6, 8)
    assert sum(relay.spent_tokens) == 29


def _refusal(relay: Door, target: str = "/v1/realtime?model=gpt-realtime") -> tuple[int, str]:
    with pytest.raises(InvalidStatus) as caught, _open(relay, target):
        pass
    response = caught.value.response
    assert response.body is not None
    return response.status_code, json.loads(response.body)["error"]["code"]


def test_refusals_come_before_the_handshake(echo: EchoServer, relay: Door) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"search"}))
    assert _refusal(relay) == (403, "permission_denied")
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("tiny",))
    assert _refusal(relay) == (404, "model_not_found")
    assert _refusal(relay, "/v1/realtime") == (403, "model_not_named")
    relay.refusal = ApiError(HTTPStatus.TOO_MANY_REQUESTS, "Too many.", code="rate_limit_exceeded")
    assert _refusal(relay, "/v1/realtime?model=tiny") == (429, "rate_limit_exceeded")
    assert not echo.requests
    assert relay.entry(4).status == 429


def test_a_refusal_of_the_upstream_is_told(echo: EchoServer, relay: Door) -> None:
    echo.script(error_reply(401, "invalid_api_key"))
    assert _refusal(relay) == (502, "upstream_authentication")


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "response.create", "response": {"\\u006dodel": "large"}}',
        '{"type": "response.create", "model": "large", "model": "tiny"}',
        '{"type": "session.update", "session": {"Model": "large"}, "session": {}}',
        '{"type": "session.update", "session": {"model": "large"}, "extra": NaN}',
        '{"type": "session.update", "session": {"model": "large"}, "extra": ' + "[" * 50_000 + "]" * 50_000 + "}",
    ],
    ids=["escaped", "twice", "capital", "no number", "deep"],
)
def test_a_model_cannot_be_smuggled_into_a_conversation(echo: EchoServer, relay: Door, text: str) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("tiny*",))
    with _open(relay, "/v1/responses?model=tiny") as socket:
        socket.send(text)
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
    assert relay.entry().error == "model_not_found"
    assert not echo.requests[0].frames


def test_a_model_named_later_is_looked_at_too(echo: EchoServer, relay: Door) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("tiny*",))
    with _open(relay, "/v1/responses?model=tiny") as socket:
        allowed = json.dumps({"type": "response.create", "model": "tiny-2"})
        socket.send(allowed)
        assert socket.recv(10) == allowed
        socket.send(json.dumps({"type": "session.update", "session": {"model": "large"}}))
        with pytest.raises(ConnectionClosed):
            socket.recv(10)
        assert socket.close_code == 1_008
    assert relay.entry().error == "model_not_found"
    assert len(echo.requests[0].frames) == 1


@pytest.mark.usefixtures("echo")
def test_a_conversation_ends_when_its_key_is_revoked(relay: Door) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"relay"}))
    with _open(relay) as socket:
        socket.send("still here")
        assert socket.recv(10) == "still here"
        relay.revoked.add("key_1")
        with pytest.raises(ConnectionClosed) as closed:
            _read_all(socket)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1_008
    assert relay.entry().error == "invalid_api_key"
    relay.revoked.clear()
