"""One thread that writes to SQLite, and commits together what is waiting at the same time.

SQLite lets one connection write at a time and waits for the disk at every commit (synchronous=FULL), so the price of a
commit is shared by all writes that queued up during the one before.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from sqlalchemy import Connection, Engine

Work = Callable[[Connection], Any]
_MAX_GROUP = 256


@dataclass(slots=True)
class _Item:
    """A piece of work, and who waits for it."""

    work: Work
    future: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop
    result: Any = None
    error: BaseException | None = None

    def tell(self) -> None:
        """Pass the outcome on; in the event loop."""
        if self.future.cancelled():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Writer:
    """Runs functions that write, each all or nothing, many in one commit."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._queue: SimpleQueue[_Item | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="records-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work) -> asyncio.Future[Any]:
        """Queue `work`; its result comes once it is committed. Work that is cancelled before its turn is not done."""
        loop = asyncio.get_running_loop()
        item = _Item(work, loop.create_future(), loop)
        self._queue.put(item)
        return item.future

    def close(self) -> None:
        """Finish what is queued, then stop."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        going = True
        while going:
            group = self._next_group()
            going = None not in group
            if wanted := [item for item in group if item and not item.future.cancelled()]:
                self._commit(wanted)
                _tell(wanted)

    def _next_group(self) -> list[_Item | None]:
        group = [self._queue.get()]
        while len(group) < _MAX_GROUP and group[-1] is not None:
            try:
                group.append(self._queue.get_nowait())
            except Empty:
                break
        return group

    def _commit(self, group: Sequence[_Item]) -> None:
        try:
            with self._engine.begin() as connection:
                if len(group) == 1:  # the usual case, in which the transaction itself is what work fails back to
                    group[0].result = group[0].work(connection)
                else:
                    for item in group:
                        _attempt(connection, item)
        except BaseException as error:  # noqa: BLE001  the callers get it; the writer goes on for others
            for item in group:
                item.error = error


def _attempt(connection: Connection, item: _Item) -> None:
    """Run one piece of work in a savepoint, to which it falls back alone."""
    # Straight to the driver: SQLAlchemy's own savepoints have names that differ, and are compiled anew each time.
    execute = connection.connection.driver_connection.execute  # type: ignore[union-attr]
    execute("SAVEPOINT one")
    try:
        item.result = item.work(connection)
    except Exception as error:  # noqa: BLE001  it belongs to the caller
        item.error = error
        execute("ROLLBACK TO one")
    execute("RELEASE one")


def _tell(group: Sequence[_Item]) -> None:
    """Wake each event loop once, whoever waits there."""
    by_loop: dict[asyncio.AbstractEventLoop, list[_Item]] = {}
    for item in group:
        by_loop.setdefault(item.loop, []).append(item)
    for loop, items in by_loop.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_tell_all, items)


def _tell_all(items: Sequence[_Item]) -> None:
    for item in items:
        item.tell()
