import time
from functools import partial

import pytest
from sqlalchemy import Connection

from records import Records, answers, revisions
from records.answers import Kept

pytestmark = pytest.mark.anyio


def made(key: bytes = b"question", store_id: str = "vs_1", *, expires_at: float | None = None) -> Kept:
    return Kept(key, store_id, b"body of " + key, time.time() + 60 if expires_at is None else expires_at)


def keep(one: Kept, connection: Connection) -> bool:
    return answers.keep(connection, one, 0)


def advance_and_find(connection: Connection) -> int:
    revisions.advance(connection, "vs_1")
    return revisions.find(connection, "vs_1")


async def test_each_change_of_a_store_has_a_number_of_its_own(records: Records) -> None:
    assert await records.database.read(lambda c: revisions.find(c, "vs_1")) == 0
    assert [await records.database.write(advance_and_find) for _ in range(3)] == [1, 2, 3]
    assert await records.database.read(lambda c: revisions.find(c, "vs_2")) == 0


async def test_an_answer_is_found_until_its_time_is_over(records: Records) -> None:
    old, fresh = made(b"old", expires_at=time.time() - 1), made(b"fresh")
    for one in (old, fresh):
        assert await records.database.write(partial(keep, one))
    assert await records.database.read(lambda c: answers.find(c, old.key)) is None
    assert await records.database.read(lambda c: answers.find(c, fresh.key)) == fresh.body
    await records.database.write(answers.remove_expired)
    assert await records.database.read(lambda c: answers.find(c, fresh.key)) == fresh.body


async def test_the_same_answer_is_kept_once_and_as_it_was_last(records: Records) -> None:
    late = Kept(b"question", "vs_1", b"later", time.time() + 60)
    assert await records.database.write(partial(keep, made()))
    assert await records.database.write(partial(keep, late))
    assert await records.database.read(lambda c: answers.find(c, late.key)) == b"later"


async def test_a_change_forgets_the_answers_of_its_store_alone(records: Records) -> None:
    here, there = made(b"here"), made(b"there", "vs_2")
    for one in (here, there):
        await records.database.write(partial(keep, one))
    await records.database.write(lambda c: revisions.advance(c, "vs_1"))
    assert await records.database.read(lambda c: answers.find(c, here.key)) is None
    assert await records.database.read(lambda c: answers.find(c, there.key)) == there.body
    await records.database.write(lambda c: revisions.remove(c, "vs_2"))
    assert await records.database.read(lambda c: answers.find(c, there.key)) is None


async def test_an_answer_from_before_a_change_is_not_kept(records: Records) -> None:
    await records.database.write(lambda c: revisions.advance(c, "vs_1"))
    assert not await records.database.write(lambda c: answers.keep(c, made(), 0))
    assert await records.database.write(lambda c: answers.keep(c, made(), 1))
