import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evaluation.ranking import measured

DOCUMENTS = [f"d{n}" for n in range(60)]


def test_the_measures_are_those_of_the_text_books() -> None:
    relevant = {"q": {"a": 2, "b": 1, "c": 1, "x": 0}}
    (found,) = measured(relevant, {"q": ["x", "a", "y", "b"]}).values()
    gained = 2 / math.log2(3) + 1 / math.log2(5)
    ideal = 2 + 1 / math.log2(3) + 1 / math.log2(4)
    assert found["ndcg@10"] == pytest.approx(gained / ideal)
    assert found["recall@10"] == pytest.approx(2 / 3)
    assert found["mrr@10"] == pytest.approx(0.5)


def test_only_the_first_ten_count_and_a_hundred_for_the_deep_recall() -> None:
    found = measured({"q": {"d10": 1, "d99": 1, "d100": 1}}, {"q": [f"d{n}" for n in range(110)]})["q"]
    assert (found["ndcg@10"], found["recall@10"], found["mrr@10"]) == (0.0, 0.0, 0.0)
    assert found["recall@100"] == pytest.approx(2 / 3)


def test_a_document_that_comes_again_counts_where_it_came_first() -> None:
    found = measured({"q": {"a": 1, "b": 1}}, {"q": ["a", "x", "a", "b"]})["q"]
    assert (found["mrr@10"], found["recall@10"]) == (1.0, 1.0)
    assert found["ndcg@10"] == pytest.approx((1 + 1 / math.log2(4)) / (1 + 1 / math.log2(3)))


def test_a_question_for_which_nothing_was_found_counts_as_zero() -> None:
    found = measured({"q": {"a": 1}, "p": {"a": 1}}, {"q": [], "p": ["a"]})
    assert set(found["q"].values()) == {0.0}
    assert set(found["p"].values()) == {1.0}


def test_the_order_is_kept_whatever_the_names() -> None:
    """trec_eval orders documents of equal score by name."""
    for ranking in (["a", "z"], ["z", "a"]):
        assert measured({"q": {"a": 1}}, {"q": ranking})["q"]["mrr@10"] == 1 / (ranking.index("a") + 1)


@settings(max_examples=60, deadline=None)
@given(st.permutations(DOCUMENTS), st.dictionaries(st.sampled_from(DOCUMENTS), st.integers(1, 3), min_size=1))
def test_every_measure_is_a_share_and_the_ideal_order_is_best(order: list[str], grades: dict[str, int]) -> None:
    ideal = sorted(DOCUMENTS, key=lambda document: -grades.get(document, 0))
    found = measured({"given": grades, "ideal": grades}, {"given": order, "ideal": ideal})
    for name, value in found["given"].items():
        assert 0 <= value <= found["ideal"][name] <= 1 + 1e-9
    assert found["ideal"]["ndcg@10"] == pytest.approx(1)
