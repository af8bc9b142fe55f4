"""Answers as they arrive: pieces, silence, breaks, and clients that leave."""

import gc
import time
from collections.abc import Iterator

import anyio
import pytest

from tests.fakes.echo_server import EchoServer, Fault, Reply, event_stream, json_reply
from tests.upstream.relay.calls import chat, get, send, upload
from tests.upstream.relay.conftest import Open, open_sockets
from tests.upstream.waiting import until
from upstream import UpstreamTimeoutError, UpstreamUnavailableError
from upstream.relay import Relay
from upstream.relay.answer import Answer

pytestmark = pytest.mark.anyio

EVENT = b'data: {"choices": []}\n\n'
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n17\r\n"
MEBIBYTE = bytes(1024 * 1024)


def _in_flight(relay: Relay) -> int:
    return sum(state.in_flight for state in relay.states())


async def test_pieces_come_as_they_are_sent(open_relay: Open, echo: EchoServer) -> None:
    echo.script(event_stream([b"data: 1\n\n", Fault.STALL, b"data: 2\n\n"]))
    async with open_relay() as relay:
        answer = await relay.send(chat())
        assert await answer.read() == b"data: 1\n\n"
        assert echo.requests[0].outcome == "open"
        echo.release()
        assert await answer.read() == b"data: 2\n\n"
        assert await answer.read() == b""
        assert await answer.read() == b""


async def test_reading_to_the_end_gives_the_connection_back(open_relay: Open, echo: EchoServer) -> None:
    echo.answering = lambda _: event_stream([EVENT] * 3)
    async with open_relay() as relay:
        for _ in range(3):
            await send(relay, chat())
            assert _in_flight(relay) == 0
    assert echo.connections == 1


async def test_an_answer_that_is_complete_but_unread_gives_the_connection_back(
    open_relay: Open, echo: EchoServer
) -> None:
    async with open_relay() as relay:
        answer = await relay.send(chat())
        await answer.peek(1_000_000, 5.0)
        answer.close()
        await send(relay, chat())
    assert echo.connections == 1


async def test_closing_before_the_end_cuts_the_connection_at_once(open_relay: Open, echo: EchoServer) -> None:
    echo.script(event_stream([EVENT, Fault.STALL]))
    async with open_relay() as relay:
        answer = await relay.send(chat())
        await answer.read()
        assert _in_flight(relay) == 1
        left_at = time.monotonic()
        answer.close()
        answer.close()
        assert _in_flight(relay) == 0
        await until(lambda: echo.requests[0].outcome == "left")
        assert (echo.requests[0].ended_at or 0) >= left_at
        await until(lambda: open_sockets(echo) == 0)


@pytest.mark.parametrize(
    "reply", [Reply(before=[Fault.STALL]), event_stream([EVENT, Fault.STALL]), Reply([Fault.STALL, b"x"])]
)
async def test_a_client_that_leaves_cuts_the_connection(open_relay: Open, echo: EchoServer, reply: Reply) -> None:
    echo.script(reply)
    async with open_relay() as relay:
        async with anyio.create_task_group() as group:
            group.start_soon(send, relay, chat())
            await until(lambda: bool(echo.requests))
            await anyio.sleep(0.1)
            group.cancel_scope.cancel()
        assert _in_flight(relay) == 0
        await until(lambda: echo.requests[0].outcome == "left")


async def test_a_client_that_leaves_in_the_middle_of_an_upload_cuts_the_connection(
    open_relay: Open, echo: EchoServer
) -> None:
    echo.script(Reply(before=[Fault.STALL], body_bytes_read=1))
    async with open_relay() as relay:
        async with anyio.create_task_group() as group:
            group.start_soon(send, relay, upload([MEBIBYTE] * 100))
            await until(lambda: bool(echo.requests))
            await anyio.sleep(0.1)
            group.cancel_scope.cancel()
        assert _in_flight(relay) == 0
        await until(lambda: open_sockets(echo) == 0)


async def test_silence_in_the_middle_times_out(open_relay: Open, echo: EchoServer) -> None:
    echo.script(event_stream([EVENT, Fault.STALL]))
    async with open_relay(idle_timeout_seconds=0.2) as relay:
        answer = await relay.send(chat())
        assert await answer.read() == EVENT
        with pytest.raises(UpstreamTimeoutError):
            await answer.read()
        assert _in_flight(relay) == 0
        await until(lambda: echo.requests[0].outcome == "left")


async def test_a_stream_that_is_slower_in_all_than_the_limit_of_silence_goes_on(
    open_relay: Open, echo: EchoServer
) -> None:
    echo.script(event_stream([piece for _ in range(12) for piece in (0.1, EVENT)]))
    async with open_relay(idle_timeout_seconds=0.6) as relay:
        assert (await send(relay, chat())).body == EVENT * 12


async def test_a_client_that_reads_slowly_is_not_the_upstreams_silence(open_relay: Open, echo: EchoServer) -> None:
    echo.script(event_stream([EVENT, 0.05, EVENT, Fault.STALL, EVENT]))
    async with open_relay(idle_timeout_seconds=0.3) as relay:
        answer = await relay.send(chat())
        await answer.read()
        await answer.read()
        await anyio.sleep(0.5)
        with anyio.move_on_after(0.1):
            echo.release()
            assert await answer.read() == EVENT
        answer.close()


@pytest.mark.parametrize(
    "reply",
    [
        event_stream([EVENT, 0.05, Fault.RESET]),
        event_stream([EVENT, 0.05, Fault.CLOSE]),
        event_stream([EVENT, 0.05, Fault.HALF_CLOSE]),
        Reply([EVENT, 0.05, Fault.CLOSE], declared_bytes=1000),
        Reply([CHUNKED + EVENT, 0.05, b"\r\nzz\r\n"], framing="raw"),
        Reply([CHUNKED + EVENT, 0.05, b"\r\nzz\r\n", Fault.STALL], framing="raw"),
    ],
)
async def test_an_answer_that_breaks_off_is_an_error_after_what_came(
    open_relay: Open, echo: EchoServer, reply: Reply
) -> None:
    echo.script(reply)
    async with open_relay() as relay:
        answer = await relay.send(chat())
        assert await answer.read() == EVENT
        with anyio.fail_after(10), pytest.raises(UpstreamUnavailableError, match="broke off"):
            await answer.read()
        assert _in_flight(relay) == 0
        assert (await send(relay, chat())).status == 200
    assert len(echo.requests) == 2


async def test_a_slow_reader_slows_the_upstream_down(open_relay: Open, echo: EchoServer) -> None:
    sent = 0

    def pieces() -> Iterator[bytes]:
        nonlocal sent
        for sent in range(400):  # noqa: B007 - how far it came is what matters
            yield MEBIBYTE

    echo.script(Reply(pieces(), framing="chunked"))
    async with open_relay() as relay:
        answer = await relay.send(get())
        await until(lambda: sent > 0)
        await anyio.sleep(0.5)
        before = sent
        await anyio.sleep(0.3)
        assert sent == before
        assert sent < 40
        assert len(await answer.read()) < 1024 * 1024
        answer.close()


async def test_what_was_looked_at_is_read_again(open_relay: Open, echo: EchoServer) -> None:
    echo.script(event_stream([b"abc", 0.02, b"def", Fault.STALL, b"ghi"]))
    async with open_relay() as relay:
        answer = await relay.send(chat())
        assert await answer.peek(6, 5.0) == b"abcdef"
        assert await answer.peek(9, 0.05) == b"abcdef"
        echo.release()
        assert await answer.read() == b"abcdef"
        assert await answer.read() == b"ghi"
        assert await answer.read() == b""


async def test_nothing_is_left_of_many_clients_that_leave(open_relay: Open, echo: EchoServer) -> None:
    echo.answering = lambda _: event_stream([EVENT, Fault.STALL])
    async with open_relay() as relay:
        async with anyio.create_task_group() as group:
            for _ in range(200):
                group.start_soon(send, relay, chat())
            await until(lambda: len(echo.requests) == 200)
            group.cancel_scope.cancel()
        assert _in_flight(relay) == 0
        await until(lambda: all(seen.outcome == "left" for seen in echo.requests))
        await until(lambda: open_sockets(echo) == 0)
        gc.collect()
        assert not [thing for thing in gc.get_objects() if isinstance(thing, Answer)]
        echo.answering = lambda _: json_reply({})
        assert (await send(relay, chat())).status == 200
