import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.scoring import Mode, joined, scored
from tests.search.hits import hit
from vectorstore import Hit

K = 60


def found(name: str, score: float = 0.5) -> Hit:
    return Hit(hit("text", document_id=name).chunk, score)


def documents(hits: list[Hit]) -> list[str]:
    return [one.chunk.document_id for one in hits]


@given(st.lists(st.floats(-1, 100)), st.sampled_from(["hybrid", "dense", "bm25"]))
def test_scores_lie_between_0_and_1_and_keep_their_order(scores: list[float], mode: Mode) -> None:
    hits = [found(str(index), score) for index, score in enumerate(sorted(scores, reverse=True))]
    shown = [one.score for one in scored(hits, mode)]
    assert all(0 <= score <= 1 for score in shown)
    assert shown == sorted(shown, reverse=True)


@pytest.mark.parametrize(
    ("mode", "raw", "shown"),
    [("hybrid", 2.0, 1.0), ("hybrid", 1.0, 0.5), ("dense", 0.8, 0.8), ("dense", -0.2, 0.0), ("bm25", 10.0, 0.5)],
)
def test_what_a_score_means_depends_on_the_mode(mode: Mode, raw: float, shown: float) -> None:
    assert scored([found("a", raw)], mode)[0].score == pytest.approx(shown)


def test_one_list_stays_as_it_is() -> None:
    hits = [found("a", 0.9), found("b", 0.2)]
    assert joined([hits], 1, K) == hits


def test_a_chunk_that_several_questions_find_comes_once_and_first() -> None:
    lists = [[found("a"), found("both")], [found("b"), found("both")]]
    hits = list(joined(lists, 2, K))
    assert documents(hits) == ["both", "a", "b"]
    assert all(0 < one.score < 1 for one in hits)


def test_what_leads_the_lists_of_all_questions_has_the_best_score() -> None:
    assert joined([[found("a")], [found("a")]], 2, K)[0].score == pytest.approx(1.0)


def test_the_first_of_each_store_lead_in_the_order_of_their_own_scores() -> None:
    assert documents(list(joined([[found("low", 0.2)], [found("high", 0.9)]], 1, K))) == ["high", "low"]
