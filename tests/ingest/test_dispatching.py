"""The dispatcher on a real database, with work that ends when the test says so."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio
import pytest

from ingest.dispatching import Claimed, Dispatcher, Room
from ingest.holding import Holdings
from records import jobs, leases
from records.documents import Document, Status
from records.jobs import Lane
from records.leases import LeaseLostError
from records.stores import Store
from tests.ingest.parts import Parts
from tests.upstream.waiting import until

pytestmark = pytest.mark.anyio


class Bench:
    """Work that waits for the test."""

    def __init__(self, parts: Parts, room: Room, seconds: float = 1_000.0) -> None:
        self.holdings = Holdings(parts.records.database, "worker", seconds)
        self.dispatcher = Dispatcher(parts.records.database, self.holdings, self._work, room)
        self.started: list[str] = []
        self.read: dict[str, Callable[[], None]] = {}
        self.ending: dict[str, asyncio.Event] = {}
        self.cancelled: list[str] = []
        self.claimed: dict[str, Claimed] = {}

    async def _work(self, claimed: Claimed, after_reading: Callable[[], None]) -> None:
        name = claimed.job.filename
        self.started.append(name)
        self.claimed[name] = claimed
        self.read[name] = after_reading
        self.ending[name] = asyncio.Event()
        try:
            await self.ending[name].wait()
        except asyncio.CancelledError:
            self.cancelled.append(name)
            raise


@asynccontextmanager
async def dispatching(parts: Parts, room: Room, seconds: float = 1_000.0) -> AsyncIterator[Bench]:
    bench = Bench(parts, room, seconds)
    running = asyncio.create_task(bench.dispatcher.run())
    try:
        yield bench
    finally:
        running.cancel()
        await asyncio.wait([running])
        await bench.dispatcher.stop()


async def queue(parts: Parts, store: Store, *names: str, lane: Lane = Lane.BULK) -> list[Document]:
    return [await parts.add(store, name, name.encode(), lane) for name in names]


async def settled() -> None:
    """Time enough for the dispatcher to do what it would do."""
    await anyio.sleep(0.2)


async def test_no_more_is_taken_than_there_is_room_for(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, *"abcdef")
    async with dispatching(plain, Room(jobs=3, files_read=8)) as bench:
        await until(lambda: len(bench.started) == 3)
        await settled()
        assert bench.started == ["a", "b", "c"]
        bench.ending["b"].set()
        await until(lambda: len(bench.started) == 4)
        assert await plain.records.database.read(jobs.counts) == {Status.QUEUED: 2, Status.IN_PROGRESS: 4}


async def test_only_a_few_more_are_taken_than_can_be_read(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, *"abcdef")
    async with dispatching(plain, Room(jobs=16, files_read=1)) as bench:
        await until(lambda: len(bench.started) == 3)
        await settled()
        assert bench.started == ["a", "b", "c"]
        bench.read["a"]()
        await until(lambda: len(bench.started) == 4)
        bench.read["a"]()
        await settled()
        assert bench.started == ["a", "b", "c", "d"]


async def test_an_urgent_document_finds_room_while_the_bulk_takes_all_it_may(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, *"abcdefgh")
    async with dispatching(plain, Room(jobs=4, files_read=1)) as bench:
        await until(lambda: len(bench.started) == 3)
        bench.read["a"]()
        await settled()
        assert bench.started == ["a", "b", "c"]
        await queue(plain, store, "urgent", lane=Lane.URGENT)
        bench.dispatcher.wake()
        await until(lambda: "urgent" in bench.started)
        assert bench.started == ["a", "b", "c", "urgent"]


async def test_urgent_documents_do_not_hold_up_the_bulk_for_ever(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, "bulk")
    await queue(plain, store, *"abcdefgh", lane=Lane.URGENT)
    async with dispatching(plain, Room(jobs=1, files_read=1)) as bench:
        for count in range(1, 6):
            await until(lambda count=count: len(bench.started) == count)  # type: ignore[misc]
            bench.ending[bench.started[-1]].set()
        assert "bulk" in bench.started


async def test_a_suspect_is_read_alone(plain: Parts) -> None:
    store = await plain.store("s")
    [poison] = await queue(plain, store, "poison")
    for _ in range(leases.SUSPECT_AFTER_CRASHES):
        await plain.records.database.write(lambda c: leases.claim(c, "dead", -1.0, [(Lane.BULK, 1)], 1))
        await plain.records.database.write(leases.expire)
    await queue(plain, store, "a")
    async with dispatching(plain, Room(jobs=4, files_read=2)) as bench:
        await until(lambda: bench.started == ["a"])
        await settled()
        assert bench.started == ["a"]
        bench.read["a"]()
        await until(lambda: bench.started == ["a", "poison"])
        await queue(plain, store, "b")
        bench.dispatcher.wake()
        await settled()
        assert bench.started == ["a", "poison"]
        bench.read["poison"]()
        await until(lambda: "b" in bench.started)
    assert (await plain.job(poison)).attempts == leases.SUSPECT_AFTER_CRASHES + 1


@pytest.mark.parametrize("what", ["taken", "cancelled"])
async def test_work_that_was_lost_is_stopped_at_the_next_heartbeat(plain: Parts, what: str) -> None:
    store = await plain.store("s")
    await queue(plain, store, "a", "b")
    async with dispatching(plain, Room(jobs=2, files_read=2)) as bench:
        await until(lambda: len(bench.started) == 2)
        await bench.holdings.beat()
        assert bench.cancelled == []
        lost = bench.claimed["a"]
        if what == "taken":
            await plain.records.database.write(lambda c: jobs.renew(c, lost.job))
        else:
            await plain.records.database.write(lambda c: leases.end(c, lost.job, Status.CANCELLED))
        await bench.holdings.beat()
        await until(lambda: bench.cancelled == ["a"])
        with pytest.raises(LeaseLostError):
            bench.holdings.require(lost.lease)
        bench.holdings.require(bench.claimed["b"].lease)


async def test_what_is_added_while_the_heartbeat_waits_is_not_mistaken_for_lost(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, "a")
    async with dispatching(plain, Room(jobs=2, files_read=2)) as bench:
        await until(lambda: len(bench.started) == 1)
        beats = asyncio.gather(*(bench.holdings.beat() for _ in range(20)))
        await queue(plain, store, "b")
        bench.dispatcher.wake()
        await until(lambda: len(bench.started) == 2)
        await beats
        assert bench.cancelled == []


async def test_a_worker_that_cannot_prolong_its_leases_stops_when_they_may_have_ended(plain: Parts) -> None:
    store = await plain.store("s")
    await queue(plain, store, "a")
    async with dispatching(plain, Room(jobs=1, files_read=1), seconds=0.5) as bench:
        await until(lambda: len(bench.started) == 1)
        lease = bench.claimed["a"].lease
        bench.holdings.require(lease)
        await anyio.sleep(0.7)
        with pytest.raises(LeaseLostError):
            bench.holdings.require(lease)
