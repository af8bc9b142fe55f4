import time
from dataclasses import replace
from typing import Any

import pytest

from records import Records, responses
from records.ids import new_response_id
from records.responses import Response

pytestmark = pytest.mark.anyio


def made(**changes: Any) -> Response:
    now = int(time.time())
    item = {"type": "message", "role": "user"}
    fresh = Response(new_response_id(), "key_1", "completed", None, [item], {"output": []}, now, now + 60)
    return replace(fresh, **changes)


async def kept(records: Records, response: Response) -> Response:
    await records.database.write(lambda c: responses.add(c, response))
    return response


async def test_a_response_is_found_as_it_was_kept_until_it_is_removed(records: Records) -> None:
    one = await kept(records, made())
    assert await records.database.read(lambda c: responses.find(c, one.id)) == one
    assert await records.database.write(lambda c: responses.remove(c, one.id))
    assert not await records.database.write(lambda c: responses.remove(c, one.id))
    assert await records.database.read(lambda c: responses.find(c, one.id)) is None


async def test_a_response_whose_time_is_over_is_not_there_and_then_forgotten(records: Records) -> None:
    old, fresh = await kept(records, made(expires_at=1)), await kept(records, made())
    assert await records.database.read(lambda c: responses.find(c, old.id)) is None
    await records.database.write(responses.remove_expired)
    assert not await records.database.write(lambda c: responses.remove(c, old.id))
    assert await records.database.read(lambda c: responses.find(c, fresh.id)) == fresh


async def test_a_conversation_goes_back_as_far_as_it_is_there_and_of_the_same_key(records: Records) -> None:
    other = await kept(records, made(key_id="key_2"))
    first = await kept(records, made(previous_id=other.id))
    second = await kept(records, made(previous_id=first.id))
    third = await kept(records, made(previous_id=second.id))
    assert await records.database.read(lambda c: responses.conversation(c, third)) == [first, second, third]
    await records.database.write(lambda c: responses.remove(c, second.id))
    assert await records.database.read(lambda c: responses.conversation(c, third)) == [third]


async def test_a_conversation_in_a_circle_ends(records: Records) -> None:
    one = made()
    one = await kept(records, replace(one, previous_id=one.id))
    assert len(await records.database.read(lambda c: responses.conversation(c, one))) == 100
