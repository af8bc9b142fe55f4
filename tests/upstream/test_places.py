"""Calls with a place: refused batches, congestion of the whole pool, the budget."""

import anyio
import numpy as np
import pytest

from tests.fakes.embedding import embed
from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI
from tests.ingest.memory import FakeBudget
from tests.upstream.conftest import Connect
from tests.upstream.waiting import until
from upstream import BulkEmbedder, Outcome, UpstreamRateLimitedError, UpstreamRejectedError, UpstreamUnavailableError

pytestmark = pytest.mark.anyio
TEXTS = [f"passage {number}" for number in range(16)]


async def embed_all(embedder: BulkEmbedder, texts: list[str], budget: FakeBudget | None = None) -> Outcome:
    place = await embedder.place()
    try:
        return await place.embed(embedder.prepare(texts), budget=budget)
    finally:
        place.release()


def sent(fake: FakeOpenAI) -> list[list[str]]:
    return [request.body["input"] for request in fake.requests if request.body["input"][0].startswith("passage")]


async def test_the_one_bad_text_of_a_batch_is_found_and_fails_alone(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(refused_text="passage 5")
    async with connect() as (embedder, _):
        outcome = await embed_all(embedder, TEXTS)
        assert embedder.limits.max_inputs == 256
    assert list(outcome.failures) == [5]
    assert isinstance(outcome.failures[5], UpstreamRejectedError)
    good = [position for position in range(16) if position != 5]
    assert np.array_equal(outcome.vectors[good], np.stack([embed(TEXTS[position], 256) for position in good]))
    assert max(sum(text in batch for batch in sent(fake)) for text in TEXTS) <= 1 + 4


async def test_a_batch_that_is_too_large_is_halved_and_the_limit_remembered(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(max_inputs=5)
    async with connect() as (embedder, _):
        outcome = await embed_all(embedder, TEXTS)
        assert not outcome.failures
        assert np.array_equal(outcome.vectors, np.stack([embed(text, 256) for text in TEXTS]))
        assert embedder.limits.max_inputs == 4


async def test_a_refusal_of_everything_is_not_taken_for_one_of_a_text(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(*[Behaviour("status", 404)] * 3)
    async with connect(embedding_dimensions=256) as (embedder, _):
        with pytest.raises(UpstreamRejectedError):
            await embed_all(embedder, TEXTS)
        assert len(fake.requests) == 1
        fake.script(*[Behaviour("status", 400)] * 9)
        with pytest.raises(UpstreamRejectedError):
            await embed_all(embedder, TEXTS)


async def test_what_was_done_before_an_outage_is_kept(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(max_inputs=8)
    async with connect(max_retries=0) as (embedder, _):
        await embedder.dimensions()
        script = [Behaviour("shuffled")] * 3 + [Behaviour("status", 500)]  # the whole, the harmless, the first half
        fake.script(*script)
        outcome = await embed_all(embedder, TEXTS)
    assert sorted(outcome.failures) == list(range(8, 16))
    assert isinstance(outcome.failures[8], UpstreamUnavailableError)


async def test_retry_after_holds_back_every_passage_and_no_question(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect(max_retry_delay_seconds=60.0) as (embedder, _), anyio.create_task_group() as group:
        await embedder.dimensions()
        before = len(fake.requests)
        fake.script(Behaviour("status", 429, headers={"Retry-After": "30"}))
        group.start_soon(embed_all, embedder, TEXTS)
        await until(lambda: len(fake.requests) == before + 1)
        await anyio.sleep(0.1)
        group.start_soon(embed_all, embedder, TEXTS)
        await embedder.embed_question("rain")
        await anyio.sleep(0.3)
        assert len(fake.requests) == before + 2
        group.cancel_scope.cancel()


async def test_a_silence_longer_than_allowed_refuses_those_who_come_without_a_call(
    connect: Connect, fake: FakeOpenAI
) -> None:
    async with connect(max_retry_delay_seconds=60.0) as (embedder, _):
        await embedder.dimensions()
        before = len(fake.requests)
        fake.script(Behaviour("status", 429, headers={"Retry-After": "3600"}))
        for _ in range(3):
            with pytest.raises(UpstreamRateLimitedError) as caught:
                await embed_all(embedder, TEXTS)
            assert caught.value.retry_after_seconds == pytest.approx(3600, abs=60)
    assert len(fake.requests) == before + 1


async def test_a_call_that_is_tried_again_takes_from_the_budget_anew(connect: Connect, fake: FakeOpenAI) -> None:
    budget = FakeBudget()
    async with connect() as (embedder, _):
        await embedder.dimensions()
        fake.script(Behaviour("status", 500), Behaviour("status", 500))
        assert not (await embed_all(embedder, ["passage"], budget)).failures
    assert len(budget.taken) == 2


async def test_a_server_that_takes_few_calls_at_once_is_soon_used_well(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(latency_seconds=0.02, max_in_flight=6)
    async with connect(max_retries=20) as (embedder, _), anyio.create_task_group() as group:
        for _ in range(150):
            group.start_soon(embed_all, embedder, ["passage"])
    refused = sum(request.in_flight > 6 for request in fake.requests)
    assert fake.max_in_flight >= 6
    assert refused <= 20
