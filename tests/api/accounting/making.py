"""Entries of calls, and a database that can be told to fail."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from api.accounting.entry import Entry
from records import Connection, Database, usage
from records.errors import RecordsUnavailableError
from records.usage import Call, Wanted

T = TypeVar("T")


def entry(**different: Any) -> Entry:
    """A chat call as it usually goes."""
    usual: dict[str, Any] = {
        "endpoint": "POST /v1/chat/completions",
        "key_id": "key_a",
        "request_id": "req_1",
        "model": "writer",
        "upstream": "default",
        "status": 200,
        "input_tokens": 100,
        "output_tokens": 20,
        "seconds": 0.5,
    }
    return Entry(**usual | different)


async def rows(database: Database) -> list[Call]:
    """All rows of the ledger, oldest first."""
    return list(reversed(await database.read(lambda c: usage.page(c, Wanted(), limit=100_000))))


class FailingDatabase:
    """A database whose writes fail as long as it is told so."""

    def __init__(self, real: Database) -> None:
        self.is_down = False
        self.writes = 0
        self._real = real

    @property
    def is_exclusive(self) -> bool:
        return self._real.is_exclusive

    async def read(self, work: Callable[[Connection], T]) -> T:
        if self.is_down:
            raise RecordsUnavailableError
        return await self._real.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        self.writes += 1
        if self.is_down:
            raise RecordsUnavailableError
        return await self._real.write(work)

    def as_database(self) -> Database:
        return cast("Database", self)
