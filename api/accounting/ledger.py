"""Keeping one row for each call, written in batches off the hot path."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from api.accounting.call_log import log_calls
from api.accounting.entry import Entry
from api.accounting.measures import Measures
from api.accounting.prices import Prices
from api.accounting.rows import Rows, row_of
from records import Database, usage
from records.errors import RecordsError, RecordsUnavailableError
from records.usage import Call, month_of
from settings import UsageSettings
from upstream.metering import Meter, use_meter

_log = logging.getLogger(__name__)
_MOST_WAITING = 200_000
"""Calls kept while the database does not answer, some 100 MB."""
_REREAD_SECONDS = 5.0
_CLEAN_SECONDS = 3_600.0
_REMOVED_AT_ONCE = 2_000
_LAST_TRIES_SECONDS = 5.0
_DAY_SECONDS = 86_400.0


class Ledger:
    """Takes what is to be kept of calls, and writes it a little later."""

    def __init__(self, database: Database, settings: UsageSettings, prices: Prices) -> None:
        self.measures = Measures()
        """What Prometheus is told of the calls."""
        self.background = Meter()
        """Counts the tokens that no request asked for."""
        self._database = database
        self._settings = settings
        self._prices = prices
        self._new: list[Entry] = []
        self._rows = Rows(database, most=_MOST_WAITING)
        self._spent: dict[str, float] = {}
        self._month = month_of(time.time())
        self._next_reread = self._next_cleaning = time.monotonic()

    def add(self, entry: Entry) -> None:
        """Keep a call that has ended; its row is written within `usage.flush_seconds`."""
        if len(self._new) < _MOST_WAITING:
            self._new.append(entry)
        else:
            self._rows.lost += 1

    def spent_usd(self, key_id: str) -> float:
        """What a key has spent in this calendar month (UTC), in US dollars; that of the last moments is missing."""
        return self._spent.get(key_id, 0.0)

    @property
    def backlog(self) -> int:
        """Calls whose rows are still to be written."""
        return len(self._new) + len(self._rows)

    @property
    def written(self) -> int:
        """Rows written since the start."""
        return self._rows.written

    @property
    def lost(self) -> int:
        """Calls without a row: the database did not answer for too long, or would not have it."""
        return self._rows.lost

    async def run(self, stopped: asyncio.Event) -> None:
        """Write until stopped, and then what is left."""
        while not stopped.is_set():
            try:
                await asyncio.wait_for(stopped.wait(), self._settings.flush_seconds)
            except TimeoutError:
                await _guarded(self.flush)
                await _guarded(self._do_what_is_due)
        await _guarded(self.flush)
        deadline = time.monotonic() + _LAST_TRIES_SECONDS
        while self.backlog and time.monotonic() < deadline:
            await asyncio.sleep(self._settings.flush_seconds)
            await _guarded(self.flush)
        if self.backlog:
            _log.error("%d rows of the ledger are lost: the database does not answer.", self.backlog)

    async def flush(self) -> None:
        """Find out what the calls cost, measure and log them, write the rows; what cannot be written now stays."""
        self._turn_month()
        self.measures.observe_background(self.background.take())
        if entries := self._new:
            self._new = []
            self._rows.add(await asyncio.to_thread(self._accounted, entries))
            self._note_spending(entries)
        await self._rows.write()

    async def read_spending(self) -> None:
        """Read what all keys have spent this month, through all processes."""
        self._spent = await self._database.read(partial(usage.spent, month=self._month))

    def _accounted(self, entries: Sequence[Entry]) -> list[Call]:
        for entry in entries:
            try:
                entry.cost_usd = self._prices.cost_usd(entry)
            except Exception:  # noqa: BLE001 - a row without a price is better than none
                _log.exception("the cost of a call could not be found out")
        try:
            self.measures.observe(entries)
            log_calls(entries)
        except Exception:  # noqa: BLE001 - the rows matter more
            _log.exception("calls could not be measured or logged")
        return [row_of(entry) for entry in entries]

    def _note_spending(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            if entry.key_id is not None and entry.cost_usd and month_of(entry.at) == self._month:
                self._spent[entry.key_id] = self._spent.get(entry.key_id, 0.0) + entry.cost_usd

    def _turn_month(self) -> None:
        month = month_of(time.time())
        if month != self._month:
            self._month, self._spent = month, {}

    async def _do_what_is_due(self) -> None:
        now = time.monotonic()
        # Rows that wait are counted here already, and not there.
        if now >= self._next_reread and not self._database.is_exclusive and not len(self._rows):
            self._next_reread = now + _REREAD_SECONDS
            with suppress(RecordsUnavailableError):  # rows that wait will tell of it
                await self.read_spending()
        if now >= self._next_cleaning:
            before = time.time() - self._settings.keep_days * _DAY_SECONDS
            self._next_cleaning = now + _CLEAN_SECONDS
            removed = await self._database.write(partial(usage.remove_before, at=before, limit=_REMOVED_AT_ONCE))
            if removed == _REMOVED_AT_ONCE:  # the others in a moment: new rows must not wait for all of them
                self._next_cleaning = now


async def _guarded(work: Callable[[], Awaitable[None]]) -> None:
    """Do some work that can be done later as well: nothing ends the ledger."""
    try:
        await work()
    except RecordsError as error:
        _log.warning("The ledger could not do its work now: %s", error)
    except Exception:  # noqa: BLE001 - it must go on for the calls to come
        _log.exception("the ledger met what nobody foresaw")


@asynccontextmanager
async def open_ledger(
    database: Database,
    settings: UsageSettings,
    addresses: Mapping[str, str] | None = None,
) -> AsyncIterator[Ledger]:
    """A ledger that writes while the block runs, and the rest at its end.

    Typed calls of what is started in the block are counted too, as far as nobody else counts them.

    Args:
        database: Where the rows go.
        settings: How.
        addresses: Those of the upstreams by name; providers, and so prices, are known by them.
    """
    ledger = Ledger(database, settings, Prices(settings.prices, addresses or {}))
    await ledger.read_spending()
    use_meter(ledger.background)
    stopped = asyncio.Event()
    running = asyncio.create_task(ledger.run(stopped))
    try:
        yield ledger
    finally:
        stopped.set()
        await running
