"""Embeddings over HTTP: order, packing, forms on the wire, refusal of nonsense."""

import anyio
import numpy as np
import pytest

from tests.fakes.embedding import embed
from tests.fakes.openai_server import Behaviour, Character, FakeOpenAI
from tests.fakes.script import Kind
from tests.upstream.conftest import Connect
from tests.upstream.waiting import until
from upstream import UpstreamGarbledError, UpstreamRejectedError, count_tokens

pytestmark = pytest.mark.anyio

TEXTS = [f"Passage {number} is about {word}." for number, word in enumerate(["rain", "bread", "glass", "雨水", "iron"])]


def _expected(texts: list[str]) -> np.ndarray:
    return np.stack([embed(text, 256) for text in texts])


async def test_vectors_come_in_the_order_of_the_texts(connect: Connect) -> None:
    async with connect(max_batch_inputs=2) as (embedder, _):
        vectors = await embedder.embed_documents(TEXTS)
    assert vectors.dtype == np.float32
    assert np.array_equal(vectors, _expected(TEXTS))


async def test_an_answer_out_of_order_is_put_in_order(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("shuffled"))
    async with connect() as (embedder, _):
        assert np.array_equal(await embedder.embed_documents(TEXTS), _expected(TEXTS))


async def test_vectors_are_asked_for_as_base64(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect() as (embedder, _):
        question = await embedder.embed_question("What is about bread?")
    assert question.shape == (256,)
    assert fake.requests[0].body["encoding_format"] == "base64"
    assert "dimensions" not in fake.requests[0].body


@pytest.mark.parametrize(
    "character", [Character(ignores_base64=True), Character(refused_fields=frozenset({"encoding_format"}))]
)
async def test_servers_that_answer_with_numbers_are_understood(
    connect: Connect, fake: FakeOpenAI, character: Character
) -> None:
    fake.character = character
    async with connect() as (embedder, _):
        assert np.array_equal(await embedder.embed_documents(TEXTS), _expected(TEXTS))
        await embedder.embed_question("again")
    assert "encoding_format" not in fake.requests[-1].body or character.ignores_base64


async def test_no_call_exceeds_the_batch_limits(connect: Connect, fake: FakeOpenAI) -> None:
    texts = ["one two three " * (1 + number % 7) for number in range(40)]
    async with connect(max_batch_inputs=4, max_batch_tokens=40) as (embedder, _):
        await embedder.embed_documents(texts)
    batches = [request.body["input"] for request in fake.requests]
    assert sorted(text for batch in batches for text in batch) == sorted(texts)
    assert max(map(len, batches)) == 4
    assert all(sum(map(count_tokens, batch)) <= 40 for batch in batches)


async def test_calls_run_side_by_side_up_to_the_limit(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(latency_seconds=0.2)
    async with connect(max_batch_inputs=1, concurrency=3) as (embedder, _):
        await embedder.embed_documents(TEXTS)
    assert fake.max_in_flight == 3


async def test_a_question_does_not_wait_for_a_place(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(latency_seconds=0.2)
    async with connect(concurrency=1, max_batch_inputs=1) as (embedder, _), anyio.create_task_group() as group:
        group.start_soon(embedder.embed_documents, TEXTS)
        await until(lambda: bool(fake.requests))
        await embedder.embed_question("first, please")
        group.cancel_scope.cancel()
    assert fake.max_in_flight == 2


async def test_a_long_text_is_cut_to_the_limit(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect(max_input_tokens=10) as (embedder, _):
        await embedder.embed_documents(["many words of rain " * 100])
    (sent,) = fake.requests[0].body["input"]
    assert count_tokens(sent) == 10


async def test_no_texts_cost_no_call(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect() as (embedder, _):
        assert len(await embedder.embed_documents([])) == 0
    assert fake.requests == []


async def test_dimensions_are_learnt_once_from_two_answers_that_agree(connect: Connect, fake: FakeOpenAI) -> None:
    fake.script(Behaviour("short_vectors"))
    async with connect() as (embedder, _):
        assert fake.requests == []
        assert await embedder.dimensions() == 256
        assert await embedder.dimensions() == 256
    assert len(fake.requests) == 3


async def test_dimensions_that_are_set_are_sent_and_need_no_call(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect(embedding_dimensions=32) as (embedder, _):
        assert await embedder.dimensions() == 32
        assert fake.requests == []
        assert (await embedder.embed_documents(TEXTS)).shape == (5, 32)
    assert fake.requests[0].body["dimensions"] == 32


async def test_a_server_without_dimensions_is_named_in_the_error(connect: Connect, fake: FakeOpenAI) -> None:
    fake.character = Character(refused_fields=frozenset({"dimensions"}))
    async with connect(embedding_dimensions=32) as (embedder, _):
        with pytest.raises(UpstreamRejectedError, match="'dimensions' is not supported") as caught:
            await embedder.embed_documents(TEXTS)
    assert caught.value.status == 400


NONSENSE = ["wrong_count", "nan", "ragged_vectors", "malformed_json"]


@pytest.mark.parametrize("kind", NONSENSE)
async def test_nonsense_is_asked_for_again(connect: Connect, fake: FakeOpenAI, kind: Kind) -> None:
    fake.script(Behaviour(kind))
    async with connect() as (embedder, _):
        assert np.array_equal(await embedder.embed_documents(TEXTS), _expected(TEXTS))
    assert len(fake.requests) == 2


@pytest.mark.parametrize("kind", NONSENSE)
async def test_nonsense_that_goes_on_is_refused_after_a_few_tries(
    connect: Connect, fake: FakeOpenAI, kind: Kind
) -> None:
    fake.script(*[Behaviour(kind)] * 9)
    async with connect(max_retries=8) as (embedder, _):
        with pytest.raises(UpstreamGarbledError):
            await embedder.embed_documents(TEXTS)
    assert len(fake.requests) == 3


async def test_vectors_of_another_length_than_is_known_are_asked_for_again(connect: Connect, fake: FakeOpenAI) -> None:
    async with connect() as (embedder, _):
        await embedder.dimensions()
        fake.script(Behaviour("short_vectors"))
        assert len(await embedder.embed_question("a short one")) == 256
        fake.script(*[Behaviour("short_vectors")] * 3)
        with pytest.raises(UpstreamGarbledError, match="255 numbers instead of 256"):
            await embedder.embed_question("a short one")
