"""Rows on their way to the database."""

import logging
from collections.abc import Sequence
from functools import partial

from api.accounting.entry import Entry
from records import Database, usage
from records.errors import RecordsUnavailableError
from records.ids import new_call_id
from records.usage import Call

_log = logging.getLogger(__name__)
_AT_ONCE = 1_000
_LONGEST_NAME = 200


class Rows:
    """Rows that wait until the database has them; those it would never take are given up, one by one."""

    def __init__(self, database: Database, *, most: int) -> None:
        self._database = database
        self._most = most
        self._waiting: list[Call] = []
        self._failing = False
        self.written = 0
        self.lost = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, calls: Sequence[Call]) -> None:
        """Have these written as well; the oldest give way when there are too many."""
        self._waiting += calls
        surplus = len(self._waiting) - self._most
        if surplus > 0:
            del self._waiting[:surplus]
            self.lost += surplus

    async def write(self) -> None:
        """Write all that waits, as far as the database answers."""
        while self._waiting and await self._write(self._waiting[:_AT_ONCE]):
            del self._waiting[:_AT_ONCE]

    async def _write(self, calls: Sequence[Call]) -> bool:
        """Whether there is nothing left to do with these rows."""
        try:
            await self._database.write(partial(usage.add, calls=calls))
        except RecordsUnavailableError as error:
            if not self._failing:
                _log.warning("The ledger waits, and keeps its rows: %s", error)
            self._failing = True
            return False
        except Exception as error:  # noqa: BLE001 - whatever it is, the other rows must not wait behind it for ever
            return await self._write_apart(calls, error)
        if self._failing:
            _log.warning("The ledger goes on.")
        self._failing = False
        self.written += len(calls)
        return True

    async def _write_apart(self, calls: Sequence[Call], error: Exception) -> bool:
        """Write the rows without those that the database will not have."""
        if len(calls) == 1:
            self.lost += 1
            _log.error("A row of the ledger is lost, for the database will not have it: %s", type(error).__name__)
            return True
        half = len(calls) // 2
        # Where the first half was written and the second was not, both are tried again: rows are never doubled.
        return await self._write(calls[:half]) and await self._write(calls[half:])


def row_of(entry: Entry) -> Call:
    """The row of a call that has ended."""
    return Call(
        new_call_id(),
        entry.at,
        _name(entry.endpoint) or "",
        entry.key_id,
        _name(entry.request_id) or "",
        _name(entry.model),
        entry.upstream,
        entry.status,
        _name(entry.error),
        entry.streamed,
        entry.input_tokens,
        entry.cached_tokens,
        entry.output_tokens,
        entry.seconds,
        entry.first_byte_seconds,
        entry.retries,
        entry.request_bytes,
        entry.response_bytes,
        entry.cost_usd,
    )


def _name(text: str | None) -> str | None:
    """A name that somebody else gave, in a form that every database takes."""
    if text is None or (len(text) <= _LONGEST_NAME and text.isascii() and text.isprintable()):
        return text
    return "".join(letter if letter.isprintable() else "?" for letter in text[:_LONGEST_NAME])
