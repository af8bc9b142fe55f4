"""A reranker gives each passage a score from 0 to 1, in time or not at all."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from settings.options import UpstreamServer, UpstreamSettings
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from upstream import (
    Reranker,
    UpstreamError,
    UpstreamGarbledError,
    UpstreamRateLimitedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
    open_upstream,
)
from upstream.metering import Meter, Use, use_meter
from upstream.reranking import _scores
from upstream.wire import Ranked

pytestmark = pytest.mark.anyio

TEXTS = ["The pond is deep.", "A telescope may be kept for three weeks.", "Keys hang in the hall."]
QUESTION = "How long may a telescope be kept?"

Reranking = Callable[..., AbstractAsyncContextManager[Reranker]]


@pytest.fixture
def reranking(fake: FakeOpenAI) -> Reranking:
    @asynccontextmanager
    async def opened(
        *, timeout_seconds: float = 5.0, others: dict[str, UpstreamServer] | None = None, **options: Any
    ) -> AsyncIterator[Reranker]:
        given: dict[str, Any] = {
            "base_url": fake.base_url,
            "api_key": SecretStr("sk-secret"),
            "max_retry_delay_seconds": 0.05,
        }
        async with open_upstream(UpstreamSettings(**(given | options)), others) as upstream:
            reranker = upstream.reranker("ranker", timeout_seconds=timeout_seconds)
            assert reranker is not None
            yield reranker

    return opened


def reply(*results: tuple[int, float], name: str = "results", **more: Any) -> Behaviour:
    listed = [{"index": index, "relevance_score": score} for index, score in results]
    return Behaviour("reply", body={name: listed, **more})


async def test_scores_come_in_the_order_of_the_texts(fake: FakeOpenAI, reranking: Reranking) -> None:
    async with reranking() as reranker:
        scores = await reranker.scores(QUESTION, TEXTS)
    assert max(scores) == scores[1]
    assert all(0 <= score <= 1 for score in scores)
    (sent,) = fake.requests
    assert (sent.path, sent.headers["Authorization"]) == ("/v1/rerank", "Bearer sk-secret")
    assert sent.body == {"model": "ranker", "query": QUESTION, "documents": TEXTS, "top_n": 3}


async def test_the_form_of_other_servers_is_understood(fake: FakeOpenAI, reranking: Reranking) -> None:
    fake.script(reply((2, 0.9), (0, 0.1), (1, 0.2), name="data", object="list"))
    async with reranking() as reranker:
        assert await reranker.scores(QUESTION, TEXTS) == [0.1, 0.2, 0.9]


async def test_a_text_that_the_server_leaves_out_has_0(fake: FakeOpenAI, reranking: Reranking) -> None:
    fake.script(reply((1, 0.7)))
    async with reranking() as reranker:
        assert await reranker.scores(QUESTION, TEXTS) == [0.0, 0.7, 0.0]


async def test_text_that_no_json_can_carry_is_sent_all_the_same(reranking: Reranking) -> None:
    async with reranking() as reranker:
        assert len(await reranker.scores("\0", ["", "half \ud800"])) == 2


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=20))
def test_any_numbers_become_scores_from_0_to_1_in_the_same_order(numbers: list[float]) -> None:
    scores = _scores(
        [Ranked(index=index, relevance_score=number) for index, number in enumerate(numbers)], len(numbers)
    )
    assert all(0 <= score <= 1 for score in scores)
    order = sorted(range(len(numbers)), key=numbers.__getitem__)
    assert [scores[index] for index in order] == sorted(scores)


@pytest.mark.parametrize(
    "answer",
    [
        reply((0, 0.1), (0, 0.2)),
        reply((0, 0.1), (3, 0.2)),
        reply((-1, 0.1)),
        reply(),
        reply((0, float("inf"))),
        Behaviour("reply", body={"results": [{"index": 0}]}),
        Behaviour("reply", body=[]),
        Behaviour("malformed_json"),
    ],
)
async def test_an_answer_that_makes_no_sense_is_no_answer(
    fake: FakeOpenAI, reranking: Reranking, answer: Behaviour
) -> None:
    fake.script(answer)
    async with reranking(max_retries=0) as reranker:
        with pytest.raises(UpstreamGarbledError):
            await reranker.scores(QUESTION, TEXTS)


async def test_a_call_that_fails_in_passing_is_tried_again(fake: FakeOpenAI, reranking: Reranking) -> None:
    fake.script(Behaviour("status", 503), Behaviour("reset"))
    async with reranking() as reranker:
        assert len(await reranker.scores(QUESTION, TEXTS)) == 3
    assert len(fake.requests) == 3


async def test_a_server_that_asks_for_more_time_than_there_is_is_not_waited_for(
    fake: FakeOpenAI, reranking: Reranking
) -> None:
    fake.script(Behaviour("status", 429, headers={"retry-after": "30"}))
    async with reranking(timeout_seconds=20.0, max_retry_delay_seconds=60.0) as reranker:
        with pytest.raises(UpstreamRateLimitedError):
            await reranker.scores(QUESTION, TEXTS)
    assert len(fake.requests) == 1


async def test_another_server_of_the_model_steps_in(fake: FakeOpenAI, reranking: Reranking) -> None:
    with FakeOpenAI() as other:
        fake.script(*[Behaviour("status", 500)] * 4)
        other.script(*[reply((0, 0.5), (1, 0.5), (2, 0.5))] * 4)
        servers = {"other": UpstreamServer(base_url=other.base_url)}
        async with reranking(others=servers, max_retries=0) as reranker:
            for _ in range(4):
                assert await reranker.scores(QUESTION, TEXTS) == [0.5] * 3


async def test_one_that_hangs_is_waited_for_only_so_long_and_then_left_alone(
    fake: FakeOpenAI, reranking: Reranking
) -> None:
    fake.script(*[Behaviour("stall_headers")] * 3)
    async with reranking(timeout_seconds=0.05) as reranker:
        for _ in range(3):
            with pytest.raises(UpstreamTimeoutError, match=r"rerank_timeout_seconds"):
                await reranker.scores(QUESTION, TEXTS)
        with pytest.raises(UpstreamUnavailableError):
            await reranker.scores(QUESTION, TEXTS)
    assert len(fake.requests) == 3


async def test_what_is_refused_does_not_count_against_the_server(fake: FakeOpenAI, reranking: Reranking) -> None:
    fake.script(*[Behaviour("status", 400)] * 3)
    async with reranking() as reranker:
        for _ in range(3):
            with pytest.raises(UpstreamError):
                await reranker.scores(QUESTION, TEXTS)
        assert len(await reranker.scores(QUESTION, TEXTS)) == 3


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"usage": {"total_tokens": 7}}, 7),
        ({"usage": {"prompt_tokens": 6, "total_tokens": 7}}, 6),
        ({"meta": {"tokens": {"input_tokens": 5}, "billed_units": {"search_units": 1}}}, 5),
    ],
)
async def test_tokens_are_counted_whatever_they_are_called(
    fake: FakeOpenAI, reranking: Reranking, said: dict[str, Any], tokens: int
) -> None:
    meter = Meter()
    use_meter(meter)
    fake.script(reply((0, 0.1), **said))
    async with reranking() as reranker:
        await reranker.scores(QUESTION, TEXTS[:1])
    assert meter.take() == [Use("ranker", tokens)]


async def test_no_message_repeats_a_text(fake: FakeOpenAI, reranking: Reranking) -> None:
    fake.script(Behaviour("status", 400, body={"error": {"message": f"Bad: {TEXTS[0]} for {QUESTION}"}}))
    async with reranking() as reranker:
        with pytest.raises(UpstreamError) as failed:
            await reranker.scores(QUESTION, TEXTS)
    assert TEXTS[0] not in str(failed.value)
    assert QUESTION not in str(failed.value)


async def test_a_model_that_no_server_lists_has_no_reranker(fake: FakeOpenAI) -> None:
    servers = {"one": UpstreamServer(base_url=fake.base_url, models=("chat-*",))}
    async with open_upstream(UpstreamSettings(), servers) as upstream:
        assert upstream.reranker("ranker", timeout_seconds=1.0) is None
    async with open_upstream(UpstreamSettings()) as upstream:
        assert upstream.reranker("ranker", timeout_seconds=1.0) is None
