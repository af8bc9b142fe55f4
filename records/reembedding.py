"""Jobs of a change of model: one for each visible document of the store, at the version that is visible.

The transactions that call these hold the store (`stores.find_held`), so that no document becomes visible meanwhile.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records import jobs as queue
from records.clock import now
from records.documents import Failure, Status
from records.ids import DocumentId, FileId, StoreId, new_job_id
from records.jobs import ACTIVE, ANEW, Job, Kind, Lane, Step
from records.schema import documents, jobs


@dataclass(frozen=True, slots=True)
class Unembedded:
    """A document that the next model is to embed."""

    document_id: DocumentId
    store_id: StoreId
    file_id: FileId
    version: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A document that the next model could not embed."""

    document_id: DocumentId
    filename: str
    reason: Failure


@dataclass(frozen=True, slots=True)
class Counts:
    """How far a change has come."""

    documents: int
    """Those that are visible."""
    chunks: int
    """What they hold."""
    chunks_done: int
    by_status: Mapping[Status, int]
    """Documents by the status of their job."""


_OWN_JOB = sa.exists().where(jobs.c.document_id == documents.c.id, jobs.c.kind == Kind.REEMBED)
_DONE = _OWN_JOB.where(jobs.c.status == Status.COMPLETED, jobs.c.version == documents.c.version)
_VISIBLE = sa.and_(documents.c.store_id == sa.bindparam("store"), documents.c.version > 0)
_MISSING = (
    sa.select(documents.c.id.label("document_id"), documents.c.store_id, documents.c.file_id, documents.c.version)
    .where(_VISIBLE, ~_OWN_JOB, documents.c.id > sa.bindparam("last"))
    .order_by(documents.c.id)
    .limit(sa.bindparam("most"))
    # Nobody deletes them before their jobs are there.
    .with_for_update(read=True, key_share=True)
)
_OF_STORE = sa.and_(jobs.c.store_id == sa.bindparam("store"), jobs.c.kind == Kind.REEMBED)
_TIMES = {"ready_at": now(), "created_at": now(), "updated_at": now()}
_ADD = sa.insert(jobs).values(**ANEW, **_TIMES, kind=Kind.REEMBED, attempts=0)
_RENEW = sa.update(jobs).where(jobs.c.id == sa.bindparam("job")).values(**ANEW, **_TIMES)
_RETRY = sa.update(jobs).where(_OF_STORE, jobs.c.status == Status.FAILED)


def queue_missing(connection: Connection, store_id: str, *, after: str, limit: int) -> str | None:
    """Queue up to `limit` visible documents that have no job yet, by id behind `after`; the last, None if none is."""
    found = connection.execute(_MISSING, {"store": store_id, "last": after, "most": limit}).mappings().all()
    rows = [{**row, "id": new_job_id(), "lane": Lane.BULK} for row in found]
    if rows:
        connection.execute(_ADD, rows)
        queue.tell(connection)
    return str(rows[-1]["document_id"]) if rows else None


def queue_one(connection: Connection, document: Unembedded, lane: Lane) -> Job | None:
    """Queue a document that has just become visible; returns its job before, which somebody may still have in hand."""
    before = queue.find(connection, document.document_id, Kind.REEMBED, to_change=True)
    values = {"file_id": document.file_id, "version": document.version, "lane": lane}
    if before is not None:
        connection.execute(_RENEW, {"job": before.id, **values})
    else:
        names = {"id": new_job_id(), "document_id": document.document_id, "store_id": document.store_id}
        connection.execute(_ADD, {**names, **values})
    queue.tell(connection)
    return before


def retry_failed(connection: Connection, store_id: StoreId) -> None:
    """Queue the documents again that the next model could not embed; they go on where they stopped."""
    kept = {name: ANEW[name] for name in ("status", "step", "failures", "error_code", "error_message", "finished_at")}
    connection.execute(_RETRY.values(**kept, ready_at=now(), updated_at=now()), {"store": store_id})
    queue.tell(connection)


def is_under_way(connection: Connection, store_id: str) -> bool:
    """Whether any of the jobs is not completed."""
    unfinished = sa.exists().where(_OF_STORE, jobs.c.status.in_([*ACTIVE, Status.FAILED]))
    return bool(connection.execute(sa.select(unfinished), {"store": store_id}).scalar_one())


def is_missing(connection: Connection, store_id: str) -> bool:
    """Whether a visible document has no job yet."""
    return bool(connection.execute(sa.select(sa.exists().where(_VISIBLE, ~_OWN_JOB)), {"store": store_id}).scalar_one())


def is_complete(connection: Connection, store_id: str) -> bool:
    """Whether every visible document is embedded with the next model."""
    missing = sa.exists().where(_VISIBLE, ~_DONE)
    return not connection.execute(sa.select(missing), {"store": store_id}).scalar_one()


def counts(connection: Connection, store_id: str) -> Counts:
    """How far the change has come."""
    total = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(documents.c.chunks), 0)).where(_VISIBLE)
    visible, chunks = connection.execute(total, {"store": store_id}).one()
    done = sa.func.coalesce(sa.func.sum(jobs.c.chunks_done), 0)
    query = sa.select(jobs.c.status, sa.func.count(), done).where(_OF_STORE).group_by(jobs.c.status)
    rows = connection.execute(query, {"store": store_id}).all()
    by_status = {Status(status): int(count) for status, count, _ in rows}
    return Counts(int(visible), int(chunks), sum(int(row[2]) for row in rows), by_status)


def failed(connection: Connection, store_id: str, limit: int) -> Sequence[Failed]:
    """Some of the documents that the next model could not embed."""
    found = queue.page(connection, store_ids=[store_id], statuses=(Status.FAILED,), kind=Kind.REEMBED, limit=limit)
    return [Failed(job.document_id, job.filename, job.error) for job in found if job.error is not None]


def remove_all(connection: Connection, store_id: str) -> None:
    """Forget the store's jobs of this kind; whoever has one in hand loses it."""
    connection.execute(sa.delete(jobs).where(_OF_STORE), {"store": store_id})


def restart_ingest(connection: Connection, store_id: str) -> Sequence[Job]:
    """Queue again from the start, as new versions, what has chunks of the store's earlier model; returns it as it was.

    What is suspected of killing its readers stays so.
    """
    started = sa.or_(jobs.c.status == Status.IN_PROGRESS, jobs.c.chunks > 0)
    query = queue.SELECT.where(
        jobs.c.store_id == store_id, jobs.c.kind == Kind.INGEST, jobs.c.status.in_(ACTIVE), started
    )
    rows = connection.execute(query.order_by(jobs.c.id).with_for_update(of=jobs)).mappings().all()
    for row in rows:
        connection.execute(_restarting(row["id"]))
    queue.tell(connection)
    return [queue.from_row(row) for row in rows]


def _restarting(job_id: str) -> sa.Update:
    again = {"status": Status.QUEUED, "step": Step.WAITING, "chunks": 0, "chunks_done": 0}
    free = {"owner": None, "lease_until": None}
    values = {**again, **free, "version": jobs.c.version + 1, "updated_at": now()}
    return sa.update(jobs).where(jobs.c.id == job_id).values(**values)
