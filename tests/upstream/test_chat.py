"""Chat: really streamed, cancelled when closed, tried again only before the first word."""

from contextlib import aclosing

import anyio
import pytest

from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI
from tests.upstream.conftest import KEY, Connect
from tests.upstream.waiting import until
from upstream import (
    Chat,
    Ending,
    Message,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)

pytestmark = pytest.mark.anyio

REPLY = "The culvert — 涵洞 — is two metres wide. 🚧 It was widened in spring."
PROMPT = [
    Message("system", "Answer from the passages."),
    Message("user", "[1] Bread is baked.\n[2] Glass is blown.\nBread?"),
]


async def _read(chat: Chat) -> list[str]:
    return [delta async for delta in chat.stream(PROMPT, max_tokens=50)]


async def _until_cancelled(fake: FakeOpenAI) -> None:
    await until(lambda: fake.requests[-1].outcome != "open")
    assert fake.requests[-1].outcome == "cancelled"


async def test_a_stream_gives_the_whole_reply_in_pieces(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("reply", body=REPLY))
    async with connect(chat_model="writer") as (_, chat):
        deltas = await _read(chat)
    assert len(deltas) > 3
    assert "".join(deltas) == REPLY
    sent = fake.requests[0]
    assert sent.headers["Authorization"] == f"Bearer {KEY}"
    assert sent.body["model"] == "writer"
    assert sent.body["max_tokens"] == 50
    assert sent.body["temperature"] == 0.0
    assert sent.body["stream"] is True
    assert sent.body["messages"][0] == {"role": "system", "content": "Answer from the passages."}


async def test_pieces_arrive_before_the_reply_is_complete(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("stall_stream"))
    async with connect() as (_, chat), aclosing(chat.stream(PROMPT, max_tokens=50)) as deltas:
        first = await anext(deltas)
        assert fake.requests[0].outcome == "open"
        fake.release()
        rest = [delta async for delta in deltas]
    assert "".join([first, *rest]) == "Bread is baked. [1]"


async def test_closing_the_stream_closes_the_upstream_call(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("stall_stream"))
    async with connect() as (_, chat):
        async with aclosing(chat.stream(PROMPT, max_tokens=50)) as deltas:
            await anext(deltas)
        await _until_cancelled(fake)


async def test_cancelling_the_reader_closes_the_upstream_call(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("stall_stream"))
    async with connect() as (_, chat):
        async with anyio.create_task_group() as group:
            group.start_soon(_read, chat)
            await until(lambda: bool(fake.requests))
            group.cancel_scope.cancel()
        await _until_cancelled(fake)


async def test_connections_are_used_again(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect() as (embedder, chat):
        for _ in range(3):
            await _read(chat)
            await embedder.embed_question("rain")
    assert fake.connections == 1


@pytest.mark.parametrize("first", [Behaviour("status", 503), Behaviour("reset"), Behaviour("status", 429)])
async def test_a_stream_that_did_not_start_is_tried_again(connect: Connect, fake: FakeOpenAI, first: Behaviour) -> None:
    fake.script(first, Behaviour("reply", body=REPLY))
    async with connect() as (_, chat):
        assert "".join(await _read(chat)) == REPLY
    assert len(fake.requests) == 2


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (Behaviour("reset_stream"), UpstreamUnavailableError),
        (Behaviour("truncate_stream"), UpstreamInvalidResponseError),
        (Behaviour("malformed_stream"), UpstreamInvalidResponseError),
        (Behaviour("stall_stream"), UpstreamTimeoutError),
        (
            Behaviour("error_event", body={"error": {"message": "boom", "type": "server_error"}}),
            UpstreamUnavailableError,
        ),
        (Behaviour("error_event", body={"error": {"code": 429, "message": "slow"}}), UpstreamRateLimitedError),
        (Behaviour("error_event", body={"error": "boom", "choices": []}), UpstreamUnavailableError),
    ],
)
async def test_an_answer_that_breaks_off_is_an_error_and_not_tried_again(
    connect: Connect, fake: FakeOpenAI, behaviour: Behaviour, error: type[UpstreamError]
) -> None:
    fake.script(behaviour)
    async with connect(idle_timeout_seconds=1.0) as (_, chat), aclosing(chat.stream(PROMPT, max_tokens=50)) as deltas:
        assert await anext(deltas) == "Bread is"
        with pytest.raises(error):
            await anext(deltas)
    assert len(fake.requests) == 1


async def test_slow_pieces_do_not_time_out(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("slow_stream", seconds=0.15))
    sentence = "Bread is baked at dawn, long before the shops of the old town open."
    async with connect(first_byte_timeout_seconds=1.0, idle_timeout_seconds=1.0) as (_, chat):
        deltas = [delta async for delta in chat.stream([Message("user", f"[1] {sentence}\nWhen?")], max_tokens=50)]
    assert "".join(deltas) == f"{sentence} [1]"
    assert len(deltas) * 0.15 > 1.0


async def test_fields_that_newer_models_refuse_are_changed_and_remembered(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(refused_fields=frozenset({"max_tokens", "temperature"}))
    async with connect() as (_, chat):
        await _read(chat)
        await _read(chat)
    assert len(fake.requests) == 4
    assert fake.requests[-1].body["max_completion_tokens"] == 50
    assert fake.requests[-1].body.keys().isdisjoint({"max_tokens", "temperature"})


async def test_options_are_sent_as_they_are_and_how_the_answer_ended_is_told(
    connect: Connect, fake: FakeOpenAI
) -> None:
    ending = Ending()
    async with connect() as (_, chat):
        async for _ in chat.stream(PROMPT, max_tokens=50, options={"temperature": 0.7, "stop": ["x"]}, ending=ending):
            pass
    sent = fake.requests[0].body
    assert (sent["temperature"], sent["stop"], sent["max_tokens"]) == (0.7, ["x"], 50)
    assert ending.finish_reason == "stop"
    assert ending.use is not None
    assert ending.use.input_tokens > ending.use.output_tokens > 0


async def test_a_refusal_of_an_option_is_raised_and_nothing_is_learnt_from_it(
    connect: Connect, fake: FakeOpenAI
) -> None:
    fake.character = Character(refused_fields=frozenset({"temperature"}))
    async with connect() as (_, chat):
        with pytest.raises(UpstreamRejectedError) as caught:
            async for _ in chat.stream(PROMPT, max_tokens=50, options={"temperature": 0.7}):
                pass
    assert caught.value.parameter == "temperature"
    assert len(fake.requests) == 1
