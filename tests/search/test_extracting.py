from collections.abc import Sequence

import numpy as np
import pytest

from search.extracting import extract
from tests.search.hits import hit
from upstream import Embedder, Vectors

pytestmark = pytest.mark.anyio

LOANS = hit(
    "# Loans\n\nA telescope may be kept for three weeks. Binoculars may be kept for six weeks. 望远镜可以借三个星期。",
    start=50,
    headings=("Loans",),
)
DOME = hit("The dome is opened one hour before observing. It may not be opened in a storm.", document_id="doc_2")


class Meanings:
    """An embedder that knows what one word each of a few texts is about."""

    model = "meanings"
    window_tokens = 512
    batch_inputs = 64
    calls_side_by_side = 4

    def __init__(self, *words: str) -> None:
        self._words = words

    async def dimensions(self) -> int:
        return len(self._words) + 1

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        rows = [[*(float(word in text) for word in self._words), 0.1] for text in texts]
        return np.array(rows, np.float32)

    async def embed_question(self, text: str) -> Vectors:
        row = [*(float(word in text or "?" not in text) for word in self._words), 0.1]
        return np.array(row, np.float32)


async def best(question: str, embedder: Embedder | None) -> str:
    return (await extract(question, [DOME, LOANS], embedder, 60))[0].quote


async def test_the_sentence_that_shares_the_questions_words_comes_first() -> None:
    assert await best("How long may binoculars be kept?", None) == "Binoculars may be kept for six weeks."
    assert await best("望远镜可以借多久？", None) == "望远镜可以借三个星期。"


async def test_meaning_finds_what_shares_no_word() -> None:
    assert await best("暴风雨时", Meanings("storm")) == "It may not be opened in a storm."


async def test_every_quote_stands_at_its_offsets_and_names_its_passage() -> None:
    assert await extract("three weeks hour storm", [DOME, LOANS], None, 60) != []
    for citation in await extract("three weeks hour storm", [DOME, LOANS], None, 60):
        passage = [DOME, LOANS][citation.number - 1].chunk
        assert passage.text[citation.start - passage.start : citation.end - passage.start] == citation.quote
        assert citation.claim == citation.quote


async def test_headings_are_never_an_answer() -> None:
    found = await extract("Loans", [LOANS], None, 60)
    assert found
    assert all("#" not in citation.quote for citation in found)


async def test_the_same_sentence_is_not_given_twice() -> None:
    found = await extract("dome", [DOME, DOME], None, 60)
    assert found
    assert len({citation.quote for citation in found}) == len(found)


async def test_passages_without_a_sentence_give_nothing() -> None:
    assert await extract("What?", [hit("- a\n- b")], None, 60) == []


async def test_only_sentences_about_as_good_as_the_best_stand_beside_it() -> None:
    found = await extract("How long may binoculars be kept?", [LOANS, DOME], None, 60)
    assert [citation.quote for citation in found] == ["Binoculars may be kept for six weeks."]
