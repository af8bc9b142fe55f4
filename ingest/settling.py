"""How a job ends when it does not end well: put off, or failed with a reason a person can act on."""

import logging
from collections.abc import Callable
from functools import partial

from ingest.errors import IncompleteError, IngestError, StoreChangedError
from ingest.parsing import ParseError
from ingest.parsing.errors import ParserStartError
from ingest.removal import discard_version, finish_or_later
from records import Connection, Records, documents, jobs, leases, removals, stores
from records.blobs import StorageUnavailableError
from records.documents import Failure, Status
from records.errors import RecordsError, RecordsUnavailableError
from records.jobs import Job, Kind
from records.leases import Lease
from records.removals import Removal
from upstream import ModelUnavailableError, UpstreamError
from vectorstore import Collection, VectorStore, VectorStoreError, VectorStoreUnavailableError

_log = logging.getLogger(__name__)
_FIRST_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE_SECONDS = 600.0
_MAY_PASS = (
    ParserStartError,
    IncompleteError,
    RecordsUnavailableError,
    StorageUnavailableError,
    VectorStoreUnavailableError,
)


class Settler:
    """Records what became of jobs that failed."""

    def __init__(self, records: Records, vectors: VectorStore, max_failures: int) -> None:
        self._records = records
        self._vectors = vectors
        self._max_failures = max_failures

    async def settle(self, job: Job, lease: Lease, error: Exception) -> None:
        """Put the job off where the error may pass, fail it otherwise.

        Raises:
            LeaseLostError: the job is not ours any more.
        """
        failure = failure_of(error)
        if isinstance(error, StoreChangedError):
            await self._end(partial(_start_anew, job, lease, failure, error.collection))
        elif may_pass(error) and job.failures < self._max_failures:
            pause = pause_seconds(job.failures, error)
            _log.warning("document %s is put off by %.0f s: %s", job.document_id, pause, failure.message)
            await self._records.database.write(lambda c: leases.put_off(c, lease, failure, pause))
        else:
            end = partial(leases.fail, lease=lease, failure=failure)
            await self._end(partial(_end, job, end, failure))

    async def park(self, job: Job) -> None:
        """Fail a job whose file has killed every worker that read it."""
        failure = leases.CRASHED
        end = partial(leases.end, job=job, status=Status.FAILED, failure=failure)
        await self._end(partial(_end, job, end, failure))

    async def _end(self, ending: Callable[[Connection], list[Removal]]) -> None:
        for removal in await self._records.database.write(ending):
            await finish_or_later(self._records, self._vectors, removal)


def _start_anew(
    job: Job, lease: Lease, failure: Failure, collection: Collection | None, connection: Connection
) -> list[Removal]:
    """As a new version: what was written of this one is in a collection that the store no longer uses."""
    leases.put_off(connection, lease, failure, 0.0)
    jobs.renew(connection, job)
    if collection is None:
        return []
    names = collection.model, collection.dimensions
    removal = removals.new_removal(job.store_id, job.document_id, job.version, names)
    removals.add(connection, removal)
    return [removal]


def _end(job: Job, end: "partial[None]", failure: Failure, connection: Connection) -> list[Removal]:
    end(connection)
    if job.kind is not Kind.INGEST:
        return []
    documents.end(connection, job.document_id, Status.FAILED, failure)
    store = stores.find(connection, job.store_id)
    return discard_version(connection, store, job.document_id, job.version, None) if store else []


def may_pass(error: Exception) -> bool:
    """Whether the same work can succeed later although nobody changes anything about the document."""
    return isinstance(error, _MAY_PASS) or (isinstance(error, UpstreamError) and error.retryable)


def pause_seconds(failures: int, error: Exception) -> float:
    """Doubling pauses, and at least as long as the upstream asked for."""
    asked = error.retry_after_seconds if isinstance(error, UpstreamError) else None
    doubled: float = _FIRST_PAUSE_SECONDS * 2**failures
    return max(asked or 0.0, min(doubled, _LONGEST_PAUSE_SECONDS))


def failure_of(error: Exception) -> Failure:
    """The reason a person gets to read; what nobody foresaw goes to the log and is told without its text."""
    if isinstance(error, ParseError | IngestError):
        return Failure(error.code, str(error))
    if isinstance(error, ModelUnavailableError):
        return Failure("embedding_model_unavailable", str(error))
    if isinstance(error, UpstreamError):
        return Failure("embedding_failed", str(error))
    if isinstance(error, VectorStoreError | RecordsError):
        return Failure("storage_failed", str(error))
    _log.error("a document failed for a reason nobody foresaw", exc_info=error)
    return Failure("internal_error", "Something went wrong inside Footnote; its log says what. Retry the document.")
