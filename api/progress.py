"""Documents and their jobs as they are sent: what each is, and how far it has come."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, Field

from records import Connection, documents, jobs
from records.clock import moment
from records.documents import Document, Failure, Status
from records.jobs import ACTIVE, Job, Kind, Lane, Step

LaneName = Literal["urgent", "bulk"]


class Reason(BaseModel):
    """Why something did not go well."""

    code: str
    """Short and stable, for programs."""
    message: str
    """What a person can do about it."""


class JobBody(BaseModel):
    """The work on a document. Times are seconds since 1970 by the database's clock."""

    id: str
    object: Literal["job"] = "job"
    kind: Kind = Field(description="`ingest` reads, embeds and stores a file; `reembed` changes its embedding model.")
    document_id: str
    store_id: str
    filename: str = Field(description="The file that is worked on: with a replacement under way, the new one.")
    bytes: int
    status: Status
    step: Step | None = Field(description="What is being done; null once the job has ended.")
    lane: LaneName = Field(description="`urgent` jobs overtake those in `bulk`.")
    chunks: int = Field(description="How many chunks there are; 0 until the file is read.")
    chunks_done: int = Field(description="How many are embedded and stored; work goes on there after an interruption.")
    attempts: int = Field(description="How often a worker has taken it, interruptions and restarts included.")
    failures: int = Field(description="How often it was put off because something did not answer.")
    error: Reason | None = Field(description="Why it failed; while it has not ended, why it was last put off.")
    queued_at: float
    next_try_at: float | None = Field(description="When a job that was put off is tried again.")
    next_try_seconds: float | None = Field(description="In how many seconds that is.")
    started_at: float | None
    finished_at: float | None
    waiting_seconds: float = Field(description="From being queued until a worker first took it.")
    running_seconds: float | None = Field(description="From then until it ended, or until now; pauses included.")


class DocumentBody(BaseModel):
    """A document, and how far it has come."""

    id: str
    object: Literal["document"] = "document"
    store_id: str
    file_id: str
    filename: str
    bytes: int
    sha256: str
    status: Status = Field(
        description="`completed`: every chunk can be found. `in_progress`: work has begun; `job` tells whether it goes "
        "on or waits for something to answer. While a replacement is `queued` or `in_progress`, the "
        "earlier version can; where a replacement failed, it still can, and `job` says what was wrong."
    )
    error: Reason | None = Field(description="Why it cannot be found, when `failed`.")
    attributes: dict[str, Any]
    version: int = Field(description="Version that can be found; 0 before the first.")
    searchable: bool = Field(description="Whether a version of it can be found.")
    chunks: int
    chunks_done: int
    media_type: str | None
    title: str | None
    characters: int | None
    pages: int | None
    created_at: int
    finished_at: int | None
    job: JobBody | None = Field(description="The work that was last done on it, or is to be done.")


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document and its job as they were at one moment."""

    document: Document
    job: Job | None
    moment: float
    """When: seconds since 1970 by the database's clock."""


def snapshots(connection: Connection, found: Sequence[Document]) -> list[Snapshot]:
    """The documents with their jobs, as they are now."""
    if not found:
        return []
    known = jobs.of_documents(connection, [document.id for document in found])
    now = moment(connection)
    return [Snapshot(document, known.get(document.id), now) for document in found]


def snapshots_of(connection: Connection, ids: Sequence[str]) -> list[Snapshot]:
    """The documents of these ids with their jobs, in the order of the ids; those that are gone are left out."""
    # Jobs first: on Postgres each statement sees its own moment, and a document must not look older than its job.
    known = dict(jobs.of_documents(connection, ids))
    found: dict[str, Document] = {document.id: document for document in documents.find_all(connection, ids)}
    # Nor newer: a job ends in one transaction with its document.
    if overtaken := [one for one, job in known.items() if job.is_active and one in found and _has_ended(found[one])]:
        known |= jobs.of_documents(connection, overtaken)
    now = moment(connection)
    return [Snapshot(found[one], known.get(one), now) for one in dict.fromkeys(ids) if one in found]


def _has_ended(document: Document) -> bool:
    return document.status not in ACTIVE


def document_values(shown: Snapshot) -> dict[str, Any]:
    """The fields of a `DocumentBody`."""
    document, job = shown.document, shown.job
    made = {"object", "error", "chunks", "chunks_done", "searchable", "job"}
    chunks = (job.chunks, job.chunks_done) if job and job.is_active else (document.chunks, document.chunks)
    return {name: getattr(document, name) for name in DocumentBody.model_fields.keys() - made} | {
        "error": _reason(document.error),
        "searchable": document.version > 0,
        "chunks": chunks[0],
        "chunks_done": chunks[1],
        "job": job_body(job, shown.moment) if job else None,
    }


def document_body(shown: Snapshot) -> DocumentBody:
    """A document as it is sent."""
    return DocumentBody(**document_values(shown))


_AS_RECORDED = JobBody.model_fields.keys() & set(Job.__slots__) - {"error", "lane", "step"}


def job_body(job: Job, now: float) -> JobBody:
    """A job as it is sent at a moment of the database's clock."""
    end = now if job.finished_at is None else job.finished_at
    start = end if job.started_at is None else job.started_at
    next_try_at = job.ready_at if job.status is Status.QUEUED and job.error else None
    return JobBody(
        **{name: getattr(job, name) for name in _AS_RECORDED},
        step=job.step if job.is_active else None,
        lane="urgent" if job.lane is Lane.URGENT else "bulk",
        error=_reason(job.error),
        queued_at=job.created_at,
        next_try_at=next_try_at,
        next_try_seconds=None if next_try_at is None else _seconds(next_try_at - now),
        waiting_seconds=_seconds(start - job.created_at),
        running_seconds=None if job.started_at is None else _seconds(end - start),
    )


def _seconds(span: float) -> float:
    return round(max(span, 0.0), 3)


def _reason(failure: Failure | None) -> Reason | None:
    return Reason(code=failure.code, message=failure.message) if failure else None
