"""Taking a file in: its bytes into storage, its document and the job to read it into the queue."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO, TypeVar

from ingest.attributes import copy_attributes
from ingest.errors import DuplicateError, StoreExpiredError, StoreGoneError
from ingest.removal import again_after, discard_version, finish_or_later
from records import Connection, Records, documents, files, jobs, stores
from records.blobs import Blob
from records.documents import Document, Status
from records.errors import ConflictError
from records.ids import DocumentId, FileId
from records.jobs import Job, Lane
from records.removals import Removal
from records.stores import Store
from settings import IngestSettings
from vectorstore import AttributeValue, VectorStore

T = TypeVar("T")
_MOST_URGENT_WAITING = 32
"""When so many urgent documents wait, urgency means nothing any more: the next ones join the bulk."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as somebody hands it in."""

    filename: str
    content: BinaryIO
    """Readable from its current position, and seekable."""
    attributes: Mapping[str, AttributeValue] | None = None
    """None leaves those of a document that is there already as they are."""
    lane: Lane | None = None
    """None lets its size and the queue decide."""


@dataclass(frozen=True, slots=True)
class Submission:
    """What became of an upload."""

    document: Document
    new: bool
    """False when the store had a document of the same content already; that one is given then."""


class Intake:
    """Where files are handed in."""

    def __init__(self, records: Records, vectors: VectorStore, settings: IngestSettings, *, max_bytes: int) -> None:
        self._records = records
        self._vectors = vectors
        self._settings = settings
        self._max_bytes = max_bytes

    async def submit(self, store: Store, upload: Upload) -> Submission:
        """Keep the file and queue its document; both are on disk when this returns.

        The same content again yields the document that is there: queued anew if it had failed or was cancelled, with
        the attributes given this time if there are any.

        Raises:
            StoreGoneError: the store was deleted a moment ago.
            StoreExpiredError: nobody used it for too long.
            BlobTooLargeError: the file is larger than allowed.
        """
        return (await self.submit_all(store, [upload]))[0]

    async def submit_all(self, store: Store, uploads: Sequence[Upload]) -> Sequence[Submission]:
        """Hand in several files, in one transaction; see `submit`.

        What is raised for one of them is raised when all others are recorded.
        """
        puts = (self._records.blobs.put(upload.content, self._max_bytes) for upload in uploads)
        blobs = await asyncio.gather(*puts, return_exceptions=True)
        kept = [(upload, blob) for upload, blob in zip(uploads, blobs, strict=True) if isinstance(blob, Blob)]
        submissions = await self._recorded(store, kept) if kept else []
        for blob in blobs:
            if isinstance(blob, BaseException):
                raise blob
        for upload, submission in zip(uploads, submissions, strict=True):
            if upload.attributes and not submission.new:
                await copy_attributes(self._records, self._vectors, submission.document.id)
        return submissions

    async def _recorded(self, store: Store, kept: Sequence[tuple[Upload, Blob]]) -> Sequence[Submission]:
        try:
            return await self._records.database.write(partial(self._record_all, store, kept))
        except (_BytesGoneError, ConflictError):
            return [await self._recorded_anew(store, upload) for upload, _ in kept]

    async def _recorded_anew(self, store: Store, upload: Upload) -> Submission:
        upload.content.seek(0)
        return await self._taken_in(upload, lambda blob: lambda c: self._record_all(store, [(upload, blob)], c)[0])

    async def replace(self, document: Document, upload: Upload) -> Document | None:
        """Queue another file to take a document's place; the present version is found until that one can be.

        None when the document is gone.

        Raises:
            DuplicateError: another document of the store has this content.
            BlobTooLargeError: the file is larger than allowed.
        """
        replaced = await self._taken_in(upload, lambda blob: partial(self._record_replacement, document, upload, blob))
        if replaced is None:
            return None
        for removal in replaced.discarded:
            await finish_or_later(self._records, self._vectors, removal)
        if upload.attributes is not None:  # the version that is visible until then has them too
            await copy_attributes(self._records, self._vectors, document.id)
        return replaced.document

    async def _taken_in(self, upload: Upload, recorder: Callable[[Blob], Callable[[Connection], T]]) -> T:
        """Store the bytes, then record them; from the start again where another got in between."""
        while True:
            blob = await self._records.blobs.put(upload.content, self._max_bytes)
            try:
                return await self._records.database.write(recorder(blob))
            except (_BytesGoneError, ConflictError):
                upload.content.seek(0)

    def _record_all(
        self, store: Store, kept: Sequence[tuple[Upload, Blob]], connection: Connection
    ) -> Sequence[Submission]:
        now = stores.find(connection, store.id)
        if now is None:
            raise StoreGoneError
        if now.is_expired:
            raise StoreExpiredError
        recorded = [self._record(store, upload, blob, connection) for upload, blob in kept]
        found = {one.id: one for one in documents.find_all(connection, [document_id for document_id, _ in recorded])}
        return [Submission(found[document_id], new=new) for document_id, new in recorded]

    def _record(self, store: Store, upload: Upload, blob: Blob, connection: Connection) -> tuple[DocumentId, bool]:
        """The document, and whether it is new."""
        known = documents.find_by_content(connection, store.id, blob.sha256)
        if known is not None:
            self._renew(connection, known, upload)
            return known.id, False
        file_id = self._add_file(connection, upload, blob)
        document_id = documents.add(connection, store.id, file_id, blob.sha256, upload.attributes or {})
        jobs.add(connection, document_id, store.id, file_id, version=1, lane=self._lane(connection, upload, blob))
        return document_id, True

    def _renew(self, connection: Connection, known: Document, upload: Upload) -> None:
        job = jobs.find(connection, known.id, to_change=True)
        if job is not None and known.status in {Status.FAILED, Status.CANCELLED} and not job.is_active:
            jobs.renew(connection, job, file_id=known.file_id, lane=upload.lane)
            documents.requeue(connection, known.id)
        if upload.attributes:
            documents.set_attributes(connection, known.id, upload.attributes)

    def _record_replacement(
        self, document: Document, upload: Upload, blob: Blob, connection: Connection
    ) -> "_Replaced | None":
        job = jobs.find(connection, document.id, to_change=True)
        now = documents.find(connection, document.id, to_change=True)
        if now is None or job is None:
            return None
        holder = None if now.attached else documents.find_by_content(connection, now.store_id, blob.sha256)
        if holder is not None and holder.id != now.id:
            raise DuplicateError
        if upload.attributes is not None:
            documents.set_attributes(connection, now.id, upload.attributes)
        file_id = self._add_file(connection, upload, blob)
        discarded = self._discard(connection, job, now)
        jobs.renew(connection, job, file_id=file_id, lane=self._lane(connection, upload, blob))
        documents.requeue(connection, now.id)
        if job.file_id != now.file_id:
            files.remove_unused(connection, job.file_id)
        return _Replaced(_found(connection, now.id), discarded)

    def _discard(self, connection: Connection, job: Job, document: Document) -> list[Removal]:
        """What was written of a version that will never be visible, and the file it came from."""
        store = stores.find(connection, document.store_id)
        if store is None or job.version == document.version:
            return []
        after = again_after(self._settings.lease_seconds, in_hand=job.status is Status.IN_PROGRESS)
        return discard_version(connection, store, document.id, job.version, job.sha256, after=after)

    def _add_file(self, connection: Connection, upload: Upload, blob: Blob) -> FileId:
        files.lock_content(connection, blob.sha256)
        if not self._records.blobs.exists(blob.sha256):
            raise _BytesGoneError
        return files.add(connection, upload.filename, blob.bytes, blob.sha256)

    def _lane(self, connection: Connection, upload: Upload, blob: Blob) -> Lane:
        if upload.lane is not None:
            return upload.lane
        if blob.bytes > self._settings.urgent_bytes:
            return Lane.BULK
        return Lane.URGENT if is_room_for_urgent(connection) else Lane.BULK


def is_room_for_urgent(connection: Connection, more: int = 1) -> bool:
    """Whether urgency still means something with so many urgent documents more."""
    return jobs.urgent_waiting(connection, _MOST_URGENT_WAITING) + more <= _MOST_URGENT_WAITING


class _BytesGoneError(Exception):
    """The last document with these bytes was deleted since they were put into storage: they must be put there again."""


@dataclass(frozen=True, slots=True)
class _Replaced:
    document: Document
    discarded: list[Removal]


def _found(connection: Connection, document_id: DocumentId) -> Document:
    document = documents.find(connection, document_id)
    assert document is not None, "it was written in this very transaction"
    return document
