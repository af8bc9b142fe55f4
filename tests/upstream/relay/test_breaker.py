"""When a server is left alone, and how it is found to be back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.relay.breaker import Breaker


def _broken(breaker: Breaker, now: float = 0.0) -> Breaker:
    for _ in range(breaker.threshold):
        breaker.failed(now, probe=False)
    return breaker


def test_it_opens_after_failures_in_a_row_only() -> None:
    breaker = Breaker(3, 15.0)
    for _ in range(10):
        breaker.failed(0.0, probe=False)
        breaker.failed(0.0, probe=False)
        breaker.succeeded()
    assert breaker.state() == "up"
    assert _broken(breaker).state() == "down"
    assert not breaker.admits(14.9)


def test_when_a_pause_is_over_one_call_finds_out() -> None:
    breaker = _broken(Breaker(3, 15.0))
    assert breaker.admits(15.0)
    assert breaker.enter(15.0)
    assert breaker.state() == "probing"
    assert not breaker.admits(15.1)
    breaker.succeeded()
    assert breaker.admits(15.2)
    assert breaker.state() == "up"
    assert not breaker.enter(15.2)


def test_each_probe_that_fails_doubles_the_pause_up_to_ten_times() -> None:
    breaker = _broken(Breaker(1, 15.0))
    now = 15.0
    pauses = []
    for _ in range(6):
        assert breaker.admits(now)
        breaker.failed(now, probe=breaker.enter(now))
        pauses.append(breaker.wait_seconds(now))
        now += pauses[-1]
    assert pauses == [30.0, 60.0, 120.0, 150.0, 150.0, 150.0]


def test_a_probe_that_nobody_hears_of_again_does_not_lock_the_server_out() -> None:
    breaker = _broken(Breaker(1, 15.0))
    breaker.enter(15.0)
    assert breaker.wait_seconds(15.0) == pytest.approx(15.0)
    assert breaker.admits(30.0)


def test_calls_that_began_before_it_opened_change_nothing() -> None:
    breaker = _broken(Breaker(1, 15.0))
    for _ in range(200):
        breaker.failed(1.0, probe=False)
    assert breaker.wait_seconds(0.0) == pytest.approx(15.0)


def test_without_a_stand_in_it_asks_every_second_at_first() -> None:
    breaker = _broken(Breaker(1, 15.0, sole=True))
    assert breaker.wait_seconds(0.0) == pytest.approx(1.0)
    now = 1.0
    for _ in range(10):
        breaker.failed(now, probe=breaker.enter(now))
        assert breaker.wait_seconds(now) <= 15.0
        now += breaker.wait_seconds(now)


@given(st.lists(st.tuples(st.booleans(), st.floats(0.0, 100.0))), st.integers(1, 5), st.booleans())
def test_a_server_that_is_back_is_found_within_ten_pauses(
    history: list[tuple[bool, float]], threshold: int, sole: bool
) -> None:
    breaker = Breaker(threshold, 15.0, sole=sole)
    now = 0.0
    for well, seconds in history:
        now += seconds
        if breaker.admits(now):
            probe = breaker.enter(now)
            breaker.succeeded() if well else breaker.failed(now, probe=probe)
    assert breaker.wait_seconds(now) <= 150.0
    assert breaker.admits(now + breaker.wait_seconds(now))
