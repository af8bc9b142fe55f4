"""What the upstream sees and the client gets are the same bytes."""

import hashlib
from collections.abc import Iterator

import anyio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from settings.options import UpstreamServer, UpstreamSettings
from tests.fakes.echo_server import EchoServer, Fault, Reply, json_reply
from tests.upstream.relay.calls import chat, create, get, send, upload
from tests.upstream.relay.conftest import KEY, Open, open_sockets
from tests.upstream.waiting import until
from upstream import UpstreamError, UpstreamTimeoutError, open_upstream
from upstream.relay import Call, Replay

pytestmark = pytest.mark.anyio

MEBIBYTE = bytes(range(256)) * 4096
HEADER_NAMES = st.from_regex(rb"x-[a-z0-9_!#$%&'*+.^`|~-]{1,20}", fullmatch=True)
HEADER_VALUES = st.binary(max_size=40).map(
    lambda value: bytes(byte for byte in value if byte > 31 and byte != 127).strip()
)


@pytest.mark.parametrize(
    "target",
    [
        "/files/a%2Fb/content",
        "/files//x",
        "/files;v=1?purpose=&limit=&limit=2",
        "/x?a=b?c=%zz&d=%E6%B6%B5+%20",
        "/x?",
        "/%2e%2e/./x",
        "",
        "/caf\xe9",
        "/x?q=a|b{c}[]\"'^`",
    ],
)
async def test_path_and_query_arrive_as_they_were_written(open_relay: Open, echo: EchoServer, target: str) -> None:
    async with open_relay() as relay:
        await send(relay, get(target))
    assert echo.requests[0].target == f"/v1{target}"


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(HEADER_NAMES, HEADER_VALUES), max_size=8))
def test_headers_arrive_in_order_and_to_the_byte(echo: EchoServer, headers: list[tuple[bytes, bytes]]) -> None:
    async def exchange() -> list[tuple[bytes, bytes]]:
        echo.answering = lambda _: Reply(headers=tuple(headers))
        async with open_upstream(UpstreamSettings(base_url=echo.base_url)) as upstream:
            assert upstream.relay is not None
            return (await send(upstream.relay, get(headers=tuple(headers)))).headers

    answered = anyio.run(exchange)
    assert echo.requests[-1].headers[1:] == tuple(headers)
    assert answered[:-1] == headers


async def test_what_belongs_to_the_connection_stays_behind(open_relay: Open, echo: EchoServer) -> None:
    dropped = [b"connection", b"te", b"upgrade", b"cookie", b"expect", b"proxy-authorization", b"keep-alive"]
    headers = tuple((name, b"x") for name in dropped)
    kept = ((b"user-agent", b"a"), (b"user-agent", b"b"), (b"openai-organization", b"org"), (b"idempotency-key", b"i"))
    hop = ((b"Connection", b"X-Private, close"), (b"X-Private", b"1"), (b"Set-Cookie", b"a=b"), (b"Keep-Alive", b"t"))
    echo.script(Reply(headers=(*hop, (b"X-Request-Id", b"req_1"), (b"Warning", b"\xff"))))
    async with open_relay() as relay:
        got = await send(relay, get(headers=(*headers, *kept, (b"authorization", b"Bearer mine"), (b"host", b"me"))))
    (seen,) = echo.requests
    host = echo.base_url.removeprefix("http://").removesuffix("/v1").encode()
    assert seen.headers == ((b"Host", host), *kept, (b"authorization", b"Bearer " + KEY.encode()))
    assert got.headers == [(b"x-request-id", b"req_1"), (b"warning", b"\xff"), (b"content-length", b"0")]


@pytest.mark.parametrize("status", [200, 201, 204, 206, 299, 302, 304, 400, 404, 409, 418, 422, 451, 501, 505, 599])
async def test_every_status_passes(open_relay: Open, echo: EchoServer, status: int) -> None:
    body = b"" if status in {204, 304} else b'{"error": {}}'
    echo.answering = lambda _: Reply([body] if body else [], status, ((b"location", b"/elsewhere"),))
    async with open_relay() as relay:
        got = await send(relay, create())
    assert (got.status, got.body) == (status, body)
    assert (b"location", b"/elsewhere") in got.headers


@pytest.mark.parametrize("framing", ["length", "chunked", "close"])
async def test_bodies_come_back_to_the_byte(open_relay: Open, echo: EchoServer, framing: str) -> None:
    pieces = [b"\x1f\x8b\x08\x00" + MEBIBYTE, b"\xff", MEBIBYTE * 3]
    headers = ((b"content-encoding", b"gzip"), (b"content-type", b"application/octet-stream"))
    echo.script(Reply(pieces, headers=headers, framing=framing))  # type: ignore[arg-type]
    async with open_relay() as relay:
        got = await send(relay, get("/files/f/content"))
    assert got.body == b"".join(pieces)
    assert got.headers[:2] == list(headers)


async def test_the_head_of_an_answer_can_be_long(open_relay: Open, echo: EchoServer) -> None:
    headers = (*((b"x-%d" % number, b"v" * 200) for number in range(300)), (b"x-long", b"w" * 30_000))
    echo.script(Reply(headers=headers))
    async with open_relay() as relay:
        assert (await send(relay, get())).headers[:-1] == list(headers)


async def test_a_head_request_has_the_length_and_no_body(open_relay: Open, echo: EchoServer) -> None:
    echo.answering = lambda _: json_reply({"a": 1})
    async with open_relay() as relay:
        got = await send(relay, Call("HEAD", "/files", (), b"", None, Replay.ALWAYS))
        assert (b"content-length", b"8") in got.headers
        assert got.body == b""
        await send(relay, get())
    assert echo.connections == 1


@pytest.mark.parametrize(
    ("call", "length"),
    [
        (get(), None),
        (get(headers=((b"content-length", b"7"),)), None),
        (create(b""), b"0"),
        (create(b"\x00\xff"), b"2"),
        (Call("DELETE", "/files/f", (), b"", None, Replay.UNDONE), None),
        (Call("DELETE", "/files/f", (), b"", 0, Replay.UNDONE), b"0"),
        (Call("GET", "/search", (), b"{}", 2, Replay.ALWAYS), b"2"),
        (Call("PATCH", "/x", (), b"", None, Replay.UNDONE), b"0"),
    ],
)
async def test_a_length_is_said_where_there_is_one(
    open_relay: Open, echo: EchoServer, call: Call, length: bytes | None
) -> None:
    async with open_relay() as relay:
        await send(relay, call)
    (seen,) = echo.requests
    assert seen.header("content-length") == length
    assert seen.body == call.body
    assert seen.header("transfer-encoding") is None


@pytest.mark.parametrize("declared", [True, False])
async def test_a_long_body_passes_in_pieces(open_relay: Open, echo: EchoServer, declared: bool) -> None:
    count = 64
    async with open_relay() as relay:
        await send(relay, upload([MEBIBYTE] * count, len(MEBIBYTE) * count if declared else None))
    (seen,) = echo.requests
    assert seen.body_bytes == count * len(MEBIBYTE)
    assert seen.sha256 == hashlib.sha256(MEBIBYTE * count).hexdigest()
    assert bool(seen.chunks) != declared


async def test_a_server_that_does_not_read_slows_the_client_down(open_relay: Open, echo: EchoServer) -> None:
    taken = 0

    def body() -> Iterator[bytes]:
        nonlocal taken
        for taken in range(256):  # noqa: B007 - how far it came is what matters
            yield MEBIBYTE

    echo.script(Reply(before=[Fault.STALL], body_bytes_read=1))
    async with open_relay() as relay, anyio.create_task_group() as group:
        group.start_soon(send, relay, upload(body()))
        await until(lambda: taken > 0)
        await anyio.sleep(0.5)
        before = taken
        await anyio.sleep(0.3)
        assert taken == before
        assert taken < 40
        group.cancel_scope.cancel()


async def test_a_server_that_never_goes_on_reading_times_out(open_relay: Open, echo: EchoServer) -> None:
    echo.script(Reply(before=[Fault.STALL], body_bytes_read=1))
    async with open_relay(idle_timeout_seconds=0.3) as relay:
        with pytest.raises(UpstreamTimeoutError, match=r"relay\.idle_timeout_seconds"):
            await send(relay, upload([MEBIBYTE] * 256))
        assert relay.states()[0].in_flight == 0
        await until(lambda: open_sockets(echo) == 0)


async def test_an_answer_before_the_end_of_the_request_is_passed_on(open_relay: Open, echo: EchoServer) -> None:
    echo.script(Reply([b'{"error": 1}'], 413, body_bytes_read=1))
    async with open_relay() as relay:
        got = await send(relay, upload([MEBIBYTE] * 256))
        assert (got.status, got.body) == (413, b'{"error": 1}')
        await send(relay, get())
    assert echo.connections == 2


async def test_a_failure_of_the_clients_body_passes_through_and_cuts_the_connection(
    open_relay: Open, echo: EchoServer
) -> None:
    def body() -> Iterator[bytes]:
        yield b"abc"
        raise LookupError("the client has left")

    async with open_relay() as relay:
        with pytest.raises(LookupError, match="has left"):
            await send(relay, upload(body(), 10))
        assert relay.states()[0].in_flight == 0
    await until(lambda: echo.open_connections == 0 and all(seen.outcome == "left" for seen in echo.requests))


async def test_a_body_shorter_than_declared_is_an_error(open_relay: Open, echo: EchoServer) -> None:
    async with open_relay() as relay:
        with pytest.raises(UpstreamError, match="Content-Length"):
            await send(relay, upload([b"abc"], 10))
    await until(lambda: echo.open_connections == 0 and all(seen.outcome == "left" for seen in echo.requests))


async def test_the_address_may_have_a_path_and_a_query_of_its_own(open_relay: Open, echo: EchoServer) -> None:
    base = echo.base_url.replace("/v1", "/deep/er%2F/v1?api-version=1")
    async with open_relay({"other": UpstreamServer(base_url=base)}) as relay:
        await send(relay, get("/x?a=1"))
        await send(relay, get("/x"))
    assert [seen.target for seen in echo.requests] == [
        "/deep/er%2F/v1/x?api-version=1&a=1",
        "/deep/er%2F/v1/x?api-version=1",
    ]
    assert echo.requests[0].header("authorization") is None


async def test_what_a_server_says_unasked_is_nobodys_answer(open_relay: Open, echo: EchoServer) -> None:
    head = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"
    echo.script(Reply([head + b"asked", 0.05, head + b"extra", Fault.STALL], framing="raw"))
    async with open_relay() as relay:
        assert (await send(relay, get())).body == b"asked"
        await anyio.sleep(0.3)  # it comes while the connection waits for the next call
        assert b"extra" not in (await send(relay, get())).body
    assert echo.connections == 2


async def test_our_key_is_not_in_what_a_server_sends_back(open_relay: Open, echo: EchoServer) -> None:
    async with open_relay() as relay:
        await send(relay, Call("TRACE", "/x", (), b"", None, Replay.UNDONE))
        await send(relay, get())
    assert [request.header("authorization") for request in echo.requests] == [None, f"Bearer {KEY}".encode()]


async def test_connections_are_used_again_and_none_is_left(open_relay: Open, echo: EchoServer) -> None:
    async with open_relay() as relay:
        for _ in range(20):
            await send(relay, chat())
        assert echo.connections == 1
    await until(lambda: echo.open_connections == 0)
    assert open_sockets(echo) == 0
