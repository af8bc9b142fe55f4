"""The number of calls in flight: quick up to what the server takes, and back when it takes less."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from upstream.window import Window


def run_round(window: Window, *, seconds: float = 0.05, full: bool = True) -> None:
    """One round of calls, all in flight at once, that go well."""
    for _ in range(window.limit):
        window.succeeded(seconds, 100, full=full)


def test_the_window_doubles_until_the_most_is_reached() -> None:
    window = Window(16)
    limits = []
    for _ in range(5):
        limits.append(window.limit)
        run_round(window)
    assert limits == [2, 4, 8, 16, 16]


def test_calls_that_nobody_waits_for_make_it_no_larger() -> None:
    window = Window(16)
    for _ in range(50):
        run_round(window, full=False)
    assert window.limit == 2


def test_one_congestion_is_felt_once_by_all_calls_in_flight() -> None:
    window = Window(16)
    for _ in range(3):
        run_round(window)
    for _ in range(16):
        window.congested(0, 16, by_number=True)
    assert window.limit == 8


def test_after_a_congestion_it_grows_by_one_a_round() -> None:
    window = Window(64)
    for _ in range(5):
        run_round(window)
    window.congested(0, 64, by_number=False)
    before = window.limit
    for _ in range(4):
        run_round(window)
    assert before < window.limit <= before + 4


def test_it_stays_below_where_the_server_refused() -> None:
    window = Window(16)
    refusals = 0
    for _ in range(400):
        if window.limit > 8:
            window.congested(window.congestions, window.limit, by_number=True)
            refusals += 1
        else:
            run_round(window)
    assert window.limit in {6, 7, 8}
    assert refusals <= 5


def test_a_server_that_queues_ends_the_growth() -> None:
    window = Window(256)
    for _ in range(40):
        run_round(window, seconds=0.05 * max(1.0, window.limit / 8))
    assert window.limit <= 64


@given(st.lists(st.sampled_from(["good", "idle", "slow", "refused", "busy"]), max_size=300), st.integers(1, 32))
def test_it_is_never_less_than_one_nor_more_than_the_most(events: list[str], most: int) -> None:
    window = Window(most)
    for event in events:
        match event:
            case "good" | "idle":
                window.succeeded(0.05, 100, full=event == "good")
            case "slow":
                window.succeeded(5.0, 100, full=True)
            case _:
                window.congested(window.congestions, window.limit, by_number=event == "refused")
        assert 1 <= window.limit <= most


@pytest.mark.parametrize("most", [1, 2, 3])
def test_a_small_most_is_kept(most: int) -> None:
    window = Window(most)
    for _ in range(10):
        run_round(window)
    assert window.limit == most
