"""The echo server keeps what it is sent and answers as it is told, as plain clients see it."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect

from tests.fakes.echo_server import EchoServer, Fault, Reply, SocketScript, digest, event_stream, json_reply


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


def test_it_keeps_what_it_is_sent(echo: EchoServer) -> None:
    answer = httpx.post(f"{echo.base_url}/a%2Fb?c=&d", content=b"\x00\xff", headers={"X-One": "1"})
    (seen,) = echo.requests
    assert (seen.method, seen.target, seen.body) == ("POST", "/v1/a%2Fb?c=&d", b"\x00\xff")
    assert (b"X-One", b"1") in seen.headers
    assert answer.json()["sha256"] == seen.sha256 == digest(b"\x00\xff")
    assert seen.outcome == "done"


def test_of_long_bodies_it_keeps_the_digest(echo: EchoServer) -> None:
    body = bytes(3_000_000)
    httpx.put(f"{echo.base_url}/x", content=iter([body, body]))
    (seen,) = echo.requests
    assert (seen.kept, seen.body_bytes, seen.sha256) == (None, 6_000_000, digest(body + body))
    assert seen.chunks > 1


def test_replies_are_used_once_and_in_order(echo: EchoServer) -> None:
    echo.script(json_reply({"n": 1}, 201), Reply([b"x"], 404, framing="close"))
    echo.answering = lambda seen: json_reply({"again": seen.method})
    with httpx.Client() as client:
        assert client.get(f"{echo.base_url}/x").status_code == 201
        assert client.get(f"{echo.base_url}/x").content == b"x"
        assert client.delete(f"{echo.base_url}/x").json() == {"again": "DELETE"}
        assert client.head(f"{echo.base_url}/x").content == b""
    assert echo.connections == 2


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE, Fault.HALF_CLOSE])
def test_it_breaks_off_as_it_is_told(echo: EchoServer, fault: Fault) -> None:
    echo.script(event_stream([b"data: 1\n\n", fault]))
    with pytest.raises(httpx.TransportError):
        httpx.get(f"{echo.base_url}/x", timeout=5)


def test_it_notices_clients_that_leave(echo: EchoServer) -> None:
    echo.script(event_stream([b"data: 1\n\n", 60.0]))
    with httpx.stream("GET", f"{echo.base_url}/x") as answer:
        pieces = answer.iter_raw()
        assert next(pieces) == b"data: 1\n\n"
        seen = echo.requests[0]
        outcomes = [seen.outcome]
    until = time.monotonic() + 10
    while seen.ended_at is None and time.monotonic() < until:
        time.sleep(0.01)
    assert [*outcomes, seen.outcome] == ["open", "left"]


def test_a_stalled_answer_goes_on_when_it_is_released(echo: EchoServer) -> None:
    echo.script(event_stream([b"data: 1\n\n", Fault.STALL, b"data: 2\n\n"]))
    with httpx.stream("GET", f"{echo.base_url}/x") as answer:
        pieces = answer.iter_raw()
        next(pieces)
        echo.release()
        assert list(pieces) == [b"data: 2\n\n"]


def test_it_can_be_stopped_and_started_at_the_same_address(echo: EchoServer) -> None:
    address = echo.base_url
    echo.stop()
    with pytest.raises(httpx.ConnectError):
        httpx.get(address)
    echo.start()
    assert httpx.get(address).status_code == 200
    assert echo.base_url == address


def test_it_asks_for_a_body_that_waits_to_be_asked_for(echo: EchoServer) -> None:
    host, _, port = echo.base_url.removeprefix("http://").removesuffix("/v1").partition(":")
    with socket.create_connection((host, int(port)), 10) as client:
        client.sendall(b"POST /v1/x HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 1\r\n\r\n")
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(b"x")
        assert client.recv(100).startswith(b"HTTP/1.1 200 OK\r\n")


def test_websockets_send_messages_back_and_close_as_told(echo: EchoServer) -> None:
    echo.socket_script = SocketScript(greeting=["hello"], closes_after=2, code=4000, reason="enough")
    with connect(f"{echo.base_url.replace('http', 'ws')}/realtime", subprotocols=["a", "b"]) as client:  # type: ignore[list-item]
        assert (client.subprotocol, client.recv()) == ("a", "hello")
        client.send("x")
        assert client.recv() == "x"
        client.send(b"\xff")
        assert client.recv() == b"\xff"
        with pytest.raises(ConnectionClosedError):
            client.recv()
        assert (client.close_code, client.close_reason) == (4000, "enough")
    assert echo.requests[0].frames == ["x", b"\xff"]
