"""Processes are killed at every step of a job; `python -m benchmarks.crashing` does it a hundred times."""

from collections.abc import Sequence

import pytest

from tests.durability.kills import OPERATIONS, Kill, a_share_of_kills, every_kill, moments
from tests.durability.measuring import Combination, DatabaseName, Report, measure

_COMBINATIONS: Sequence[tuple[DatabaseName, int]] = (("sqlite", 1), ("sqlite", 3), ("postgres", 1), ("postgres", 3))


def _plan(combination: int) -> list[Kill]:
    shares = len(_COMBINATIONS)
    return a_share_of_kills(combination, shares, at_random=combination % 2, seed=combination)


@pytest.mark.parametrize("number", range(4), ids=[f"{database}-{workers}" for database, workers in _COMBINATIONS])
def test_killed_processes_lose_nothing_and_repeat_next_to_nothing(number: int, request: pytest.FixtureRequest) -> None:
    database, workers = _COMBINATIONS[number]
    url = request.getfixturevalue("postgres_url") if database == "postgres" else None
    plan = _plan(number)
    report = measure(Combination(database, workers, 24, plan, seed=number), url)
    assert report.course.missed == []
    assert not {kill.point for kill in plan} - report.course.kills.keys()
    assert_well(report)


def assert_well(report: Report) -> None:
    """Every document has ended as it should, and no more was paid twice than was on its way at a kill."""
    findings, paid = report.findings, report.paid
    assert findings.problems == []
    assert findings.lost == 0
    assert findings.points_found == findings.points_expected > 0
    assert report.wrongly_parked == []
    assert findings.found_by_search > 0
    assert paid.batches_again <= report.course.kills.total()


def test_all_combinations_together_kill_at_every_step() -> None:
    assert {kill.operation for number in range(4) for kill in _plan(number)} >= set(OPERATIONS)


def test_a_hundred_kills_are_at_every_moment_of_every_step() -> None:
    assert set(every_kill(100, seed=1)) >= {Kill(step, moment) for step in OPERATIONS for moment in moments(step)}
