"""WebSockets: messages and closing codes in both directions."""

import pytest

from settings.options import UpstreamServer
from tests.fakes.echo_server import EchoServer, SocketScript, error_reply
from tests.upstream.relay.calls import get
from tests.upstream.relay.conftest import KEY, Open, server
from tests.upstream.waiting import until
from upstream import UpstreamAuthenticationError, UpstreamRejectedError, UpstreamUnavailableError
from upstream.relay import Closed

pytestmark = pytest.mark.anyio

CALL = get("/realtime?model=m", ((b"openai-beta", b"realtime=v1"), (b"sec-websocket-key", b"mine")), model="m")


async def test_messages_of_both_kinds_pass_in_both_directions(open_relay: Open, echo: EchoServer) -> None:
    messages: list[str | bytes] = ["涵洞 🚧", b"\x00\xff", "x" * 3_000_000, "", b""]
    async with open_relay() as relay:
        socket = await relay.connect(CALL, ["realtime", "openai-beta.realtime-v1"])
        assert socket.subprotocol == "realtime"
        for message in messages:
            assert await socket.send(message)
            assert await socket.receive() == message
        assert relay.states()[0].in_flight == 1
        await socket.close(4001, "enough")
        await socket.close()
        assert relay.states()[0].in_flight == 0
    (seen,) = echo.requests
    await until(lambda: seen.close_code is not None)
    assert (seen.target, seen.close_code) == ("/v1/realtime?model=m", 4001)
    assert seen.header("authorization") == f"Bearer {KEY}".encode()
    assert seen.header("openai-beta") == b"realtime=v1"
    assert seen.header("sec-websocket-key") != b"mine"
    assert seen.header("user-agent") is None


@pytest.mark.parametrize(
    ("script", "end"),
    [
        (SocketScript(greeting=["hello"], closes_after=0, code=4500, reason="busy"), Closed(4500, "busy")),
        (SocketScript(greeting=["hello"], closes_after=0), Closed(1000)),
        (SocketScript(greeting=["hello"], closes_after=1, resets=True), Closed(1006)),
    ],
)
async def test_the_upstreams_way_of_ending_is_told(
    open_relay: Open, echo: EchoServer, script: SocketScript, end: Closed
) -> None:
    echo.socket_script = script
    async with open_relay() as relay:
        socket = await relay.connect(CALL)
        assert await socket.receive() == "hello"
        await socket.send("go on")
        received = await socket.receive()
        while isinstance(received, str):
            received = await socket.receive()
        assert received == end
        assert await socket.receive() == end
        assert not await socket.send("too late")
        await socket.close()


async def test_a_refused_handshake_says_why(open_relay: Open, echo: EchoServer) -> None:
    echo.script(error_reply(404, "x"), error_reply(401, "x"))
    async with open_relay() as relay:
        with pytest.raises(UpstreamRejectedError) as caught:
            await relay.connect(CALL)
        assert caught.value.status == 404
        with pytest.raises(UpstreamAuthenticationError) as refused:
            await relay.connect(CALL)
        assert KEY not in repr((refused.value, refused.value.__cause__, refused.value.__context__))
        assert relay.states()[0].in_flight == 0


async def test_another_server_takes_over_and_is_called_by_its_name_of_the_model(
    open_relay: Open, echo: EchoServer
) -> None:
    upstreams = {
        "a": UpstreamServer(base_url="http://127.0.0.1:9/v1"),
        "b": server(echo, weight=0, aliases={"m": "model-of-b"}),
    }
    async with open_relay(upstreams) as relay:
        socket = await relay.connect(CALL)
        assert (socket.upstream, socket.tries, socket.model) == ("b", 2, "model-of-b")
        await socket.close()
    assert echo.requests[0].target == "/v1/realtime?model=model-of-b"


async def test_a_server_that_is_not_there_is_unavailable(open_relay: Open, echo: EchoServer) -> None:
    async with open_relay() as relay:
        echo.stop()
        with pytest.raises(UpstreamUnavailableError, match="cannot be reached"):
            await relay.connect(CALL)
        assert relay.states()[0].in_flight == 0
