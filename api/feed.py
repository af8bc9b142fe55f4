"""What changes in the queue, told to everybody who listens: one reader of the database, however many listeners."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

from api.changes import DELETED, Change, Window, changed_since, gone
from records import Database
from records.errors import RecordsError

_log = logging.getLogger(__name__)
_POLL_SECONDS = 0.4
_PATIENCE_SECONDS = 2.0
_MOST_PENDING = 2_000
"""Documents that one listener may have fallen behind by, about 3 MB of events; then it is let go, to come back."""


class Listener:
    """What one client has yet to be told: of each document the latest state only."""

    def __init__(self) -> None:
        self._pending: dict[str, Change] = {}
        self._stirred = asyncio.Event()
        self._has_ended = False

    def tell(self, change: Change) -> None:
        """Have this told once the client has taken what is before it."""
        self._pending.pop(change.key, None)
        self._pending[change.key] = change
        if len(self._pending) > _MOST_PENDING:
            self._pending.clear()
            self._has_ended = True
        self._stirred.set()

    def end(self) -> None:
        """Tell what is pending, and then no more."""
        self._has_ended = True
        self._stirred.set()

    async def changes(self) -> AsyncIterator[Change]:
        """What there is to tell, as it comes."""
        while self._pending or not self._has_ended:
            self._stirred.clear()
            while self._pending:
                yield self._pending.pop(next(iter(self._pending)))
            if not self._has_ended:
                await self._stirred.wait()


class Feed:
    """Looks for changes again and again while somebody listens, and only then."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[str, set[Listener]] = {}
        self._reader: asyncio.Task[None] | None = None
        self._has_begun = asyncio.Event()
        self._is_closed = False

    @property
    def is_reading(self) -> bool:
        """Whether the database is being looked at."""
        return self._reader is not None

    @asynccontextmanager
    async def listen(self, *topics: str) -> AsyncIterator[Listener]:
        """Hear of every change from now on: what is read within the block misses none of them."""
        listener = Listener()
        for topic in topics:
            self._listeners.setdefault(topic, set()).add(listener)
        try:
            if self._is_closed:
                listener.end()
            else:
                self._begin()
                await self._has_begun.wait()
            yield listener
        finally:
            self._drop(topics, listener)

    def close(self) -> None:
        """End what everybody hears; who comes later hears nothing."""
        self._is_closed = True
        self._stop()
        self._end_all()

    def _begin(self) -> None:
        if self._reader is None:
            self._has_begun.clear()
            self._reader = asyncio.create_task(self._read())
            self._reader.add_done_callback(self._ended)

    def _stop(self) -> None:
        if self._reader is not None:
            self._reader.cancel()
            self._reader = None

    def _drop(self, topics: Sequence[str], listener: Listener) -> None:
        for topic in set(topics):
            self._listeners[topic].discard(listener)
            if not self._listeners[topic]:
                del self._listeners[topic]
        if not self._listeners:
            self._stop()

    def _end_all(self) -> None:
        self._has_begun.set()
        for listener in self._everybody():
            listener.end()

    def _everybody(self) -> Iterator[Listener]:
        return (listener for listeners in self._listeners.values() for listener in listeners)

    def _ended(self, reader: "asyncio.Task[None]") -> None:
        if not reader.cancelled() and (error := reader.exception()):
            _log.error("changes can no longer be followed; listeners are let go", exc_info=error)
            self._reader = None
            self._end_all()

    async def _read(self) -> None:
        window = Window(is_exact=self._database.is_exclusive)
        while True:
            try:
                await self._look(window)
                self._has_begun.set()
                await asyncio.sleep(_POLL_SECONDS)
            except RecordsError as error:
                _log.warning("changes cannot be read: %s; trying again", error)
                await asyncio.sleep(_PATIENCE_SECONDS)

    async def _look(self, window: Window) -> None:
        """Tell what changed since the last look; the first only marks where to begin."""
        before = window.since
        async for page in changed_since(self._database, window):
            if before is not None:
                self._tell(page)
        followed = [topic for topic in self._listeners if topic.startswith("doc_")]
        for document_id in await self._database.read(lambda c: gone(c, followed)):
            self._tell_topic(document_id, DELETED)

    def _tell(self, changes: Sequence[Change]) -> None:
        for change in changes:
            for topic in change.topics:
                self._tell_topic(topic, change)

    def _tell_topic(self, topic: str, change: Change) -> None:
        for listener in self._listeners.get(topic, ()):
            listener.tell(change)
