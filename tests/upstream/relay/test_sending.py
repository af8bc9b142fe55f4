"""What is tried again, where, and what comes out when nothing helps."""

import socket
from collections.abc import Iterator
from contextlib import suppress

import anyio
import pytest

from settings.options import UpstreamServer
from tests.fakes.echo_server import EchoServer, Fault, Reply, error_reply, json_reply, limited
from tests.upstream.relay.calls import chat, create, get, send, upload
from tests.upstream.relay.conftest import KEY, Open, server
from tests.upstream.waiting import until
from upstream import (
    UpstreamAuthenticationError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from upstream.relay import Call, Relay, Replay

pytestmark = pytest.mark.anyio

RESET = Reply(before=[Fault.RESET])
CLOSE = Reply(before=[Fault.CLOSE])
GONE = "http://127.0.0.1:9/v1"
OTHER_KEY = "sk-other-9876543210"


async def _until_answered_by(relay: Relay, name: str) -> None:
    with anyio.fail_after(10):
        answered = ""
        while answered != name:
            await anyio.sleep(0.05)
            with suppress(UpstreamError):
                answered = (await send(relay, chat())).upstream


@pytest.mark.parametrize(
    "fault", [RESET, CLOSE, *(error_reply(status, "x") for status in (408, 429, 500, 502, 503, 529))]
)
async def test_what_can_pass_is_tried_again(open_relay: Open, echo: EchoServer, fault: Reply) -> None:
    echo.script(fault, fault)
    async with open_relay() as relay:
        got = await send(relay, chat())
    assert (got.status, got.tries) == (200, 3)
    assert [seen.body for seen in echo.requests] == [b'{"model": "m"}'] * 3


@pytest.mark.parametrize("fault", [RESET, CLOSE, *(error_reply(status, "x") for status in (408, 500, 502, 503, 504))])
async def test_what_may_have_had_an_effect_is_sent_once(open_relay: Open, echo: EchoServer, fault: Reply) -> None:
    echo.script(fault)
    async with open_relay() as relay:
        if fault.before:
            with pytest.raises(UpstreamUnavailableError):
                await send(relay, create())
        else:
            assert (await send(relay, create())).status == fault.status
    assert len(echo.requests) == 1


@pytest.mark.parametrize("refusal", [limited(), limited("0"), error_reply(503, "x", headers=((b"retry-after", b"0"),))])
async def test_what_was_refused_may_be_sent_again(open_relay: Open, echo: EchoServer, refusal: Reply) -> None:
    echo.script(refusal)
    async with open_relay() as relay:
        assert (await send(relay, create())).status == 200
    assert len(echo.requests) == 2


async def test_a_body_that_passes_in_pieces_is_sent_once(open_relay: Open, echo: EchoServer) -> None:
    echo.script(limited("0"))
    async with open_relay() as relay:
        assert (await send(relay, upload([b"abc"]))).status == 429
    assert len(echo.requests) == 1


async def test_a_body_that_was_not_touched_goes_to_the_next_server(open_relay: Open, second: EchoServer) -> None:
    upstreams = {"a": UpstreamServer(base_url=GONE), "b": server(second)}
    async with open_relay(upstreams) as relay:
        got = await send(relay, upload([b"abc", b"def"], 6))
    assert (got.status, got.upstream, got.tries) == (200, "b", 2)
    assert second.requests[0].body == b"abcdef"


async def test_the_last_answer_passes_as_it_is(open_relay: Open, echo: EchoServer) -> None:
    echo.script(error_reply(500, "first"), RESET, error_reply(503, "last", headers=((b"x-request-id", b"r"),)), RESET)
    async with open_relay(max_retries=3) as relay:
        got = await send(relay, chat())
        assert relay.states()[0].in_flight == 0
    assert got.status == 503
    assert b'"last"' in got.body
    assert (b"x-request-id", b"r") in got.headers
    assert (got.tries, len(echo.requests)) == (4, 4)


async def test_without_any_answer_there_is_an_error_that_counts_the_tries(open_relay: Open, echo: EchoServer) -> None:
    echo.script(*[RESET] * 3)
    async with open_relay(max_retries=2) as relay:
        with pytest.raises(UpstreamUnavailableError, match="was lost") as caught:
            await send(relay, chat())
        assert relay.states()[0].in_flight == 0
    assert (caught.value.tries, caught.value.upstream) == (3, "default")


@pytest.mark.parametrize("seconds", ["3600", "61"])
async def test_a_retry_after_beyond_the_deadline_is_passed_on_at_once(
    open_relay: Open, echo: EchoServer, seconds: str
) -> None:
    echo.script(limited(seconds))
    async with open_relay() as relay:
        got = await send(relay, chat())
    assert (got.status, len(echo.requests)) == (429, 1)
    assert (b"retry-after", seconds.encode()) in got.headers


async def test_a_retry_after_is_waited_for(open_relay: Open, echo: EchoServer) -> None:
    echo.script(limited("30"))
    async with open_relay() as relay, anyio.create_task_group() as group:
        group.start_soon(send, relay, chat())
        await until(lambda: len(echo.requests) == 1)
        await anyio.sleep(0.7)
        assert len(echo.requests) == 1
        group.cancel_scope.cancel()


async def test_after_the_deadline_nothing_is_tried_again(open_relay: Open, echo: EchoServer) -> None:
    echo.script(Reply([b"{}"], 500, before=[0.3]))
    async with open_relay(retry_seconds=0.2) as relay:
        assert (await send(relay, chat())).status == 500
    assert len(echo.requests) == 1


async def test_an_account_without_credit_is_not_asked_again(open_relay: Open, echo: EchoServer) -> None:
    echo.script(error_reply(429, "insufficient_quota"))
    async with open_relay() as relay:
        got = await send(relay, chat())
    assert (got.status, len(echo.requests)) == (429, 1)
    assert b"insufficient_quota" in got.body


@pytest.mark.parametrize("status", [400, 404, 409, 413, 422, 501])
async def test_what_the_request_is_to_blame_for_is_an_answer(open_relay: Open, echo: EchoServer, status: int) -> None:
    echo.script(error_reply(status, "x"))
    async with open_relay() as relay:
        assert (await send(relay, chat())).status == status
    assert len(echo.requests) == 1


@pytest.mark.parametrize("status", [401, 403])
async def test_a_key_that_is_refused_is_our_fault_and_not_shown(
    open_relay: Open, echo: EchoServer, status: int
) -> None:
    echo.script(error_reply(status, "invalid_api_key", f"Incorrect API key provided: {KEY}"))
    async with open_relay() as relay:
        with pytest.raises(UpstreamAuthenticationError, match=r"check `upstream\.api_key`") as caught:
            await send(relay, chat())
        assert relay.states()[0].in_flight == 0
    assert KEY not in repr((caught.value, caught.value.__cause__, caught.value.__context__))


@pytest.mark.parametrize(
    "refusal", [error_reply(401, "invalid_api_key"), error_reply(429, "insufficient_quota"), limited("60")]
)
async def test_another_key_takes_over_while_one_rests(open_relay: Open, echo: EchoServer, refusal: Reply) -> None:
    bad = f"Bearer {KEY}".encode()
    echo.answering = lambda seen: refusal if seen.header("authorization") == bad else json_reply({})
    async with open_relay({"a": server(echo, keys=(KEY, OTHER_KEY))}) as relay:
        for _ in range(5):
            assert (await send(relay, create())).status == 200
        assert relay.states()[0].keys_resting == 1
    assert [seen.header("authorization") == bad for seen in echo.requests].count(True) == 1


async def test_a_403_about_one_call_does_not_lay_the_key_to_rest(open_relay: Open, echo: EchoServer) -> None:
    echo.script(error_reply(403, "x"), error_reply(403, "x"))
    async with open_relay({"a": server(echo, keys=(KEY, OTHER_KEY))}) as relay:
        with pytest.raises(UpstreamAuthenticationError, match=r"upstreams\.a\.api_keys"):
            await send(relay, chat())
        assert relay.states()[0].keys_resting == 0
    assert len(echo.requests) == 2


@pytest.mark.parametrize("fault", [RESET, limited("60"), error_reply(500, "x"), error_reply(401, "x")])
async def test_another_server_takes_over_at_once(
    open_relay: Open, echo: EchoServer, second: EchoServer, fault: Reply
) -> None:
    echo.answering = lambda _: fault
    upstreams = {"a": server(echo), "b": server(second, weight=0, keys=(OTHER_KEY,))}
    async with open_relay(upstreams) as relay:
        got = await send(relay, chat())
        assert (got.status, got.upstream) == (200, "b")
        assert relay.states()[0].in_flight == relay.states()[1].in_flight == 0
    assert second.requests[0].header("authorization") == f"Bearer {OTHER_KEY}".encode()


async def test_a_call_bound_to_a_server_does_not_fail_over(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    echo.answering = lambda _: error_reply(404, "x")
    async with open_relay({"a": server(echo), "b": server(second)}) as relay:
        assert (await send(relay, get("/files/f", upstream="a"))).status == 404
        echo.stop()
        with pytest.raises(UpstreamUnavailableError):
            await send(relay, Call("POST", "/files/f/cancel", (), b"", 0, Replay.UNDONE, upstream="a"))
    assert not second.requests


@pytest.mark.parametrize("fault", [RESET, CLOSE, error_reply(500, "x")])
async def test_an_idempotency_key_means_nothing_to_others(
    open_relay: Open, echo: EchoServer, second: EchoServer, fault: Reply
) -> None:
    echo.script(fault, fault)
    upstreams = {"a": server(echo, keys=(KEY, OTHER_KEY)), "b": server(second, weight=0)}
    async with open_relay(upstreams) as relay:
        got = await send(relay, Call("POST", "/fine_tuning/jobs", (), b"{}", 2, Replay.SAME))
    assert (got.status, got.upstream, got.tries) == (200, "a", 3)
    assert not second.requests
    assert {seen.header("authorization") for seen in echo.requests} == {f"Bearer {KEY}".encode()}


async def test_an_idempotency_key_goes_elsewhere_while_nothing_was_done(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    echo.script(limited("60"))
    async with open_relay({"a": server(echo), "b": server(second, weight=0)}) as relay:
        got = await send(relay, Call("POST", "/fine_tuning/jobs", (), b"{}", 2, Replay.SAME))
    assert (got.status, got.upstream) == (200, "b")


async def test_a_name_that_does_not_resolve_fails_over(open_relay: Open, second: EchoServer) -> None:
    upstreams = {"a": UpstreamServer(base_url="http://nowhere.invalid/v1"), "b": server(second)}
    async with open_relay(upstreams) as relay:
        assert (await send(relay, create())).upstream == "b"


@pytest.mark.parametrize("said", [b"SSH-2.0-OpenSSH\r\n\r\n", b"HTTP/1.1 101 Switching Protocols\r\n\r\n"])
async def test_what_is_not_http_is_an_error_of_its_own(open_relay: Open, echo: EchoServer, said: bytes) -> None:
    echo.answering = lambda _: Reply([said, Fault.STALL], framing="raw")
    async with open_relay() as relay:
        with pytest.raises(UpstreamInvalidResponseError, match="does not answer in HTTP"):
            await send(relay, create())


async def test_silence_before_the_answer_times_out_and_cuts_the_connection(open_relay: Open, echo: EchoServer) -> None:
    echo.script(Reply(before=[Fault.STALL]))
    async with open_relay(first_byte_timeout_seconds=0.2) as relay:
        with pytest.raises(UpstreamTimeoutError, match=r"relay\.first_byte_timeout_seconds"):
            await send(relay, create())
        await until(lambda: echo.requests[0].outcome == "left")
        assert (await send(relay, create())).status == 200


async def test_interim_answers_are_passed_over(open_relay: Open, echo: EchoServer) -> None:
    hints = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    echo.script(Reply([b"{}"], before=[b"HTTP/1.1 100 Continue\r\n\r\n", hints]))
    async with open_relay() as relay:
        got = await send(relay, create())
    assert (got.status, got.body) == (200, b"{}")


async def test_a_server_that_dies_is_left_alone_and_found_when_it_is_back(
    open_relay: Open, echo: EchoServer, second: EchoServer, caplog: pytest.LogCaptureFixture
) -> None:
    upstreams = {"a": server(echo, weight=1000), "b": server(second)}
    async with open_relay(upstreams, breaker_failures=2, breaker_seconds=0.3) as relay:
        echo.stop()
        for _ in range(6):
            assert (await send(relay, chat())).upstream == "b"
        assert relay.states()[0].state == "down"
        assert relay.states()[0].down_seconds is not None
        echo.start()
        await _until_answered_by(relay, "a")
        assert relay.states()[0].state == "up"
    assert "Upstream `a` has failed 2 times in a row" in caplog.text
    assert "Upstream `a` answers again" in caplog.text
    assert KEY not in caplog.text


async def test_a_single_server_that_is_down_is_said_to_be_soon_and_comes_back(
    open_relay: Open, echo: EchoServer
) -> None:
    async with open_relay(max_retries=0, breaker_failures=2) as relay:
        echo.stop()
        for _ in range(2):
            with pytest.raises(UpstreamUnavailableError, match="cannot be reached"):
                await send(relay, chat())
        with pytest.raises(UpstreamUnavailableError, match="left alone") as caught:
            await send(relay, chat())
        assert caught.value.retry_after_seconds == pytest.approx(1.0, abs=0.1)
        echo.start()
        await _until_answered_by(relay, "default")


async def test_answers_of_a_single_server_are_held_against_nobody(open_relay: Open, echo: EchoServer) -> None:
    echo.answering = lambda _: error_reply(500, "x")
    async with open_relay(breaker_failures=2) as relay:
        for _ in range(6):
            assert (await send(relay, create())).status == 500
        assert relay.states()[0].state == "up"


async def test_a_call_that_no_server_can_stand_is_held_against_none(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    upstreams = {"one": server(echo), "two": server(second)}
    async with open_relay(upstreams, breaker_failures=2, max_retries=1, retry_seconds=1) as relay:
        for _ in range(5):
            for each in (echo, second):
                each.script(error_reply(500, "x"))
            assert (await send(relay, chat())).status == 500
        assert [state.state for state in relay.states()] == ["up", "up"]


async def test_a_server_that_says_500_where_the_other_does_better_is_left_alone(
    open_relay: Open, echo: EchoServer, second: EchoServer
) -> None:
    upstreams = {"one": server(echo, weight=1000), "two": server(second, weight=0)}
    async with open_relay(upstreams, breaker_failures=2, max_retries=1, retry_seconds=1) as relay:
        echo.script(error_reply(500, "x"), error_reply(500, "x"))
        for _ in range(2):
            assert (await send(relay, chat())).upstream == "two"
        assert [state.state for state in relay.states()] == ["down", "up"]


async def test_limits_of_a_server_hold(open_relay: Open, echo: EchoServer, second: EchoServer) -> None:
    echo.answering = lambda _: Reply([b"{}"], before=[0.2])
    upstreams = {"a": server(echo, max_in_flight=2, weight=1000), "b": server(second)}
    async with open_relay(upstreams) as relay, anyio.create_task_group() as group:
        for _ in range(20):
            group.start_soon(send, relay, chat())
    assert echo.max_in_flight == 2
    assert len(echo.requests) + len(second.requests) == 20


async def test_tokens_count_to_the_minute_of_the_server(open_relay: Open, echo: EchoServer, second: EchoServer) -> None:
    upstreams = {"a": server(echo, tokens_per_minute=100, weight=1000), "b": server(second, weight=0)}
    async with open_relay(upstreams) as relay:
        answer = await relay.send(chat())
        while await answer.read():
            pass
        answer.spend(100)
        answer.close()
        assert (await send(relay, chat())).upstream == "b"


@pytest.fixture
def deaf_address() -> Iterator[str]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        clients = [socket.socket() for _ in range(3)]
        for client in clients:
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for client in clients:
            client.close()


async def test_a_connection_that_does_not_come_goes_to_the_next(
    open_relay: Open, second: EchoServer, deaf_address: str
) -> None:
    upstreams = {"a": UpstreamServer(base_url=deaf_address), "b": server(second)}
    async with open_relay(upstreams, connect_timeout_seconds=0.2) as relay:
        assert (await send(relay, create())).upstream == "b"
