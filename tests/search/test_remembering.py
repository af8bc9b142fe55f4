import asyncio
from collections.abc import Sequence

import numpy as np
import pytest

from search.remembering import RememberingEmbedder
from upstream.embedder import Vectors
from upstream.errors import UpstreamUnavailableError

pytestmark = pytest.mark.anyio


class Counting:
    """An embedder that counts; the first calls may fail."""

    model = "counting"
    window_tokens = 512

    def __init__(self, failures: int = 0) -> None:
        self.questions: list[str] = []
        self._failures = failures

    async def dimensions(self) -> int:
        return 2

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        return np.full((len(texts), 2), float(urgent), np.float32)

    async def embed_question(self, text: str) -> Vectors:
        self.questions.append(text)
        await asyncio.sleep(0)
        if len(self.questions) <= self._failures:
            raise UpstreamUnavailableError
        return np.array([len(text), 0], np.float32)


async def test_a_question_is_embedded_once_also_when_it_is_asked_for_meanwhile() -> None:
    counting = Counting()
    remembering = RememberingEmbedder(counting)
    vectors = await asyncio.gather(*(remembering.embed_question(text) for text in ("one", "three", "one", "three")))
    assert [int(vector[0]) for vector in vectors] == [3, 5, 3, 5]
    assert (await remembering.embed_question("one"))[0] == 3
    assert sorted(counting.questions) == ["one", "three"]


async def test_what_failed_is_tried_again_for_the_next_one() -> None:
    remembering = RememberingEmbedder(Counting(failures=1))
    first, second = await asyncio.gather(
        remembering.embed_question("one"), remembering.embed_question("one"), return_exceptions=True
    )
    assert isinstance(first, UpstreamUnavailableError)
    assert not isinstance(second, BaseException)


async def test_everything_else_is_left_to_the_embedder() -> None:
    remembering = RememberingEmbedder(Counting())
    assert (remembering.model, remembering.window_tokens, await remembering.dimensions()) == ("counting", 512, 2)
    assert (await remembering.embed_documents(["a", "b"], urgent=True)).tolist() == [[1, 1], [1, 1]]
