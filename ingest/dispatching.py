"""Taking jobs from the queue as fast as they can be worked on, urgent ones first."""

import asyncio
import itertools
import logging
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ingest.holding import Holdings
from records import Connection, Database, documents, leases, stores
from records.documents import Document
from records.errors import RecordsError
from records.jobs import Job, Lane
from records.leases import Lease
from records.stores import Store

_log = logging.getLogger(__name__)
_RESERVED_SHARE = 4
"""One place in so many is kept for urgent documents."""
_READ_AHEAD = 2
"""Jobs taken beyond those that can be read at once."""
_MOST_BYTES = 128_000_000
"""No more is taken while the files in hand have this many bytes together: their texts are in memory."""
_BULK_TURN = 4
"""Every so many claims a bulk document comes first, so that urgent ones cannot hold it up for ever."""
_POLL_SECONDS = 2.0
"""How often the queue is looked at without being told; a wake-up may be lost, a document may not."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A job just taken, with what it is about."""

    job: Job
    lease: Lease
    document: Document
    store: Store


Worker = Callable[[Claimed, Callable[[], None]], Coroutine[Any, Any, None]]
"""Does a job and never raises; calls what it is given once the file is read."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much is done side by side."""

    jobs: int
    files_read: int


class Dispatcher:
    """Keeps as many jobs in hand as there is room for, and no more."""

    def __init__(self, database: Database, holdings: Holdings, work: Worker, room: Room) -> None:
        self._database = database
        self._holdings = holdings
        self._work = work
        self._room = room.jobs
        self._bulk_room = max(room.jobs - room.jobs // _RESERVED_SHARE, 1)
        # More are taken than can be read, so that no reader waits for the queue.
        self._reading_room = room.files_read + _READ_AHEAD
        self._reading = {Lane.URGENT: 0, Lane.BULK: 0}
        self._in_hand: dict[asyncio.Task[None], Lane] = {}
        self._bytes_in_hand = 0
        self._looked_for_suspects = float("-inf")
        self._changed = asyncio.Event()
        self._claims = itertools.count(1)

    def wake(self) -> None:
        """Tell that there may be something new."""
        self._changed.set()

    async def run(self) -> None:
        """Take jobs until cancelled."""
        while True:
            self._changed.clear()
            try:
                if not await self._claim():
                    await self._look_for_suspects()
                    await self._pause()
            except RecordsError:
                _log.exception("the queue cannot be read; trying again")
                await asyncio.sleep(_POLL_SECONDS)

    async def stop(self) -> None:
        """Drop what is in hand; its leases are for the caller to hand back."""
        for task in self._in_hand:
            task.cancel()
        if self._in_hand:
            await asyncio.wait(self._in_hand)

    async def _claim(self) -> bool:
        """Take what there is room for; whether there was anything."""
        free = self._room - len(self._in_hand) if self._bytes_in_hand < _MOST_BYTES else 0
        shares = self._shares(free)
        if not any(share > 0 for _, share in shares):
            return False
        asked_at = asyncio.get_running_loop().time()
        owner, seconds = self._holdings.owner, self._holdings.seconds
        take = partial(leases.claim, owner=owner, seconds=seconds, shares=shares, room=free)
        claimed = await self._database.write(lambda c: _with_subjects(c, take(c)))
        for one in claimed:
            self._start(one, asked_at)
        return bool(claimed)

    def _shares(self, free: int) -> Sequence[tuple[Lane, int]]:
        urgent = min(free, self._reading_room - self._reading[Lane.URGENT])
        bulk_in_hand = sum(lane is Lane.BULK for lane in self._in_hand.values())
        bulk = min(free, self._bulk_room - bulk_in_hand, self._reading_room - self._reading[Lane.BULK])
        if bulk > 0 and next(self._claims) % _BULK_TURN == 0:
            return (Lane.BULK, 1), (Lane.URGENT, urgent), (Lane.BULK, bulk - 1)
        return (Lane.URGENT, urgent), (Lane.BULK, bulk)

    async def _look_for_suspects(self) -> None:
        """Now and then: this is called whenever there is nothing to take or no room for it."""
        now = asyncio.get_running_loop().time()
        if now - self._looked_for_suspects < _POLL_SECONDS:
            return
        self._looked_for_suspects = now
        if await self._database.read(leases.suspects_wait):
            await self._read_a_suspect()

    async def _read_a_suspect(self) -> None:
        """Read a file that is suspected of killing its readers, while nothing else is being read."""
        while any(self._reading.values()):
            await self._pause()
            self._changed.clear()
        asked_at = asyncio.get_running_loop().time()
        take = partial(leases.claim_suspect, owner=self._holdings.owner, seconds=self._holdings.seconds)
        for one in await self._database.write(lambda c: _with_subjects(c, take(c))):
            await self._start(one, asked_at).wait()

    def _start(self, claimed: Claimed, asked_at: float) -> asyncio.Event:
        """Begin a job; the event is set once its file is read."""
        lane, read = claimed.job.lane, asyncio.Event()
        self._reading[lane] += 1
        after_reading = partial(self._after_reading, lane, read)
        task = asyncio.create_task(self._work(claimed, after_reading))
        self._in_hand[task] = lane
        self._bytes_in_hand += claimed.job.bytes
        self._holdings.add(claimed.lease, task, asked_at)
        # Also when the task is cancelled before it ever ran, in which case it could not tell of its end itself.
        task.add_done_callback(partial(self._finished, claimed, after_reading))
        return read

    def _after_reading(self, lane: Lane, read: asyncio.Event) -> None:
        if not read.is_set():
            read.set()
            self._reading[lane] -= 1
            self._changed.set()

    def _finished(self, claimed: Claimed, after_reading: Callable[[], None], task: asyncio.Task[None]) -> None:
        after_reading()
        self._bytes_in_hand -= claimed.job.bytes
        del self._in_hand[task]
        self._changed.set()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(_POLL_SECONDS):
                await self._changed.wait()
        except TimeoutError:
            return


def _with_subjects(connection: Connection, taken: Sequence[Job]) -> list[Claimed]:
    """The jobs with their documents and stores; jobs cannot outlive either."""
    if not taken:
        return []
    subjects = {one.id: one for one in documents.find_all(connection, [job.document_id for job in taken])}
    homes = {store_id: stores.find(connection, store_id) for store_id in {job.store_id for job in taken}}
    found = []
    for job in taken:
        document, store = subjects.get(job.document_id), homes[job.store_id]
        if document is not None and store is not None:
            found.append(Claimed(job, Lease(job.id, job.owner or "", job.attempts), document, store))
    return found
