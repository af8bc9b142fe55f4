import pytest

from records import Connection, Database
from records.budgets import Rates, hold, take

pytestmark = pytest.mark.anyio

HUNDRED_CALLS = Rates(100, None)


async def taken(database: Database, rates: Rates, *, tokens: int = 1, urgent: bool = False, most: int = 1000) -> int:
    """How many calls go through before one has to wait."""

    def work(connection: Connection) -> int:
        for number in range(most):
            if take(connection, "m", rates, tokens=tokens, urgent=urgent):
                return number
        return most

    return await database.write(work)


async def waits(database: Database, rates: Rates, *, tokens: int = 1, urgent: bool = False) -> float:
    return await database.write(lambda c: take(c, "m", rates, tokens=tokens, urgent=urgent))


async def test_calls_go_through_until_the_bucket_has_its_reserve_left(database: Database) -> None:
    assert await taken(database, HUNDRED_CALLS) == 8


async def test_urgent_calls_may_use_the_last_fifth(database: Database) -> None:
    await taken(database, HUNDRED_CALLS)
    assert await taken(database, HUNDRED_CALLS, urgent=True) == 2


async def test_the_wait_is_what_refilling_takes(database: Database) -> None:
    await taken(database, HUNDRED_CALLS)
    assert await waits(database, HUNDRED_CALLS) == pytest.approx(1 / 1.5, abs=0.3)


async def test_tokens_are_counted_too(database: Database) -> None:
    rates = Rates(None, 10_000)
    assert await taken(database, rates, tokens=200) == 4
    assert await waits(database, rates, tokens=200) > 0


async def test_what_is_refused_for_one_limit_takes_nothing_of_the_other(database: Database) -> None:
    rates = Rates(100, 10_000)
    assert await waits(database, rates, tokens=800) == 0
    assert await waits(database, rates, tokens=800) > 0
    assert await taken(database, rates, tokens=0) == 7


async def test_a_call_larger_than_the_bucket_goes_through_once_and_leaves_a_debt(database: Database) -> None:
    rates = Rates(None, 1_000)
    assert await waits(database, rates, tokens=500) == 0
    assert await waits(database, rates, tokens=1) > 20


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_the_smallest_limits_let_calls_through(database: Database, limit: int) -> None:
    assert await taken(database, Rates(limit, None)) == 1
    assert await waits(database, Rates(limit, None)) <= 121


async def test_a_held_budget_is_silent_for_the_longest_time_asked_for(database: Database) -> None:
    await database.write(lambda c: hold(c, "m", 100.0))
    await database.write(lambda c: hold(c, "m", 5.0))
    assert await waits(database, HUNDRED_CALLS, urgent=True) == pytest.approx(100, abs=5)


async def test_budgets_do_not_share(database: Database) -> None:
    await database.write(lambda c: hold(c, "another", 100.0))
    assert await waits(database, HUNDRED_CALLS) == 0


async def test_what_comes_back_with_time_is_never_more_than_the_bucket(database: Database) -> None:
    fast = Rates(6_000_000, None)
    await taken(database, fast, most=5)
    assert await waits(database, HUNDRED_CALLS) == 0
    assert await taken(database, HUNDRED_CALLS, urgent=True) <= 10


async def test_takers_at_the_same_time_never_take_more_than_there_is(database: Database) -> None:
    import asyncio

    outcomes = await asyncio.gather(*(waits(database, HUNDRED_CALLS) for _ in range(30)))
    assert sum(outcome == 0 for outcome in outcomes) in {8, 9}
