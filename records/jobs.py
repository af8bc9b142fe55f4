"""Jobs: the durable work of turning documents into searchable chunks, and how far each has come."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from records.clock import now
from records.documents import Failure, Status
from records.ids import DocumentId, FileId, JobId, StoreId, new_job_id
from records.schema import files, jobs

CHANNEL = "footnote_jobs"
"""Postgres tells on this channel that a job was queued."""


class Kind(StrEnum):
    """What a job does."""

    INGEST = "ingest"
    """Read a file, embed and store its chunks, make them visible."""
    REEMBED = "reembed"
    """Embed the visible chunks with the store's next model."""


class Lane(IntEnum):
    """Which queue a job waits in."""

    URGENT = 0
    """Somebody is waiting for it."""
    BULK = 1


class Step(StrEnum):
    """What is being done."""

    WAITING = "waiting"
    READING = "reading"
    """The file is being read; when its worker dies now, the file may be the reason."""
    EMBEDDING = "embedding"
    """Chunks are being embedded and stored."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job, as recorded; times are seconds since 1970 by the database's clock."""

    id: JobId
    kind: Kind
    document_id: DocumentId
    store_id: StoreId
    file_id: FileId
    """The file to read: the document's own, or the one that is to replace it."""
    filename: str
    bytes: int
    sha256: str
    version: int
    """Version its chunks are written as; no other attempt from the start ever has the same."""
    lane: Lane
    status: Status
    step: Step
    chunks: int
    """How many chunks there are; 0 until the file is read."""
    chunks_done: int
    """How many are embedded and stored: where work goes on after an interruption."""
    attempts: int
    """How often a worker has taken it."""
    failures: int
    """How often it was put off because something did not answer."""
    crashes: int
    """How often its worker died while it read the file."""
    error: Failure | None
    """Why it has failed, or why it was put off."""
    owner: str | None
    """The worker that has it."""
    lease_until: float | None
    ready_at: float
    """Not to be taken before."""
    created_at: float
    started_at: float | None
    finished_at: float | None
    updated_at: float

    @property
    def is_active(self) -> bool:
        """Whether there is still work to do."""
        return self.status in ACTIVE


ACTIVE = (Status.QUEUED, Status.IN_PROGRESS)
SELECT = sa.select(jobs, files.c.filename, files.c.bytes, files.c.sha256).join(files, files.c.id == jobs.c.file_id)
_FIND = SELECT.where(jobs.c.document_id == sa.bindparam("document"), jobs.c.kind == sa.bindparam("sort"))
_FIND_TO_CHANGE = _FIND.with_for_update(of=jobs)
_ADD = sa.insert(jobs).values(ready_at=now(), created_at=now(), updated_at=now())
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, ""))
ANEW: Mapping[str, Any] = {
    "status": Status.QUEUED,
    "step": Step.WAITING,
    "chunks": 0,
    "chunks_done": 0,
    "failures": 0,
    "crashes": 0,
    "error_code": None,
    "error_message": None,
    "owner": None,
    "lease_until": None,
    "started_at": None,
    "finished_at": None,
}
_RENEW = (
    sa.update(jobs)
    .where(jobs.c.id == sa.bindparam("job"))
    .values(**ANEW, version=jobs.c.version + 1, ready_at=now(), created_at=now(), updated_at=now())
    .returning(jobs.c.version)
)
_URGENT_WAITING = (
    sa.select(jobs.c.id)
    .where(jobs.c.status == Status.QUEUED, jobs.c.lane == Lane.URGENT)
    .limit(sa.bindparam("most"))
    .subquery()
)
_COUNT_URGENT = sa.select(sa.func.count()).select_from(_URGENT_WAITING)


def from_row(row: RowMapping) -> Job:
    """The job that a row of `SELECT` holds."""
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    code, message = values.pop("error_code"), values.pop("error_message")
    kinds = {"kind": Kind(values["kind"]), "lane": Lane(values["lane"])}
    states = {"status": Status(values["status"]), "step": Step(values["step"])}
    return Job(**values | kinds | states, error=Failure(code, message) if code else None)


def add(
    connection: Connection,
    document_id: DocumentId,
    store_id: StoreId,
    file_id: FileId,
    *,
    version: int,
    lane: Lane,
    kind: Kind = Kind.INGEST,
) -> None:
    """Queue a document's first job of this kind, and tell the workers."""
    names = {"id": new_job_id(), "kind": kind, "document_id": document_id, "store_id": store_id, "file_id": file_id}
    connection.execute(_ADD, {**ANEW, **names, "version": version, "lane": lane, "attempts": 0})
    tell(connection)


def add_all(
    connection: Connection, store_id: StoreId, added: Sequence[tuple[DocumentId, FileId]], *, lane: Lane
) -> None:
    """Queue the first jobs of new documents, each with its file, and tell the workers."""
    anew = {**ANEW, "kind": Kind.INGEST, "store_id": store_id, "version": 1, "lane": lane, "attempts": 0}
    rows = [{**anew, "id": new_job_id(), "document_id": one, "file_id": file_id} for one, file_id in added]
    if rows:
        connection.execute(_ADD, rows)
        tell(connection)


def renew(connection: Connection, job: Job, *, file_id: FileId | None = None, lane: Lane | None = None) -> int:
    """Queue a document's job again from the start, whatever became of it; returns the version it will write.

    Whoever has it in hand loses it.
    """
    values = {"file_id": file_id or job.file_id, "lane": job.lane if lane is None else lane}
    version = int(connection.execute(_RENEW, {"job": job.id, **values}).scalar_one())
    tell(connection)
    return version


def find(connection: Connection, document_id: str, kind: Kind = Kind.INGEST, *, to_change: bool = False) -> Job | None:
    """A document's job; to change it, nobody else may until the transaction ends."""
    statement = _FIND_TO_CHANGE if to_change else _FIND
    row = connection.execute(statement, {"document": document_id, "sort": kind}).mappings().first()
    return from_row(row) if row else None


def find_by_id(connection: Connection, job_id: str) -> Job | None:
    """The job of that id."""
    row = connection.execute(SELECT.where(jobs.c.id == job_id)).mappings().first()
    return from_row(row) if row else None


def of_documents(connection: Connection, document_ids: Sequence[str]) -> Mapping[str, Job]:
    """The ingest jobs of these documents, by document."""
    query = SELECT.where(jobs.c.document_id.in_(document_ids), jobs.c.kind == Kind.INGEST)
    return {row["document_id"]: from_row(row) for row in connection.execute(query).mappings()}


def page(
    connection: Connection,
    *,
    store_ids: Collection[str] | None = None,
    statuses: Sequence[Status] = (),
    kind: Kind | None = None,
    only_put_off: bool = False,
    after: str | None = None,
    limit: int,
) -> Sequence[Job]:
    """Up to `limit` jobs, those queued last first, from behind the job `after`.

    `only_put_off` leaves those that wait because something did not answer.
    """
    query = SELECT
    if only_put_off:
        query = query.where(jobs.c.status == Status.QUEUED, jobs.c.error_code.is_not(None))
    if store_ids is not None:
        query = query.where(jobs.c.store_id.in_(store_ids))
    if statuses:
        query = query.where(jobs.c.status.in_(statuses))
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    if after is not None:
        query = query.where(sa.tuple_(jobs.c.created_at, jobs.c.id) < _position(after))
    query = query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc()).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()]


def _position(job_id: str) -> Any:
    here = jobs.alias("here")
    return sa.select(here.c.created_at, here.c.id).where(here.c.id == job_id).scalar_subquery()


def changed(
    connection: Connection, since: float, *, store_ids: Collection[str] | None = None, limit: int
) -> Sequence[Job]:
    """Jobs that changed after a moment of the database's clock, in the order of their changes."""
    query = SELECT.where(jobs.c.updated_at > since)
    if store_ids is not None:
        query = query.where(jobs.c.store_id.in_(store_ids))
    query = query.order_by(jobs.c.updated_at, jobs.c.id).limit(limit)
    return [from_row(row) for row in connection.execute(query).mappings()]


def last_change(connection: Connection) -> float:
    """When a job last changed; 0 where there is none."""
    return float(connection.execute(sa.select(sa.func.max(jobs.c.updated_at))).scalar_one() or 0.0)


def counts(
    connection: Connection, store_ids: Collection[str] | None = None, *, kind: Kind | None = None
) -> Mapping[Status, int]:
    """How many jobs there are, by status."""
    query = sa.select(jobs.c.status, sa.func.count()).group_by(jobs.c.status)
    if store_ids is not None:
        query = query.where(jobs.c.store_id.in_(store_ids))
    if kind is not None:
        query = query.where(jobs.c.kind == kind)
    return {Status(status): count for status, count in connection.execute(query)}


def failed(connection: Connection, store_ids: Collection[str] | None = None) -> Sequence[Job]:
    """Failed ingest jobs; nobody else may change them until the transaction ends."""
    query = SELECT.where(jobs.c.status == Status.FAILED, jobs.c.kind == Kind.INGEST)
    if store_ids is not None:
        query = query.where(jobs.c.store_id.in_(store_ids))
    return [from_row(row) for row in connection.execute(query.with_for_update(of=jobs)).mappings()]


def urgent_waiting(connection: Connection, most: int) -> int:
    """How many urgent jobs wait, counted up to `most`."""
    return int(connection.execute(_COUNT_URGENT, {"most": most}).scalar_one())


def remove(connection: Connection, document_id: DocumentId) -> bool:
    """Forget a document's jobs; whether a worker had one of them in hand."""
    removed = sa.delete(jobs).where(jobs.c.document_id == document_id).returning(jobs.c.status)
    return Status.IN_PROGRESS in connection.execute(removed).scalars().all()


def tell(connection: Connection) -> None:
    """Tell the workers of other processes, once the transaction is committed, that something was queued."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)
