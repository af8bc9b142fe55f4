import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from search.evaluation.intervals import differences, intervals
from search.evaluation.scoring import Scores


def scores(*values: float | None) -> Scores:
    """One figure; None for a question that it does not apply to."""
    parts = np.array([[value or 0.0] for value in values])
    wholes = np.array([[float(value is not None)] for value in values])
    return Scores(["figure"], parts, wholes)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=30), st.integers(0, 5))
def test_a_figure_lies_in_its_interval_and_the_same_seed_gives_the_same(values: list[float], seed: int) -> None:
    found = intervals(scores(*values), seed)["figure"]
    assert found.value == pytest.approx(np.mean(values))
    assert 0 <= found.low <= found.high <= 1 + 1e-9
    assert intervals(scores(*values), seed)["figure"] == found


def test_an_interval_is_as_wide_as_theory_has_it() -> None:
    values = np.random.default_rng(1).normal(0.5, 0.1, 400)
    found = intervals(scores(*values), 0)["figure"]
    error = values.std() / np.sqrt(400)
    assert found.high - found.low == pytest.approx(2 * 1.96 * error, rel=0.1)


def test_questions_that_a_figure_does_not_apply_to_do_not_count() -> None:
    found = intervals(scores(1.0, None, 0.0, None), 0)["figure"]
    assert (found.value, found.questions) == (0.5, 2)


def test_a_difference_over_the_same_questions_is_surer_than_the_figures() -> None:
    base = np.random.default_rng(2).uniform(0, 0.9, 200)
    one, other = scores(*(base + 0.05)), scores(*base)
    found = differences(one, other, 0)["figure"]
    assert found.value == pytest.approx(0.05)
    assert (found.low, found.high) == pytest.approx((0.05, 0.05))
    assert found.p == 0.0
    assert intervals(one, 0)["figure"].low < intervals(other, 0)["figure"].high


def test_no_difference_is_no_surprise() -> None:
    same = scores(0.1, 0.9, 0.5)
    found = differences(same, same, 0)["figure"]
    assert (found.value, found.low, found.high, found.p) == (0.0, 0.0, 0.0, 1.0)


def test_a_figure_that_only_one_run_has_is_not_compared() -> None:
    one = scores(0.5)
    assert differences(one, Scores(["other"], one.parts, one.wholes), 0) == {}
