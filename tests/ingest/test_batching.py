import asyncio
from collections.abc import Sequence

import anyio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.batching import SharedBatches, TextRefusedError
from records.ids import DocumentId
from tests.ingest.embedder import FakeEmbedder, vector
from tests.ingest.memory import FakeBudget, FakeMemory
from upstream import Prepared, UpstreamUnavailableError, Vectors

pytestmark = pytest.mark.anyio

Rows = dict[bytes, Vectors]


def start(batches: SharedBatches, *texts: str, urgent: bool = False, owner: str = "doc") -> "asyncio.Task[Rows]":
    async def embed() -> Rows:
        prepared = {text.encode(): Prepared(text, len(text)) for text in texts}
        return dict(await batches.embed(DocumentId(owner), prepared, urgent=urgent))

    return asyncio.create_task(embed())


async def settled(*tasks: "asyncio.Task[Rows]") -> list[Rows | BaseException]:
    """What each came to; fails where one waits for ever."""
    with anyio.fail_after(10):
        return await asyncio.gather(*tasks, return_exceptions=True)


async def turns(count: int = 10) -> None:
    """Let other tasks go on."""
    for _ in range(count):
        await asyncio.sleep(0)


def same(outcome: Rows | BaseException, *texts: str) -> bool:
    """Whether it is the vectors of these texts and of no others."""
    return (
        isinstance(outcome, dict)
        and outcome.keys() == {text.encode() for text in texts}
        and all(np.array_equal(outcome[text.encode()], vector(text)) for text in texts)
    )


def at_once(
    embedder: FakeEmbedder, memory: FakeMemory | None = None, budget: FakeBudget | None = None
) -> SharedBatches:
    """Batches that never wait for more than is there."""
    return SharedBatches(embedder, memory or FakeMemory(), budget, linger_seconds=0.0)


async def held(embedder: FakeEmbedder, batches: SharedBatches) -> "asyncio.Task[Rows]":
    """A call that is under way until the embedder opens, so that what comes next has to wait together."""
    embedder.open.clear()
    task = start(batches, "first")
    await turns()
    return task


async def test_a_batch_holds_what_waits_at_the_moment_a_place_is_free() -> None:
    embedder = FakeEmbedder(places=1)
    batches = at_once(embedder)
    tasks = [await held(embedder, batches), start(batches, "a", "b")]
    await turns()
    tasks += [start(batches, "c"), start(batches, "d", "e")]
    await turns()
    embedder.open.set()
    answers = await settled(*tasks)
    assert embedder.calls == [["first"], ["a", "b", "c", "d", "e"]]
    assert same(answers[3], "d", "e")


async def test_a_free_place_is_taken_at_once() -> None:
    embedder = FakeEmbedder(places=2)
    batches = at_once(embedder)
    tasks = [await held(embedder, batches), start(batches, "a")]
    await turns()
    tasks.append(start(batches, "b"))
    await turns()
    assert embedder.calls == [["first"], ["a"]]
    embedder.open.set()
    await settled(*tasks)
    assert embedder.calls == [["first"], ["a"], ["b"]]


@given(
    st.lists(
        st.tuples(st.sets(st.text(min_size=1, max_size=3), min_size=1, max_size=9), st.booleans()),
        min_size=1,
        max_size=9,
    ),
    st.integers(1, 5),
    st.integers(3, 9),
    st.integers(1, 3),
)
def test_every_caller_gets_its_own_vectors_no_call_is_too_large_and_no_text_goes_twice(
    wanted: Sequence[tuple[set[str], bool]], max_inputs: int, max_tokens: int, places: int
) -> None:
    async def check() -> None:
        embedder = FakeEmbedder(max_inputs=max_inputs, max_tokens=max_tokens, places=places)
        batches = at_once(embedder)
        answers = await settled(*(start(batches, *texts, urgent=urgent) for texts, urgent in wanted))
        for (texts, _), answer in zip(wanted, answers, strict=True):
            assert same(answer, *texts)
        assert max(map(len, embedder.calls)) <= max_inputs
        assert max(sum(map(len, call)) for call in embedder.calls) <= max_tokens
        sent = [text for call in embedder.calls for text in call]
        assert sorted(sent) == sorted({text for texts, _ in wanted for text in texts})

    asyncio.run(check())


async def test_while_there_is_traffic_a_call_that_is_not_full_waits_for_more() -> None:
    embedder = FakeEmbedder(max_inputs=3)
    batches = SharedBatches(embedder, FakeMemory(), linger_seconds=0.1)
    await settled(start(batches, "first"))
    early = start(batches, "a")
    await asyncio.sleep(0.001)
    later = start(batches, "b")
    await settled(early, later)
    assert embedder.calls == [["first"], ["a", "b"]]


async def test_the_first_a_full_and_an_urgent_call_do_not_wait() -> None:
    embedder = FakeEmbedder(max_inputs=3)
    batches = SharedBatches(embedder, FakeMemory(), linger_seconds=3600)
    await settled(start(batches, "first"))
    await settled(start(batches, "a", "b", "c", "d", "e", "f"))
    await settled(start(batches, "now", urgent=True))
    assert embedder.calls == [["first"], ["a", "b", "c"], ["d", "e", "f"], ["now"]]


async def test_a_short_document_does_not_wait_for_the_whole_of_a_long_one() -> None:
    embedder = FakeEmbedder(max_inputs=20, places=1)
    batches = at_once(embedder)
    long = [f"long {n}" for n in range(100)]
    tasks = [await held(embedder, batches), start(batches, *long), start(batches, "short")]
    await turns()
    embedder.open.set()
    answers = await settled(*tasks)
    assert "short" in embedder.calls[1]
    assert len(embedder.calls) > 3
    assert same(answers[1], *long)


async def test_urgent_texts_go_first_and_leave_the_others_a_quarter() -> None:
    embedder = FakeEmbedder(max_inputs=8, places=1)
    batches = at_once(embedder)
    tasks = [await held(embedder, batches), start(batches, *(f"bulk {n}" for n in range(40)))]
    tasks.append(start(batches, *(f"urgent {n}" for n in range(12)), urgent=True))
    await turns()
    embedder.open.set()
    await settled(*tasks)
    shares = [sum(text.startswith("urgent") for text in call) for call in embedder.calls[1:]]
    assert shares[:3] == [6, 6, 0]


async def test_a_text_that_two_documents_want_at_the_same_time_is_sent_once() -> None:
    embedder = FakeEmbedder(places=1)
    memory = FakeMemory()
    batches = at_once(embedder, memory)
    tasks = [await held(embedder, batches), start(batches, "a", "b", owner="one"), start(batches, "b", "first", "c")]
    await turns()
    embedder.open.set()
    _, one, other = await settled(*tasks)
    assert embedder.calls == [["first"], ["a", "b", "c"]]
    assert same(one, "a", "b")
    assert same(other, "b", "first", "c")
    assert memory.owners[b"b"] == "one"


async def test_a_refused_text_fails_its_own_caller_only_and_is_named() -> None:
    embedder = FakeEmbedder(places=1)
    embedder.refused = "bad"
    memory = FakeMemory()
    batches = at_once(embedder, memory)
    tasks = [await held(embedder, batches), start(batches, "a"), start(batches, "b", "bad"), start(batches, "c")]
    await turns()
    embedder.open.set()
    _, a, bad, c = await settled(*tasks)
    assert isinstance(bad, TextRefusedError)
    assert bad.text_hash == b"bad"
    assert same(a, "a")
    assert same(c, "c")
    assert memory.rows.keys() == {b"first", b"a", b"b", b"c"}


async def test_an_outage_fails_those_under_way_and_nobody_after_them() -> None:
    embedder = FakeEmbedder(max_inputs=2, places=1)
    batches = at_once(embedder)
    embedder.failures = [UpstreamUnavailableError(), UpstreamUnavailableError()]
    tasks = [await held(embedder, batches), start(batches, "a"), start(batches, "b"), start(batches, "c")]
    await turns()
    embedder.open.set()
    first, a, b, c = await settled(*tasks)
    assert all(isinstance(outcome, UpstreamUnavailableError) for outcome in (first, a, b))
    assert same(c, "c")
    assert embedder.calls == [["first"], ["a", "b"], ["c"]]


async def test_a_caller_that_gives_up_leaves_the_queue_and_harms_nobody() -> None:
    embedder = FakeEmbedder(max_inputs=3, places=1)
    batches = at_once(embedder)
    first, waiting = await held(embedder, batches), start(batches, "a", "b", "c", "d")
    other = start(batches, "b", "e")
    await turns()
    first.cancel()
    waiting.cancel()
    await turns()
    embedder.open.set()
    outcomes = await settled(first, waiting, other)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert same(outcomes[2], "b", "e")
    assert embedder.calls == [["first"], ["b", "e"]]


async def test_what_is_paid_for_is_recorded_when_its_caller_has_gone() -> None:
    embedder, memory = FakeEmbedder(), FakeMemory()
    batches = at_once(embedder, memory)
    first = await held(embedder, batches)
    first.cancel()
    await settled(first)
    embedder.open.set()
    await batches.close(10)
    assert memory.rows.keys() == {b"first"}


async def test_vectors_that_cannot_be_recorded_are_not_used() -> None:
    memory = FakeMemory()
    memory.failure = OSError("disk full")
    (outcome,) = await settled(start(at_once(FakeEmbedder(), memory), "a"))
    assert outcome is memory.failure


async def test_what_another_process_has_paid_for_meanwhile_is_not_sent() -> None:
    embedder, memory = FakeEmbedder(places=1), FakeMemory()
    batches = at_once(embedder, memory)
    first, waiting = await held(embedder, batches), start(batches, "a", "b")
    await asyncio.sleep(1.1)
    memory.rows[b"a"] = vector("a")
    embedder.open.set()
    _, outcome = await settled(first, waiting)
    assert same(outcome, "a", "b")
    assert embedder.calls == [["first"], ["b"]]


async def test_without_budget_nothing_is_sent_but_what_is_urgent() -> None:
    embedder, budget = FakeEmbedder(), FakeBudget(bulk_seconds=0.05)
    batches = at_once(embedder, budget=budget)
    bulk = start(batches, "bulk")
    await turns()
    (outcome,) = await settled(start(batches, "now", urgent=True))
    assert same(outcome, "now")
    assert embedder.calls == [["now"]]
    budget.bulk_seconds = 0.0
    (outcome,) = await settled(bulk)
    assert same(outcome, "bulk")
    assert budget.taken == [(3, True), (4, False)]


async def test_a_call_is_not_larger_than_the_budget() -> None:
    embedder, budget = FakeEmbedder(), FakeBudget()
    budget.max_call_tokens = 4
    await settled(start(at_once(embedder, budget=budget), "aa", "bb", "cc"))
    assert embedder.calls == [["aa", "bb"], ["cc"]]


async def test_an_embedder_that_breaks_in_an_unforeseen_way_leaves_nobody_waiting() -> None:
    class Broken(FakeEmbedder):
        async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
            raise ZeroDivisionError

    batches = at_once(Broken(max_inputs=2, places=1))
    outcomes = await settled(start(batches, "a", "b", "c"), start(batches, "d"))
    assert all(isinstance(outcome, ZeroDivisionError) for outcome in outcomes)


async def test_a_place_that_is_refused_fails_those_who_wait_and_nobody_after_them() -> None:
    class Closed(FakeEmbedder):
        refusals = 1

        async def place(self):  # type: ignore[no-untyped-def]  # noqa: ANN202
            if self.refusals:
                self.refusals -= 1
                raise UpstreamUnavailableError
            return await super().place()

    batches = at_once(Closed())
    (outcome,) = await settled(start(batches, "a"))
    assert isinstance(outcome, UpstreamUnavailableError)
    (outcome,) = await settled(start(batches, "a"))
    assert same(outcome, "a")


@pytest.mark.parametrize("later", range(40))
async def test_texts_that_come_at_any_moment_of_a_call_are_sent(later: int) -> None:
    batches = at_once(FakeEmbedder())
    first = start(batches, "first")

    async def come_later() -> Rows:
        await turns(later)
        return await start(batches, "second")

    second = asyncio.create_task(come_later())
    outcomes = await settled(first, second)
    assert same(outcomes[0], "first")
    assert same(outcomes[1], "second")
