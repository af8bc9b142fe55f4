"""The keys in memory, whatever order the database answers in."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, cast

import pytest

from api.keyring import InvalidKeyError, Keyring
from records import Database, keys
from records.ids import KeyId
from records.keys import Key

pytestmark = pytest.mark.anyio
_SECRET = b"sk-fn-secret"
_VALID = Key(
    name="test",
    permissions=("search",),
    id=KeyId("key_1"),
    hash=keys.hash_of(_SECRET),
    hint="cret",
    previous_hash=None,
    previous_until=None,
    created_at=1,
    revoked_at=None,
    last_used_at=None,
    updated_at=1.0,
)


class _Slow:
    """A database whose first answer is kept back until it is asked again, or a while has passed."""

    def __init__(self) -> None:
        self.rows: Sequence[Key] = [_VALID]
        self._reads = 0
        self._again = asyncio.Event()

    async def read(self, _work: Callable[..., Any]) -> Sequence[Key]:
        """The rows as they are when this is called."""
        rows, self._reads = self.rows, self._reads + 1
        if self._reads > 1:
            self._again.set()
            return rows
        try:
            async with asyncio.timeout(0.2):
                await self._again.wait()
        except TimeoutError:
            return rows
        await asyncio.sleep(0.01)
        return rows


async def test_a_late_answer_does_not_undo_a_revocation() -> None:
    database = _Slow()
    keyring = Keyring(cast("Database", database), None, None)
    first = asyncio.create_task(keyring.refresh())
    await asyncio.sleep(0)
    database.rows = [replace(_VALID, revoked_at=2, updated_at=2.0)]
    await keyring.refresh()
    await first
    with pytest.raises(InvalidKeyError):
        keyring.find(_SECRET)
