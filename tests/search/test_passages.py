from search.passages import choose
from tests.search.hits import hit


def test_a_passage_that_is_mostly_in_a_better_one_is_left_out() -> None:
    first, inside, apart = hit("a" * 100), hit("a" * 100, start=40), hit("a" * 100, start=60)
    assert choose([first, inside, apart], limit=5, max_tokens=1000) == [first, apart]


def test_the_same_place_in_another_document_is_another_passage() -> None:
    first, other = hit("a" * 100), hit("a" * 100, document_id="doc_2")
    assert choose([first, other], limit=5, max_tokens=1000) == [first, other]


def test_passages_stay_within_the_limits_but_there_is_always_one() -> None:
    hits = [hit("word " * 100, start=start) for start in (0, 1000, 2000)]
    assert choose(hits, limit=2, max_tokens=10_000) == hits[:2]
    assert choose(hits, limit=3, max_tokens=150) == hits[:1]
    assert choose(hits, limit=3, max_tokens=1) == hits[:1]


def test_a_document_does_not_crowd_out_the_rest() -> None:
    hits = [hit("a" * 10, start=start) for start in (0, 100, 200)] + [hit("b" * 10, document_id="doc_2")]
    assert choose(hits, limit=3, max_tokens=1000, per_document=2) == [*hits[:2], hits[3]]


def test_a_document_may_have_all_passages_where_the_others_have_nothing_to_say() -> None:
    hits = [hit("a" * 10, start=start) for start in (0, 100, 200)] + [hit("b" * 10, document_id="doc_2")]
    assert choose(hits, limit=4, max_tokens=1000, per_document=1) == hits
    assert choose(hits[:3], limit=2, max_tokens=1000, per_document=1) == hits[:2]
