"""The switch: a version becomes visible, and the one before it goes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from ingest.collections import collection_of
from ingest.errors import AttributesChangedError, DuplicateError, StoreChangedError, StoreGoneError
from ingest.removal import discard_version, finish_or_later
from records import Connection, Records, documents, files, leases, reembedding, revisions, stores
from records.documents import Document, NewVersion, Summary
from records.errors import ConflictError
from records.jobs import Job
from records.leases import Lease, LeaseLostError
from records.reembedding import Unembedded
from records.removals import Removal
from records.stores import Store
from vectorstore import VectorStore

_WRITING_SECONDS = 60.0
"""What was begun within a lease may end so much later."""


@dataclass(frozen=True, slots=True)
class Written:
    """A version of which the vector store holds every chunk."""

    lease: Lease
    job: Job
    store: Store
    """As it was when the chunks were written."""
    summary: Summary
    attributes: Mapping[str, Any]
    """Those that the chunks carry."""


class Publisher:
    """Makes versions visible."""

    def __init__(self, records: Records, vectors: VectorStore) -> None:
        self._records = records
        self._vectors = vectors

    async def publish(self, written: Written) -> None:
        """Switch the document to this version, in one transaction with the end of its job.

        Raises:
            LeaseLostError: the job is not ours any more.
            StoreChangedError: the chunks are in the collection of a model that the store no longer has.
            DuplicateError: another document of the store has this content by now.
        """
        while True:
            try:
                discarded = await self._records.database.write(partial(_switch, written))
                break
            except AttributesChangedError as changed:
                await self._set_attributes(written, changed.attributes)
                written = replace(written, attributes=changed.attributes)
            except ConflictError as error:
                raise DuplicateError from error
        for removal in discarded:
            await finish_or_later(self._records, self._vectors, removal)

    async def _set_attributes(self, written: Written, attributes: Mapping[str, Any]) -> None:
        collection = collection_of(written.store)
        await self._vectors.set_attributes(collection, written.store.id, written.job.document_id, attributes)


def _switch(written: Written, connection: Connection) -> list[Removal]:
    job, summary = written.job, written.summary
    store = stores.find_held(connection, job.store_id)
    leases.complete(connection, written.lease, summary.chunks)
    if store is None:
        raise StoreGoneError
    if collection_of(store) != collection_of(written.store):
        raise StoreChangedError(collection_of(written.store))
    before = documents.find(connection, job.document_id, to_change=True)
    if before is None:
        raise LeaseLostError
    if before.attributes != written.attributes:
        raise AttributesChangedError(before.attributes)
    documents.publish(connection, before.id, NewVersion(job.version, job.file_id, job.sha256, summary))
    after = _embed_with_next_model_too(connection, job) if store.next_embedding_model is not None else 0.0
    discarded = _retire(connection, store, before, job, after)
    revisions.advance(connection, store.id)
    return discarded


def _retire(connection: Connection, store: Store, before: Document, job: Job, after: float) -> list[Removal]:
    """What is to go of the version before; somebody may write more of it for `after` seconds."""
    if before.file_id == job.file_id and before.version == 0:
        return []
    if before.file_id != job.file_id:
        files.remove_unused(connection, before.file_id)
    # A document that was replaced before it was ever read has no version to go, but a file.
    version = before.version or job.version - 1
    return discard_version(connection, store, before.id, version, before.sha256, after=after)


def _embed_with_next_model_too(connection: Connection, job: Job) -> float:
    """Queue it; returns for how long somebody may still embed the version before with that model."""
    document = Unembedded(job.document_id, job.store_id, job.file_id, job.version)
    before = reembedding.queue_one(connection, document, job.lane)
    left = leases.seconds_left(connection, before) if before is not None else 0.0
    return left + _WRITING_SECONDS if left else 0.0
