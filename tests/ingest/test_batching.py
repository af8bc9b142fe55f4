import asyncio
from collections.abc import Sequence

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batching import SharedBatches
from tests.ingest.embedder import FakeEmbedder, vector
from upstream import UpstreamRejectedError, UpstreamUnavailableError, Vectors

pytestmark = pytest.mark.anyio


def start(batches: SharedBatches, *texts: str) -> "asyncio.Task[Vectors]":
    return asyncio.create_task(batches.embed(texts))


async def settled(*tasks: "asyncio.Task[Vectors]") -> list[Vectors | BaseException]:
    """What each came to; fails where one waits for ever."""
    with anyio.fail_after(10):
        return await asyncio.gather(*tasks, return_exceptions=True)


def same(outcome: Vectors | BaseException, *texts: str) -> bool:
    """Whether it is the vectors of these texts."""
    return isinstance(outcome, np.ndarray) and np.array_equal(outcome, np.stack([vector(text) for text in texts]))


def held(embedder: FakeEmbedder, batches: SharedBatches) -> "asyncio.Task[Vectors]":
    """A call that is under way until the embedder opens, so that what comes next has to wait together."""
    embedder.open.clear()
    return start(batches, "first")


async def test_texts_of_several_callers_share_a_call() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=10, in_flight=1)
    tasks = [held(embedder, batches), start(batches, "a", "b"), start(batches, "c"), start(batches, "d", "e")]
    await asyncio.sleep(0)
    embedder.open.set()
    answers = await settled(*tasks)
    assert embedder.calls == [["first"], ["a", "b", "c", "d", "e"]]
    assert same(answers[3], "d", "e")


async def test_a_free_place_is_taken_at_once() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=10, in_flight=2)
    tasks = [held(embedder, batches), start(batches, "a"), start(batches, "b")]
    for _ in range(5):
        await asyncio.sleep(0)
    assert embedder.calls == [["first"], ["a"]]
    embedder.open.set()
    await settled(*tasks)
    assert embedder.calls == [["first"], ["a"], ["b"]]


@given(
    st.lists(st.lists(st.text(max_size=3), min_size=1, max_size=9), min_size=1, max_size=9),
    st.integers(1, 5),
    st.integers(1, 3),
)
def test_every_caller_gets_its_own_vectors_in_order_and_no_call_is_too_large(
    wanted: Sequence[Sequence[str]], max_inputs: int, in_flight: int
) -> None:
    async def check() -> None:
        embedder = FakeEmbedder()
        batches = SharedBatches(embedder, max_inputs, in_flight)
        answers = await settled(*(start(batches, *texts) for texts in wanted))
        for texts, answer in zip(wanted, answers, strict=True):
            assert same(answer, *texts)
        assert max(map(len, embedder.calls)) <= max_inputs
        assert sum(map(len, embedder.calls)) == sum(map(len, wanted))

    asyncio.run(check())


async def test_what_comes_a_moment_later_goes_along_with_a_call_that_is_not_full() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=3, in_flight=2, linger_seconds=0.05)
    early = start(batches, "a")
    await asyncio.sleep(0.001)
    later = start(batches, "b")
    await settled(early, later)
    assert embedder.calls == [["a", "b"]]


async def test_a_full_call_does_not_wait() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=3, in_flight=2, linger_seconds=3600)
    await settled(start(batches, "a", "b", "c", "d", "e", "f"))
    assert embedder.calls == [["a", "b", "c"], ["d", "e", "f"]]


async def test_a_short_document_does_not_wait_for_the_whole_of_a_long_one() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=20, in_flight=1)
    long = [f"long {n}" for n in range(100)]
    tasks = [held(embedder, batches), start(batches, *long), start(batches, "short")]
    await asyncio.sleep(0)
    embedder.open.set()
    answers = await settled(*tasks)
    assert "short" in embedder.calls[1]
    assert len(embedder.calls) > 3
    assert same(answers[1], *long)


async def test_a_refused_text_fails_its_own_caller_only() -> None:
    embedder = FakeEmbedder()
    embedder.refused = "bad"
    batches = SharedBatches(embedder, max_inputs=10, in_flight=1)
    tasks = [held(embedder, batches), start(batches, "a"), start(batches, "b", "bad"), start(batches, "c")]
    await asyncio.sleep(0)
    embedder.open.set()
    _, a, bad, c = await settled(*tasks)
    assert isinstance(bad, UpstreamRejectedError)
    assert same(a, "a")
    assert same(c, "c")


async def test_an_outage_fails_those_under_way_and_nobody_after_them() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=2, in_flight=1)
    embedder.failures = [UpstreamUnavailableError(), UpstreamUnavailableError()]
    tasks = [held(embedder, batches), start(batches, "a"), start(batches, "b"), start(batches, "c")]
    await asyncio.sleep(0)
    embedder.open.set()
    first, a, b, c = await settled(*tasks)
    assert all(isinstance(outcome, UpstreamUnavailableError) for outcome in (first, a, b))
    assert same(c, "c")
    assert embedder.calls == [["first"], ["a", "b"], ["c"]]


async def test_a_caller_that_gives_up_harms_nobody() -> None:
    embedder = FakeEmbedder()
    batches = SharedBatches(embedder, max_inputs=3, in_flight=1)
    first, waiting = held(embedder, batches), start(batches, "a", "b", "c", "d")
    other = start(batches, "e")
    await asyncio.sleep(0)
    first.cancel()
    waiting.cancel()
    embedder.open.set()
    outcomes = await settled(first, waiting, other)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert same(outcomes[2], "e")
    assert embedder.calls == [["first"], ["e"]]


async def test_an_embedder_that_breaks_in_an_unforeseen_way_leaves_nobody_waiting() -> None:
    class Broken(FakeEmbedder):
        async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
            self.calls.append(list(texts))
            raise ZeroDivisionError

    embedder = Broken()
    batches = SharedBatches(embedder, max_inputs=2, in_flight=1)
    outcomes = await settled(start(batches, "a", "b", "c"), start(batches, "d"))
    assert all(isinstance(outcome, ZeroDivisionError) for outcome in outcomes)
