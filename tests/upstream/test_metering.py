"""Tokens of typed calls are counted for whoever asked, and for nobody else."""

import asyncio
import json
from collections.abc import Sequence

import pytest

from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI
from tests.upstream.conftest import Connect
from upstream import Chat, Message
from upstream.metering import Meter, Use, count_answer, count_reported, use_meter

PROMPT = [Message("user", "[1] Bread is baked.\nBread?")]
CHAT = {"prompt_tokens": 12, "completion_tokens": 3, "prompt_tokens_details": {"cached_tokens": 8}}
RESPONSES = {"input_tokens": 12, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 8}}


async def _read(chat: Chat) -> str:
    return "".join([delta async for delta in chat.stream(PROMPT, max_tokens=50)])


def counted(usage: object) -> Sequence[Use]:
    async def count() -> Sequence[Use]:
        meter = Meter()
        use_meter(meter)
        count_reported("m", usage)
        return meter.take()

    return asyncio.run(count())


@pytest.mark.anyio
async def test_a_streamed_answer_and_a_question_are_counted_by_model(connect: Connect, fake: FakeOpenAI) -> None:
    meter = Meter()
    use_meter(meter)
    async with connect(chat_model="writer", embedding_model="embedder") as (embedder, chat):
        await embedder.embed_question("two words")
        await _read(chat)
    assert fake.requests[-1].body["stream_options"] == {"include_usage": True}
    embedding, writing = meter.take()
    assert (embedding.model, embedding.output_tokens) == ("embedder", 0)
    assert embedding.input_tokens > 0
    assert (writing.model, writing.input_tokens, writing.output_tokens) == ("writer", 5, 4)
    assert meter.take() == []
    assert (meter.upstream, meter.model, meter.retries) == ("default", "writer", 0)


def test_a_model_is_counted_by_the_name_that_its_server_has_for_it() -> None:
    meter = Meter()
    meter.answered("second", "alias", "model", tries=3)
    meter.add(Use("alias", 5))
    assert meter.take() == [Use("model", 5)]
    assert (meter.upstream, meter.retries) == ("second", 2)


@pytest.mark.anyio
async def test_a_server_that_refuses_to_tell_is_not_asked_again(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(refused_fields=frozenset({"stream_options"}))
    async with connect() as (_, chat):
        assert await _read(chat) == await _read(chat)
    assert ["stream_options" in request.body for request in fake.requests] == [True, False, False]


@pytest.mark.anyio
async def test_an_old_server_that_names_the_field_in_its_own_way_is_not_asked_again(
    connect: Connect, fake: FakeOpenAI
) -> None:
    refusal = {"detail": [{"loc": ["body", "stream_options"], "msg": "Extra inputs are not permitted"}]}
    fake.script(Behaviour("status", status=422, body=refusal))
    async with connect() as (_, chat):
        assert await _read(chat)
    assert "stream_options" not in fake.requests[-1].body


@pytest.mark.anyio
async def test_tasks_count_for_the_meter_they_were_started_under(connect: Connect) -> None:
    async def used(chat: Chat) -> int:
        meter = Meter()
        use_meter(meter)
        await asyncio.create_task(_read(chat))
        return sum(use.output_tokens for use in meter.take())

    async with connect() as (_, chat):
        outer = Meter()
        use_meter(outer)
        assert await asyncio.gather(*(asyncio.create_task(used(chat)) for _ in range(3))) == [4, 4, 4]
        assert outer.take() == []


@pytest.mark.parametrize("usage", [CHAT, RESPONSES])
def test_both_ways_to_name_tokens_are_read(usage: object) -> None:
    assert counted(usage) == [Use("m", 12, 8, 3)]


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"prompt_tokens": None, "prompt_tokens_details": None}, 0),
        ({"prompt_tokens": "7", "completion_tokens": -4}, 0),
        ({"prompt_tokens": 7, "prompt_tokens_details": [1]}, 7),
    ],
)
def test_odd_reports_do_no_harm(usage: object, tokens: int) -> None:
    assert counted(usage) == [Use("m", tokens)]


@pytest.mark.parametrize("usage", [None, [], "7", 7])
def test_what_is_no_report_is_not_counted(usage: object) -> None:
    assert counted(usage) == []


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("padding", [0, 100_000])
def test_the_report_is_found_beside_many_vectors(first: bool, padding: int) -> None:
    vectors = {"data": [{"embedding": "A" * padding}]}
    usage = {"usage": {"prompt_tokens": 9, "total_tokens": 9}}
    body = json.dumps(usage | vectors if first else vectors | usage, indent=2).encode()

    async def count() -> Sequence[Use]:
        meter = Meter()
        use_meter(meter)
        count_answer("m", body)
        count_answer("m", b'{"usage": {"prompt_tokens"')
        count_answer("m", b'{"usage": ' + b"[" * 1_000)
        return meter.take()

    assert asyncio.run(count()) == [Use("m", 9)]
