"""So many in a minute, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.relay.minutes import Allowance


@given(st.integers(1, 50), st.lists(st.floats(0.0, 5.0), max_size=200))
def test_at_no_moment_more_is_taken_than_may_be_by_the_estimate(most: int, gaps: list[float]) -> None:
    allowance = Allowance(most)
    now = 0.0
    for gap in gaps:
        now += gap
        if allowance.is_left(now):
            allowance.take(now)
        assert allowance.used(now) < most + 1


@given(st.integers(1, 1000), st.lists(st.tuples(st.floats(0.0, 90.0), st.integers(1, 2000)), min_size=1, max_size=20))
def test_the_wait_it_names_is_enough_and_no_longer_than_two_minutes(most: int, takes: list[tuple[float, int]]) -> None:
    allowance = Allowance(most)
    now = 0.0
    for gap, count in takes:
        now += gap
        allowance.take(now, count)
    seconds = allowance.wait_seconds(now)
    assert 0.0 <= seconds <= 120.0
    assert allowance.is_left(now + seconds + 0.001)


def test_a_quiet_minute_gives_everything_back() -> None:
    allowance = Allowance(10)
    allowance.take(30.0, 10)
    assert not allowance.is_left(59.0)
    assert not allowance.is_left(60.0)
    assert allowance.used(90.0) == pytest.approx(5.0)
    assert allowance.used(120.0) == 0.0
