"""Stopping jobs and starting them anew."""

from collections.abc import Collection, Sequence
from functools import partial

from ingest.removal import again_after, discard_version, finish_or_later
from records import Connection, Records, documents, jobs, leases, stores
from records.documents import Document, Status
from records.errors import RecordsError
from records.jobs import Job
from records.removals import Removal
from vectorstore import VectorStore


class NothingToCancelError(RecordsError):
    """The document is not being worked on, so there is nothing to cancel."""


class NothingToRetryError(RecordsError):
    """The document is searchable as it is, so there is nothing to retry; replace it to have another file read."""


async def cancel(records: Records, vectors: VectorStore, document: Document, *, lease_seconds: float) -> None:
    """Stop work on a document; where it has an earlier version, that one stays visible.

    Raises:
        NothingToCancelError: nobody works on it, and it does not wait.
    """
    for removal in await records.database.write(partial(_cancel, document, lease_seconds)):
        await finish_or_later(records, vectors, removal)


async def cancel_all(
    records: Records, vectors: VectorStore, document_ids: Sequence[str], *, lease_seconds: float
) -> None:
    """Stop work on several documents, in one transaction; those that nobody works on are left alone."""
    for removal in await records.database.write(partial(_cancel_all, document_ids, lease_seconds)):
        await finish_or_later(records, vectors, removal)


async def retry(records: Records, document: Document) -> None:
    """Queue a document again that failed or was cancelled; one that waits or is in work is left alone.

    Raises:
        NothingToRetryError: its last job ended well.
    """
    await records.database.write(partial(_retry, document))


async def retry_failed(records: Records, store_ids: Collection[str] | None) -> int:
    """Queue all failed documents again, of some stores or of all; returns how many."""
    return await records.database.write(partial(_retry_failed, store_ids))


def _cancel(document: Document, lease_seconds: float, connection: Connection) -> list[Removal]:
    job = jobs.find(connection, document.id, to_change=True)
    if job is None or not job.is_active:
        raise NothingToCancelError
    return _stop(connection, job, lease_seconds)


def _cancel_all(document_ids: Sequence[str], lease_seconds: float, connection: Connection) -> list[Removal]:
    found = [jobs.find(connection, document_id, to_change=True) for document_id in sorted(document_ids)]
    active = [job for job in found if job is not None and job.is_active]
    return [removal for job in active for removal in _stop(connection, job, lease_seconds)]


def _stop(connection: Connection, job: Job, lease_seconds: float) -> list[Removal]:
    leases.end(connection, job, Status.CANCELLED)
    documents.end(connection, job.document_id, Status.CANCELLED)
    store = stores.find(connection, job.store_id)
    if store is None or job.started_at is None:  # of what was never begun, nothing was written
        return []
    after = again_after(lease_seconds, in_hand=job.status is Status.IN_PROGRESS)
    return discard_version(connection, store, job.document_id, job.version, None, after=after)


def _retry(document: Document, connection: Connection) -> None:
    job = jobs.find(connection, document.id, to_change=True)
    if job is None or job.status is Status.COMPLETED:
        raise NothingToRetryError
    if not job.is_active:
        _renew(connection, job)


def _retry_failed(store_ids: Collection[str] | None, connection: Connection) -> int:
    failed = jobs.failed(connection, store_ids)
    for job in failed:
        _renew(connection, job)
    return len(failed)


def _renew(connection: Connection, job: Job) -> None:
    jobs.renew(connection, job)
    documents.requeue(connection, job.document_id)
