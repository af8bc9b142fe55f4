import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.refining import Refining, diverse, selected
from tests.search.hits import hit
from vectorstore import Hit

pytestmark = pytest.mark.anyio

WORDS = st.lists(st.sampled_from(["pond", "key", "dome", "望远", "镜"]), min_size=1, max_size=4).map(" ".join)
HITS = st.lists(st.tuples(st.sampled_from("abc"), WORDS), max_size=12)


def ranked(*found: tuple[str, str]) -> list[Hit]:
    """Hits of these documents and texts, best first."""
    chunks = [hit(text, document_id=document, start=place).chunk for place, (document, text) in enumerate(found)]
    return [Hit(chunk, 1 / (place + 1)) for place, chunk in enumerate(chunks)]


async def test_by_default_the_best_are_selected() -> None:
    hits = ranked(("a", "one"), ("a", "two"), ("b", "three"))
    assert await selected(hits, 2, Refining()) == hits[:2]


async def test_a_document_has_no_more_hits_than_are_wanted() -> None:
    hits = ranked(("a", "one"), ("a", "two"), ("b", "three"), ("a", "four"))
    assert await selected(hits, 10, Refining(per_document=1)) == [hits[0], hits[2]]
    assert await selected(hits, 10, Refining(per_document=2)) == hits[:3]


async def test_what_says_the_same_gives_way_to_what_says_something_else() -> None:
    hits = ranked(("a", "The dome opens at nine."), ("b", "The dome opens at nine!"), ("c", "Keys hang in the hall."))
    assert await selected(hits, 2, Refining(diversity=0.5)) == [hits[0], hits[2]]
    assert await selected(hits, 2, Refining(diversity=0.01)) == hits[:2]


@settings(max_examples=50)
@given(HITS, st.integers(1, 8), st.floats(0, 1))
def test_diverse_hits_are_some_of_the_hits_the_best_first(
    found: list[tuple[str, str]], limit: int, diversity: float
) -> None:
    hits = ranked(*found)
    chosen = diverse(hits, limit, diversity) if hits else []
    assert len(chosen) == min(limit, len(hits))
    assert len({one.chunk.start for one in chosen}) == len(chosen)
    assert all(one in hits for one in chosen)
    assert chosen[:1] == hits[:1]


@settings(max_examples=50)
@given(HITS, st.integers(1, 8))
def test_without_diversity_the_order_stays(found: list[tuple[str, str]], limit: int) -> None:
    hits = ranked(*found)
    assert list(diverse(hits, limit, 0.0) if hits else []) == hits[:limit]
