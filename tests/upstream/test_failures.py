"""What is tried again, what is not, and what errors say."""

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import anyio
import pytest

from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI
from tests.upstream.conftest import KEY, Connect
from tests.upstream.waiting import until
from upstream import (
    Message,
    UpstreamAuthenticationError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamQuotaError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

pytestmark = pytest.mark.anyio

SECRET_TEXT = "The vault code of the Lisbon office is 4417."


@pytest.mark.parametrize("status", [408, 409, 429, 500, 502, 503, 529])
async def test_passing_failures_are_tried_again(connect: Connect, fake: FakeOpenAI, status: int) -> None:
    fake.script(Behaviour("status", status), Behaviour("status", status))
    async with connect(max_retries=2) as (embedder, _):
        await embedder.embed_question("rain")
    assert len(fake.requests) == 3


@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 413, 422])
async def test_lasting_failures_are_not_tried_again(connect: Connect, fake: FakeOpenAI, status: int) -> None:
    fake.script(Behaviour("status", status))
    async with connect() as (embedder, _):
        with pytest.raises(UpstreamError) as caught:
            await embedder.embed_question("rain")
    assert not caught.value.retryable
    assert len(fake.requests) == 1


async def test_tries_end_with_the_budget(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(*[Behaviour("status", 503)] * 10)
    async with connect(max_retries=3) as (embedder, _):
        with pytest.raises(UpstreamUnavailableError, match="503"):
            await embedder.embed_question("rain")
    assert len(fake.requests) == 4


async def test_a_lost_connection_is_tried_again(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("reset"), Behaviour("reset"))
    async with connect() as (embedder, chat):
        await embedder.embed_question("rain")
        fake.script(Behaviour("reset"))
        assert [delta async for delta in chat.stream([Message("user", "rain")], max_tokens=5)]
    assert len(fake.requests) == 5


async def test_a_server_that_is_not_there_is_unavailable(connect: Connect) -> None:
    with FakeOpenAI() as gone:
        address = gone.base_url
    async with connect(base_url=address, max_retries=1) as (embedder, _):
        with pytest.raises(UpstreamUnavailableError, match="cannot be reached"):
            await embedder.embed_question("rain")


async def test_retry_after_is_waited_for(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("status", 429, headers={"Retry-After": "30"}))
    async with connect(max_retry_delay_seconds=60.0) as (embedder, _), anyio.create_task_group() as group:
        group.start_soon(embedder.embed_question, "rain")
        await until(lambda: len(fake.requests) == 1)
        await anyio.sleep(0.6)
        assert len(fake.requests) == 1
        group.cancel_scope.cancel()


async def test_milliseconds_go_before_seconds(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("status", 429, headers={"retry-after-ms": "20", "Retry-After": "60"}))
    async with connect(max_retry_delay_seconds=0.1) as (embedder, _):
        await embedder.embed_question("rain")
    assert len(fake.requests) == 2


def _in_an_hour() -> str:
    return format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize("as_date", [False, True])
async def test_too_long_a_retry_after_fails_at_once_and_says_so(
    connect: Connect, fake: FakeOpenAI, as_date: bool
) -> None:
    fake.script(Behaviour("status", 429, headers={"Retry-After": _in_an_hour() if as_date else "3600"}))
    async with connect(max_retry_delay_seconds=60.0) as (embedder, _):
        with pytest.raises(UpstreamRateLimitedError, match="max_retry_delay_seconds") as caught:
            await embedder.embed_question("rain")
    assert caught.value.retry_after_seconds == pytest.approx(3600, abs=60)
    assert len(fake.requests) == 1


async def test_an_empty_account_is_not_tried_again(connect: Connect, fake: FakeOpenAI) -> None:
    body = {
        "error": {"message": "You exceeded your quota.", "type": "insufficient_quota", "code": "insufficient_quota"}
    }
    fake.script(Behaviour("status", 429, body=body))
    async with connect() as (embedder, _):
        with pytest.raises(UpstreamQuotaError):
            await embedder.embed_question("rain")
    assert len(fake.requests) == 1


async def test_silence_before_the_headers_times_out(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(*[Behaviour("stall_headers")] * 2)
    async with connect(first_byte_timeout_seconds=0.5, max_retries=1) as (embedder, _):
        with pytest.raises(UpstreamTimeoutError, match="first_byte_timeout_seconds"):
            await embedder.embed_question("rain")
    assert len(fake.requests) == 2


async def test_a_wrong_key_names_the_option_to_check(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(api_key="another")
    async with connect() as (embedder, _):
        with pytest.raises(UpstreamAuthenticationError, match=r"check `upstream\.api_key`"):
            await embedder.embed_question("rain")
    async with connect(api_key=None) as (embedder, _):
        with pytest.raises(UpstreamAuthenticationError, match=r"set `upstream\.api_key`"):
            await embedder.embed_question("rain")


async def test_a_refusal_passes_on_the_reason(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("status", 404, body={"error": {"message": "The model `nope` does not exist."}}))
    async with connect() as (embedder, _):
        with pytest.raises(UpstreamRejectedError, match="The model `nope` does not exist") as caught:
            await embedder.embed_question("rain")
    assert caught.value.status == 404


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500])
@pytest.mark.parametrize("echo", [KEY, SECRET_TEXT])
async def test_errors_and_logs_show_neither_key_nor_text(
    connect: Connect, fake: FakeOpenAI, caplog: pytest.LogCaptureFixture, status: int, echo: str
) -> None:
    caplog.set_level(logging.DEBUG, "upstream")
    body: dict[str, Any] = {"error": {"message": f"Bad request: input_value='{echo}'", "param": None}}
    fake.script(*[Behaviour("status", status, body=body)] * 2)
    async with connect(max_retries=1) as (embedder, chat):
        with pytest.raises(UpstreamError) as caught:
            await embedder.embed_documents([SECRET_TEXT])
        shown = [str(caught.value), repr(caught.value), caplog.text, repr(vars(embedder)), repr(vars(chat))]
    assert not [text for text in shown if KEY in text or "Lisbon" in text]


async def test_one_failed_batch_ends_the_others(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(*[Behaviour("stall_headers")] * 3, Behaviour("status", 400))
    async with connect(max_batch_inputs=1) as (embedder, _):
        with pytest.raises(UpstreamRejectedError):
            await embedder.embed_documents(["a b c", "d e f", "g h i", "j k l"], urgent=True)
        await until(lambda: all(request.outcome != "open" for request in fake.requests))
    assert sorted(request.outcome for request in fake.requests) == ["cancelled"] * 3 + ["done"]


@pytest.fixture
def deaf_address() -> Iterator[str]:
    """A port that takes no more connections: its queue is full and nobody empties it."""
    with ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _ in range(3):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            client.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"


async def test_a_connection_that_does_not_come_times_out(connect: Connect, deaf_address: str) -> None:
    async with connect(base_url=deaf_address, connect_timeout_seconds=0.2, max_retries=0) as (embedder, _):
        with pytest.raises(UpstreamTimeoutError, match="connect_timeout_seconds"):
            await embedder.embed_question("rain")


@pytest.fixture
async def babbling_address() -> AsyncIterator[str]:
    """A port that answers in something other than HTTP."""

    async def babble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"SSH-2.0-OpenSSH\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(babble, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"


async def test_what_is_not_http_is_refused_and_its_causes_do_not_hold_the_key(
    connect: Connect, babbling_address: str
) -> None:
    async with connect(base_url=babbling_address) as (embedder, _):
        with pytest.raises(UpstreamInvalidResponseError, match="does not answer in HTTP") as caught:
            await embedder.embed_question("rain")
    assert KEY not in repr((caught.value, caught.value.__cause__, caught.value.__context__))


async def test_calls_after_closing_are_refused(connect: Connect) -> None:
    async with connect() as (embedder, _):
        pass
    with pytest.raises(UpstreamUnavailableError, match="stopping"):
        await embedder.embed_question("rain")
