"""Hits are put in a better order by whoever reads them with the question, and keep theirs where that fails."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest

from search.judging import _grades
from search.reranking import Reranking, reranked, reranking_of
from settings.options import SearchSettings, UpstreamSettings
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.search.hits import hit
from upstream import open_upstream

pytestmark = pytest.mark.anyio

QUESTION = "How long may a telescope be kept?"
HITS = [
    hit("The pond is deep.", start=0),
    hit("For three weeks.", start=100, headings=("How long a telescope may be kept",)),
    hit("Keys hang in the hall.", start=200),
]
BY_UPSTREAM = SearchSettings(rerank="upstream", rerank_model="ranker")
BY_CHAT = SearchSettings(rerank="chat")


@pytest.fixture
def fake() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as server:
        yield server
        server.release()


@asynccontextmanager
async def reranking(fake: FakeOpenAI, settings: SearchSettings) -> AsyncIterator[Reranking]:
    async with open_upstream(UpstreamSettings(base_url=fake.base_url, max_retries=0)) as upstream:
        way = reranking_of(upstream, settings)
        assert way is not None
        yield way


async def test_the_upstreams_scores_give_the_order_and_headings_count(fake: FakeOpenAI) -> None:
    async with reranking(fake, BY_UPSTREAM) as way:
        found = await reranked(way, QUESTION, HITS)
    assert found.reranked
    assert found.hits[0].chunk == HITS[1].chunk
    scores = [one.score for one in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert found.hits[0].score != HITS[1].score


async def test_the_chat_models_grades_give_the_order(fake: FakeOpenAI) -> None:
    fake.script(Behaviour("reply", body="1: 2\n2: 10\n3: 2"))
    async with reranking(fake, BY_CHAT) as way:
        found = await reranked(way, QUESTION, HITS)
    assert [(one.chunk.start, one.score) for one in found.hits] == [(100, 1.0), (0, 0.2), (200, 0.2)]
    shown = fake.requests[0].body["messages"][1]["content"]
    assert '<passage number="2"' in shown
    assert shown.endswith(f"Question: {QUESTION}")


async def test_long_passages_are_cut_to_their_share_of_the_prompt(fake: FakeOpenAI) -> None:
    fake.script(Behaviour("reply", body="1: 3\n2: 4"))
    settings = SearchSettings(rerank="chat", context_max_tokens=100)
    async with reranking(fake, settings) as way:
        found = await reranked(way, QUESTION, [hit("word " * 500), hit("dome " * 500, start=5000)])
    assert [len(one.chunk.text) for one in found.hits] == [2500, 2500]
    shown = fake.requests[0].body["messages"][1]["content"]
    assert 45 <= shown.count("word ") <= 50


@pytest.mark.parametrize(
    ("written", "grades"),
    [
        ("1: 9\n2: 0\n3: 10", {1: 9, 2: 0, 3: 10}),
        ("[1] 9\n[2] - 0/10\n- Passage 3: grade 10.", {1: 9, 2: 0, 3: 10}),
        ("**1**: 9\n\nHere you are:\n2：4", {1: 9, 2: 4}),
        ("0: 9\n4: 9\n1: 11\n2: 3\n2: 7", {2: 3}),
        ("10\nThe second passage answers it.", {}),
    ],
)
def test_grades_are_read_in_whatever_form_they_come(written: str, grades: dict[int, int]) -> None:
    assert _grades(written, 3) == grades


@pytest.mark.parametrize(
    ("settings", "behaviour"),
    [
        (BY_UPSTREAM, Behaviour("status", 500)),
        (BY_UPSTREAM, Behaviour("reply", body={"results": []})),
        (BY_CHAT, Behaviour("status", 500)),
        (BY_CHAT, Behaviour("reply", body="The second one is the best.")),
        (BY_CHAT, Behaviour("reply", body="2: 10")),
        (BY_UPSTREAM.model_copy(update={"rerank_timeout_seconds": 0.05}), Behaviour("stall_headers")),
        (BY_CHAT.model_copy(update={"rerank_timeout_seconds": 0.05}), Behaviour("stall_headers")),
    ],
)
async def test_hits_keep_their_order_where_reranking_fails(
    fake: FakeOpenAI, settings: SearchSettings, behaviour: Behaviour, caplog: pytest.LogCaptureFixture
) -> None:
    fake.script(behaviour)
    async with reranking(fake, settings) as way:
        found = await reranked(way, QUESTION, HITS)
    assert (found.hits, found.reranked) == (HITS, False)
    assert "could not be reranked" in caplog.text
    assert "pond" not in caplog.text


async def test_without_hits_nobody_is_asked(fake: FakeOpenAI) -> None:
    async with reranking(fake, BY_UPSTREAM) as way:
        assert list((await reranked(way, QUESTION, [])).hits) == []
    assert fake.requests == []


@pytest.mark.parametrize("settings", [SearchSettings(), BY_CHAT, BY_UPSTREAM])
async def test_there_is_no_way_to_rerank_where_there_is_no_model(settings: SearchSettings) -> None:
    async with open_upstream(UpstreamSettings()) as upstream:
        assert reranking_of(upstream, settings) is None
