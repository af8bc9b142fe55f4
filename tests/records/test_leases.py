from collections.abc import Sequence
from functools import partial

import pytest

from records import Database, documents, files, jobs, leases, stores
from records.documents import Failure, Status
from records.ids import DocumentId, StoreId
from records.jobs import Job, Kind, Lane, Step
from records.leases import PARK_AFTER_CRASHES, SUSPECT_AFTER_CRASHES, Lease, LeaseLostError
from records.stores import NewStore

pytestmark = pytest.mark.anyio
NEW = NewStore("default", "bm25", 0, 800, 400)
LONG = 1_000.0
OVER = -1.0
"""A lease of so many seconds has ended before it begins."""
BOTH = ((Lane.URGENT, 9), (Lane.BULK, 9))


@pytest.fixture
async def store_id(database: Database) -> StoreId:
    return (await database.write(lambda c: stores.ensure(c, NEW))).id


async def queue(database: Database, store_id: StoreId, name: str, lane: Lane = Lane.URGENT) -> DocumentId:
    file_id = await database.write(lambda c: files.add(c, name, 3, name))
    document_id = await database.write(lambda c: documents.add(c, store_id, file_id, name, {}))
    await database.write(lambda c: jobs.add(c, document_id, store_id, file_id, version=1, lane=lane))
    return document_id


async def claim(
    database: Database,
    owner: str = "worker",
    *,
    seconds: float = LONG,
    shares: Sequence[tuple[Lane, int]] = BOTH,
    room: int = 9,
) -> Sequence[Job]:
    return await database.write(lambda c: leases.claim(c, owner, seconds, shares, room))


async def claim_one(database: Database, owner: str = "worker", *, seconds: float = LONG) -> tuple[Job, Lease]:
    [job] = await claim(database, owner, seconds=seconds)
    return job, Lease(job.id, owner, job.attempts)


async def find(database: Database, document_id: DocumentId) -> Job:
    job = await database.read(lambda c: jobs.find(c, document_id))
    assert job is not None
    return job


async def test_jobs_are_claimed_once_each_oldest_first(database: Database, store_id: StoreId) -> None:
    ids = [await queue(database, store_id, name) for name in ("aa", "bb", "cc")]
    first = await claim(database, room=2)
    second = await claim(database, "other")
    assert [job.document_id for job in first] == ids[:2]
    assert [job.document_id for job in second] == ids[2:]
    assert await claim(database) == []
    assert (first[0].owner, first[0].attempts, first[0].step) == ("worker", 1, Step.READING)


async def test_urgent_jobs_come_first_unless_the_bulk_has_its_turn(database: Database, store_id: StoreId) -> None:
    bulk = [await queue(database, store_id, f"b{n}", Lane.BULK) for n in range(3)]
    urgent = [await queue(database, store_id, f"u{n}") for n in range(2)]
    turn = await claim(database, shares=((Lane.BULK, 1), (Lane.URGENT, 1)))
    assert [job.document_id for job in turn] == [bulk[0], urgent[0]]
    rest = await claim(database, shares=((Lane.URGENT, 5), (Lane.BULK, 5)), room=2)
    assert [job.document_id for job in rest] == [urgent[1], bulk[1]]


async def test_a_claim_shows_in_job_and_document(database: Database, store_id: StoreId) -> None:
    document_id = await queue(database, store_id, "aa")
    await claim_one(database)
    job = await find(database, document_id)
    document = await database.read(lambda c: documents.find(c, document_id))
    assert document is not None
    assert (job.status, document.status) == (Status.IN_PROGRESS, Status.IN_PROGRESS)
    assert job.started_at is not None
    assert job.started_at >= job.created_at


async def test_every_write_of_a_worker_that_lost_its_job_is_refused(database: Database, store_id: StoreId) -> None:
    document_id = await queue(database, store_id, "aa")
    _, old = await claim_one(database, seconds=OVER)
    await database.write(leases.expire)
    _, new = await claim_one(database)
    failure = Failure("empty", "No text.")
    for write in (
        lambda c: leases.described(c, old, 5),
        lambda c: leases.resumed(c, old),
        lambda c: leases.progressed(c, old, 3),
        lambda c: leases.complete(c, old, 5),
        lambda c: leases.fail(c, old, failure),
        lambda c: leases.put_off(c, old, failure, 0.0),
    ):
        with pytest.raises(LeaseLostError):
            await database.write(write)
    assert (await find(database, document_id)).chunks == 0
    await database.write(lambda c: leases.described(c, new, 5))
    await database.write(lambda c: leases.progressed(c, new, 3))
    job = await find(database, document_id)
    assert (job.step, job.chunks, job.chunks_done) == (Step.EMBEDDING, 5, 3)


@pytest.mark.parametrize("what", ["renewed", "ended", "removed"])
async def test_a_job_that_is_changed_from_outside_is_lost_to_its_worker(
    database: Database, store_id: StoreId, what: str
) -> None:
    document_id = await queue(database, store_id, "aa")
    job, lease = await claim_one(database)
    change = {
        "renewed": lambda c: jobs.renew(c, job),
        "ended": lambda c: leases.end(c, job, Status.CANCELLED),
        "removed": lambda c: jobs.remove(c, document_id),
    }[what]
    await database.write(change)
    assert await database.write(lambda c: leases.renew(c, "worker", LONG, [job.id])) == set()
    with pytest.raises(LeaseLostError):
        await database.write(lambda c: leases.complete(c, lease, 1))


async def test_a_claim_whose_worker_never_learned_of_it_ends(database: Database, store_id: StoreId) -> None:
    """As when the connection breaks between the commit and its answer."""
    await queue(database, store_id, "aa")
    await queue(database, store_id, "bb")
    [known] = await claim(database, room=1, seconds=OVER)
    [unknown] = await claim(database, room=1, seconds=OVER)
    assert await database.write(lambda c: leases.renew(c, "worker", LONG, [known.id])) == {(known.id, 1)}
    await database.write(leases.expire)
    assert (await find(database, known.document_id)).status is Status.IN_PROGRESS
    assert (await find(database, unknown.document_id)).status is Status.QUEUED


async def test_renewing_prolongs_only_what_the_worker_holds(database: Database, store_id: StoreId) -> None:
    await queue(database, store_id, "aa")
    await queue(database, store_id, "bb")
    [mine] = await claim(database, room=1, seconds=OVER)
    [theirs] = await claim(database, "other", seconds=OVER)
    held = [mine.id, theirs.id]
    assert await database.write(lambda c: leases.renew(c, "worker", LONG, held)) == {(mine.id, 1)}
    await database.write(leases.expire)
    assert (await find(database, mine.document_id)).status is Status.IN_PROGRESS
    assert (await find(database, theirs.document_id)).status is Status.QUEUED


async def test_a_lease_that_lasts_is_not_taken_unless_no_worker_can_be_alive(
    database: Database, store_id: StoreId
) -> None:
    document_id = await queue(database, store_id, "aa")
    await claim_one(database)
    await database.write(leases.expire)
    assert (await find(database, document_id)).status is Status.IN_PROGRESS
    await database.write(lambda c: leases.expire(c, all_of_them=True))
    assert (await find(database, document_id)).status is Status.QUEUED


async def test_what_is_handed_back_is_free_at_once_and_nobody_is_to_blame(
    database: Database, store_id: StoreId
) -> None:
    await queue(database, store_id, "aa")
    await claim_one(database)
    await database.write(lambda c: leases.hand_back(c, "worker"))
    job, _ = await claim_one(database, "other")
    assert (job.crashes, job.attempts) == (0, 2)


async def test_only_the_files_being_read_are_blamed_for_a_death(database: Database, store_id: StoreId) -> None:
    read = await queue(database, store_id, "aa")
    embedded = await queue(database, store_id, "bb")
    for job in await claim(database, seconds=OVER):
        if job.document_id == embedded:
            lease = Lease(job.id, "worker", job.attempts)
            await database.write(partial(leases.described, lease=lease, chunks=5))
    await database.write(leases.expire)
    assert (await find(database, read)).crashes == 1
    assert (await find(database, embedded)).crashes == 0
    assert (await find(database, embedded)).chunks == 5


async def test_a_file_that_kills_its_readers_is_read_alone_and_then_given_up(
    database: Database, store_id: StoreId
) -> None:
    document_id = await queue(database, store_id, "aa")
    for _ in range(SUSPECT_AFTER_CRASHES):
        assert not await database.read(leases.suspects_wait)
        await claim_one(database, seconds=OVER)
        assert await database.write(leases.expire) == []
    assert await claim(database) == []
    assert await database.read(leases.suspects_wait)
    for _ in range(PARK_AFTER_CRASHES - SUSPECT_AFTER_CRASHES):
        [suspect] = await database.write(lambda c: leases.claim_suspect(c, "worker", OVER))
        given_up = await database.write(leases.expire)
    assert [job.document_id for job in given_up] == [suspect.document_id] == [document_id]


async def test_what_is_put_off_waits_for_its_time(database: Database, store_id: StoreId) -> None:
    document_id = await queue(database, store_id, "aa")
    _, lease = await claim_one(database)
    await database.write(lambda c: leases.put_off(c, lease, Failure("embedding_failed", "No answer."), 1_000.0))
    assert await claim(database) == []
    job = await find(database, document_id)
    assert (job.status, job.failures, job.error) == (Status.QUEUED, 1, Failure("embedding_failed", "No answer."))
    assert job.ready_at > job.updated_at + 900


async def test_every_start_from_scratch_has_a_version_of_its_own(database: Database, store_id: StoreId) -> None:
    document_id = await queue(database, store_id, "aa")
    job, lease = await claim_one(database)
    await database.write(lambda c: leases.fail(c, lease, Failure("empty", "No text.")))
    assert await database.write(lambda c: jobs.renew(c, job)) == 2
    again = await find(database, document_id)
    assert (again.version, again.status, again.error, again.chunks) == (2, Status.QUEUED, None, 0)
    retaken, _ = await claim_one(database)
    assert (retaken.version, retaken.attempts) == (2, 2)


async def test_jobs_that_changed_since_a_moment_are_found_in_order(database: Database, store_id: StoreId) -> None:
    first = await queue(database, store_id, "aa")
    await queue(database, store_id, "bb")
    before = max((await find(database, first)).updated_at, 0.0)
    await claim(database, room=1)
    changed = await database.read(lambda c: jobs.changed(c, before, limit=10))
    assert changed[-1].document_id == first
    assert [job.updated_at for job in changed] == sorted(job.updated_at for job in changed)


async def test_pages_cover_all_jobs_once(database: Database, store_id: StoreId) -> None:
    ids = {await queue(database, store_id, f"{n}") for n in range(5)}
    first = await database.read(lambda c: jobs.page(c, store_ids=[store_id], limit=3))
    second = await database.read(lambda c: jobs.page(c, store_ids=[store_id], after=first[-1].id, limit=3))
    assert {job.document_id for job in (*first, *second)} == ids
    assert len(first) + len(second) == len(ids)
    await claim(database, room=2)
    active = await database.read(lambda c: jobs.page(c, statuses=[Status.IN_PROGRESS], kind=Kind.INGEST, limit=9))
    assert len(active) == 2
    assert await database.read(jobs.counts) == {Status.IN_PROGRESS: 2, Status.QUEUED: 3}
