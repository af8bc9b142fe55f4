"""The ledger's rows, on every database."""

import pytest

from records import Database, usage, usage_totals
from records.ids import new_call_id
from records.usage import Call, Wanted, month_of
from records.usage_totals import DIMENSIONS, Dimension, Total

pytestmark = pytest.mark.anyio

NOVEMBER = 1_793_491_200.0  # 2026-11-01 00:00 UTC
DAY = 86_400.0


def call(at: float = NOVEMBER, **different: object) -> Call:
    usual = Call(
        id=new_call_id(),
        at=at,
        endpoint="POST /v1/chat/completions",
        key_id="key_a",
        request_id="req_1",
        model="writer",
        upstream="default",
        status=200,
        error=None,
        streamed=False,
        input_tokens=100,
        cached_tokens=10,
        output_tokens=20,
        seconds=0.5,
        first_byte_seconds=0.25,
        retries=0,
        request_bytes=300,
        response_bytes=400,
        cost_usd=0.125,
    )
    return usual._replace(**different)  # type: ignore[arg-type]


async def added(database: Database, *calls: Call) -> None:
    await database.write(lambda c: usage.add(c, calls))


async def totals(database: Database, *by: Dimension, wanted: Wanted | None = None, limit: int = 100) -> list[Total]:
    return list(await database.read(lambda c: usage_totals.totals(c, by, wanted or Wanted(), limit=limit)))


async def test_calls_come_back_as_they_were_written_newest_first(database: Database) -> None:
    earlier = call(NOVEMBER)
    later = call(NOVEMBER + 1, key_id=None, model=None, upstream=None, first_byte_seconds=None, cost_usd=None)
    await added(database, earlier, later)
    assert await database.read(lambda c: usage.page(c, Wanted(), limit=10)) == [later, earlier]


async def test_pages_show_each_call_once_even_those_of_one_moment(database: Database) -> None:
    calls = [call(NOVEMBER) for _ in range(7)]
    await added(database, *calls)
    seen: list[Call] = []
    last: str | None = None
    while page := await database.read(lambda c, after=last: usage.page(c, Wanted(), after=after, limit=3)):  # type: ignore[misc]
        seen += page
        last = page[-1].id
    assert sorted(seen) == sorted(calls)


async def test_writing_the_same_calls_twice_changes_nothing(database: Database) -> None:
    calls = [call(), call()]
    await added(database, *calls)
    await added(database, *calls)
    assert (await totals(database))[0].calls == 2
    assert await database.read(lambda c: usage.spent(c, 202611)) == {"key_a": 0.25}


async def test_what_a_key_has_spent_is_kept_by_month_and_outlives_the_calls(database: Database) -> None:
    await added(database, call(NOVEMBER - 1), call(), call(), call(key_id="key_b", cost_usd=2.0))
    await added(database, call(), call(key_id=None), call(cost_usd=None))
    removed = await database.write(lambda c: usage.remove_before(c, NOVEMBER + 1, limit=100))
    assert removed == 7
    assert await database.read(lambda c: usage.spent(c, 202611)) == {"key_a": 0.375, "key_b": 2.0}
    assert await database.read(lambda c: usage.spent(c, 202610)) == {"key_a": 0.125}


async def test_only_calls_that_are_old_enough_are_removed_the_oldest_first(database: Database) -> None:
    calls = [call(NOVEMBER + number) for number in range(4)]
    await added(database, *calls)
    assert await database.write(lambda c: usage.remove_before(c, NOVEMBER + 3, limit=2)) == 2
    assert await database.read(lambda c: usage.page(c, Wanted(), limit=9)) == [calls[3], calls[2]]
    assert await database.write(lambda c: usage.remove_before(c, NOVEMBER + 3, limit=2)) == 1


async def test_sums_are_those_of_the_calls_in_each_group(database: Database) -> None:
    await added(
        database,
        call(),
        call(status=429, error="rate_limit_exceeded", input_tokens=0, output_tokens=0, cost_usd=None),
        call(error="upstream_timeout", cost_usd=None, first_byte_seconds=None, retries=2),
        call(model="reader", cost_usd=1.0),
    )
    writer, reader = await totals(database, "model")
    assert writer.group == {"model": "writer"}
    assert (writer.calls, writer.errors, writer.unpriced_calls, writer.retries) == (3, 2, 1, 2)
    assert (writer.input_tokens, writer.cached_tokens, writer.output_tokens) == (200, 30, 40)
    assert (writer.cost_usd, writer.seconds) == (0.125, 1.5)
    assert (writer.first_byte_seconds, writer.first_bytes) == (0.5, 2)
    assert (writer.request_bytes, writer.response_bytes) == (900, 1200)
    assert (reader.group, reader.calls, reader.cost_usd) == ({"model": "reader"}, 1, 1.0)


async def test_days_are_those_of_utc_and_come_in_their_order(database: Database) -> None:
    await added(database, call(NOVEMBER - 0.001), call(), call(NOVEMBER + DAY - 0.001), call(NOVEMBER + DAY))
    groups = [(total.group["day"], total.calls) for total in await totals(database, "day")]
    first = int(NOVEMBER // DAY)
    assert groups == [(first - 1, 1), (first, 2), (first + 1, 1)]


async def test_all_dimensions_can_be_asked_for_together(database: Database) -> None:
    await added(database, call(), call(upstream=None))
    found = await totals(database, *DIMENSIONS)
    assert len(found) == 2
    assert all(set(total.group) == set(DIMENSIONS) for total in found)


async def test_without_calls_there_is_one_empty_sum_and_no_group(database: Database) -> None:
    assert (await totals(database))[0].calls == 0
    assert await totals(database, "key") == []


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), 4),
        (Wanted(since=NOVEMBER), 3),
        (Wanted(until=NOVEMBER), 1),
        (Wanted(key_id="key_b"), 1),
        (Wanted(model="reader"), 1),
        (Wanted(since=NOVEMBER, key_id="key_a", model="writer"), 1),
    ],
)
async def test_only_wanted_calls_are_counted_and_listed(database: Database, wanted: Wanted, found: int) -> None:
    await added(database, call(), call(NOVEMBER - 1), call(key_id="key_b"), call(model="reader"))
    assert (await totals(database, wanted=wanted))[0].calls == found
    assert len(await database.read(lambda c: usage.page(c, wanted, limit=10))) == found


def test_months_are_those_of_utc() -> None:
    assert [month_of(at) for at in (0.0, NOVEMBER - 0.001, NOVEMBER)] == [197001, 202610, 202611]
