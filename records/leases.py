"""Leases: which worker has which job, until when, and how it is taken from one that died.

All times are the database's. Every write of a worker names the lease it holds (job, owner, attempt); once the job was
taken by another, cancelled, replaced or deleted, it changes nothing and the worker learns that it lost the job.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from records.clock import now
from records.documents import Failure, Status
from records.errors import RecordsError
from records.ids import JobId
from records.jobs import SELECT, Job, Kind, Lane, Step, from_row
from records.schema import documents, jobs

SUSPECT_AFTER_CRASHES = 2
"""A file whose readers died this often is read again only while nothing else is."""
PARK_AFTER_CRASHES = 4
"""Twice more, alone: once may still be chance, such as a process that was killed for another reason."""

CRASHED = Failure(
    "worker_crashed",
    "The worker died each time it read this file, also when it read nothing else. Split the file, or raise the memory "
    "of the machine; then retry.",
)


class LeaseLostError(RecordsError):
    """The job is no longer this worker's: it was cancelled, replaced or deleted, or another worker has it."""


@dataclass(frozen=True, slots=True)
class Lease:
    """One worker's hold on one job; an attempt is never counted twice, so an old lease never fits again."""

    job_id: JobId
    owner: str
    attempts: int


_READY = SELECT.where(
    jobs.c.status == Status.QUEUED,
    jobs.c.ready_at <= now(),
    jobs.c.lane == sa.bindparam("wanted"),
)
_ORDERED = (jobs.c.lane, jobs.c.ready_at, jobs.c.id)
_PICK = (
    _READY.where(jobs.c.crashes < SUSPECT_AFTER_CRASHES)
    .order_by(*_ORDERED)
    .limit(sa.bindparam("most"))
    .with_for_update(of=jobs, skip_locked=True)
)
# A number in the statement itself: only then does SQLite see that the index of suspects alone will do.
_IS_SUSPECT = (
    jobs.c.crashes >= sa.literal_column(str(SUSPECT_AFTER_CRASHES)),
    jobs.c.status == Status.QUEUED,
    jobs.c.ready_at <= now(),
)
_PICK_SUSPECT = SELECT.where(*_IS_SUSPECT).order_by(*_ORDERED).limit(1).with_for_update(of=jobs, skip_locked=True)
_SUSPECTS = sa.select(sa.exists().where(*_IS_SUSPECT))
_ENTER = (
    sa.update(documents)
    .where(documents.c.id.in_(sa.bindparam("some", expanding=True)))
    .values(status=Status.IN_PROGRESS)
)
_TAKE = (
    sa.update(jobs)
    .where(jobs.c.id.in_(sa.bindparam("some", expanding=True)))
    .values(
        status=Status.IN_PROGRESS,
        step=Step.READING,
        attempts=jobs.c.attempts + 1,
        lease_until=now() + sa.bindparam("seconds", type_=sa.Double()),
        started_at=sa.func.coalesce(jobs.c.started_at, now()),
        updated_at=now(),
    )
)
_RENEW = (
    sa.update(jobs)
    .where(
        jobs.c.id.in_(sa.bindparam("held", expanding=True)),
        jobs.c.owner == sa.bindparam("holder"),
        jobs.c.status == Status.IN_PROGRESS,
    )
    .values(lease_until=now() + sa.bindparam("seconds", type_=sa.Double()))
    .returning(jobs.c.id, jobs.c.attempts)
)
_HELD = (
    sa.update(jobs)
    .where(
        jobs.c.id == sa.bindparam("job"),
        jobs.c.owner == sa.bindparam("holder"),
        jobs.c.attempts == sa.bindparam("attempt"),
        jobs.c.status == Status.IN_PROGRESS,
    )
    .values(updated_at=now())
)
_FINISH = _HELD.values(finished_at=now(), owner=None, lease_until=None)
_PUT_OFF = _HELD.values(
    status=Status.QUEUED,
    step=Step.WAITING,
    owner=None,
    lease_until=None,
    failures=jobs.c.failures + 1,
    ready_at=now() + sa.bindparam("seconds", type_=sa.Double()),
)
_HAND_BACK = {"status": Status.QUEUED, "step": Step.WAITING, "owner": None, "lease_until": None}


def claim(
    connection: Connection, owner: str, seconds: float, shares: Sequence[tuple[Lane, int]], room: int
) -> Sequence[Job]:
    """Take up to `room` jobs that are ready, from each of `shares` in turn up to so many of that lane.

    Files that are suspected of killing their readers are left out; see `claim_suspect`.
    """
    taken: list[Job] = []
    for lane, share in shares:
        if (most := min(share, room - len(taken))) > 0:
            found = connection.execute(_PICK, {"wanted": lane, "most": most}).mappings().all()
            taken += _take(connection, [from_row(row) for row in found], owner, seconds)
    return taken


def suspects_wait(connection: Connection) -> bool:
    """Whether there is a file that must be read alone."""
    return bool(connection.execute(_SUSPECTS).scalar_one())


def claim_suspect(connection: Connection, owner: str, seconds: float) -> Sequence[Job]:
    """Take one of the files that must be read alone, if there is any."""
    found = connection.execute(_PICK_SUSPECT).mappings().all()
    return _take(connection, [from_row(row) for row in found], owner, seconds)


def _take(connection: Connection, found: Sequence[Job], owner: str, seconds: float) -> list[Job]:
    """Lease jobs whose rows nobody else can change until the transaction ends."""
    if found:
        connection.execute(_TAKE, {"some": [job.id for job in found], "owner": owner, "seconds": seconds})
    if entered := [job.document_id for job in found if job.kind is Kind.INGEST]:
        connection.execute(_ENTER, {"some": entered})
    return [
        replace(job, owner=owner, attempts=job.attempts + 1, status=Status.IN_PROGRESS, step=Step.READING)
        for job in found
    ]


def renew(connection: Connection, owner: str, seconds: float, held: Sequence[JobId]) -> set[tuple[JobId, int]]:
    """Prolong these leases of a worker; the jobs (and attempts) that it still holds.

    Others of its leases must end: when a connection breaks, a claim may be committed that its worker never learns of.
    """
    rows = connection.execute(_RENEW, {"holder": owner, "seconds": seconds, "held": held})
    return {(row.id, row.attempts) for row in rows}


def hand_back(connection: Connection, owner: str) -> None:
    """Queue again what a worker has in hand: it stops."""
    mine = jobs.c.owner == owner, jobs.c.status == Status.IN_PROGRESS
    connection.execute(sa.update(jobs).where(*mine).values(**_HAND_BACK, updated_at=now()))


def expire(connection: Connection, *, all_of_them: bool = False) -> Sequence[Job]:
    """Queue again what dead workers had in hand; returns what is given up instead, to be failed as `CRASHED`.

    Args:
        connection: a transaction.
        all_of_them: whether no worker can be alive, as when this process has just locked the data folder.
    """
    query = SELECT.where(jobs.c.status == Status.IN_PROGRESS)
    if not all_of_them:
        query = query.where(jobs.c.lease_until < now())
    rows = connection.execute(query.with_for_update(of=jobs, skip_locked=True)).mappings().all()
    return [job for job in map(from_row, rows) if _take_back(connection, job)]


def _take_back(connection: Connection, job: Job) -> bool:
    """Whether it is to be given up."""
    crashes = job.crashes + (job.step is Step.READING and job.kind is Kind.INGEST)
    values: dict[str, Any] = {**_HAND_BACK, "crashes": crashes}
    connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**values, updated_at=now()))
    return crashes >= PARK_AFTER_CRASHES


def described(connection: Connection, lease: Lease, chunks: int) -> None:
    """Record that the file is read and how many chunks it has. Raises LeaseLostError."""
    _held(connection, _HELD, lease, step=Step.EMBEDDING, chunks=chunks, chunks_done=0)


def resumed(connection: Connection, lease: Lease) -> None:
    """Record that the file need not be read again. Raises LeaseLostError."""
    _held(connection, _HELD, lease, step=Step.EMBEDDING)


def progressed(connection: Connection, lease: Lease, chunks_done: int) -> None:
    """Record how many chunks are embedded and stored. Raises LeaseLostError."""
    _held(connection, _HELD, lease, chunks_done=chunks_done)


def complete(connection: Connection, lease: Lease, chunks: int) -> None:
    """End the job well. Raises LeaseLostError."""
    done = {"chunks": chunks, "chunks_done": chunks, "error_code": None, "error_message": None}
    _held(connection, _FINISH, lease, status=Status.COMPLETED, **done)


def fail(connection: Connection, lease: Lease, failure: Failure) -> None:
    """End the job with a reason. Raises LeaseLostError."""
    _held(connection, _FINISH, lease, status=Status.FAILED, error_code=failure.code, error_message=failure.message)


def put_off(connection: Connection, lease: Lease, failure: Failure, seconds: float) -> None:
    """Queue the job again, not to be taken for so long, and say why. Raises LeaseLostError."""
    reason = {"error_code": failure.code, "error_message": failure.message}
    _held(connection, _PUT_OFF, lease, seconds=seconds, **reason)


def end(connection: Connection, job: Job, status: Status, failure: Failure | None = None) -> None:
    """End a job whoever has it."""
    reason = {"error_code": failure.code, "error_message": failure.message} if failure else {}
    ended = {"status": status, "owner": None, "lease_until": None, **reason}
    connection.execute(sa.update(jobs).where(jobs.c.id == job.id).values(**ended, finished_at=now(), updated_at=now()))


def _held(connection: Connection, statement: sa.Update, lease: Lease, **values: Any) -> None:
    names = {"job": lease.job_id, "holder": lease.owner, "attempt": lease.attempts}
    if connection.execute(statement, {**names, **values}).rowcount == 0:
        raise LeaseLostError


def seconds_left(connection: Connection, job: Job) -> float:
    """How long whoever has the job in hand may hold on to it without being told; 0 when nobody has it."""
    if job.lease_until is None:
        return 0.0
    return max(job.lease_until - float(connection.execute(sa.select(now())).scalar_one()), 0.0)
