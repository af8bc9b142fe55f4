"""Attaching files that are there already to stores: a document and a job for each, all in one transaction."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

from ingest.attributes import copy_attributes
from ingest.errors import StoreExpiredError, StoreGoneError, UnknownFileError
from ingest.submission import is_room_for_urgent
from records import Connection, Records, documents, file_batches, files, jobs, store_files, stores
from records.documents import Document, Status
from records.errors import ConflictError
from records.file_batches import FileBatch
from records.files import File, Sight
from records.ids import DocumentId, StoreId
from records.jobs import Lane
from records.store_files import Attachment, Chunking
from records.stores import NewStore, Profile, Store
from settings import IngestSettings
from vectorstore import AttributeValue, VectorStore

T = TypeVar("T")
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to be in a store."""

    file_id: str
    attributes: Mapping[str, AttributeValue] | None = None
    """None leaves those of a document that is there already as they are."""
    chunking: Chunking | None = None
    """None leaves it to the store. What can be found already stays cut as it is."""


class Attaching:
    """Where files that are there are put into stores.

    The same file again is the document that is there: queued anew if it had failed or was cancelled.
    """

    def __init__(self, records: Records, vectors: VectorStore, settings: IngestSettings) -> None:
        self._records = records
        self._vectors = vectors
        self._urgent_bytes = settings.urgent_bytes

    async def attach(self, store: Store, wanted: Wanted, sight: Sight) -> Document:
        """Queue a document for a file.

        Raises:
            UnknownFileError: there is no such file for somebody who sees so much.
            StoreGoneError: the store was deleted a moment ago.
            StoreExpiredError: nobody used it for too long.
        """
        return await self._done([wanted], partial(self._attach_one, store.id, wanted, sight))

    async def attach_batch(self, store: Store, wanted: Sequence[Wanted], sight: Sight) -> FileBatch:
        """Queue a document for each of several files, which can be followed together; raises as `attach`."""
        return await self._done(wanted, partial(self._attach_batch, store.id, wanted, sight))

    async def found(self, new: NewStore, profile: Profile, wanted: Sequence[Wanted], sight: Sight) -> Store:
        """Make a store with files in it; none is made when one of them is unknown. Raises UnknownFileError.

        It gets the name of the new one where that is free, and is known by its id alone otherwise.
        """
        return await self._done(wanted, partial(self._found, new, profile, wanted, sight))

    async def _done(self, wanted: Sequence[Wanted], work: "Callable[[Connection], _Done[T]]") -> T:
        done = await self._written(work)
        given = {one.file_id for one in wanted if one.attributes is not None}
        for document in done.known:
            if document.file_id in given:
                await copy_attributes(self._records, self._vectors, document.id)
        return done.result

    async def _written(self, work: "Callable[[Connection], _Done[T]]") -> "_Done[T]":
        """Somebody may attach or delete the same file at the same moment: then all is looked at once more."""
        for _ in range(_TRIES):
            try:
                return await self._records.database.write(work)
            except ConflictError:
                continue
        raise ConflictError

    def _attach_one(self, store_id: StoreId, wanted: Wanted, sight: Sight, connection: Connection) -> "_Done[Document]":
        ids, known = self._attach(store_id, [wanted], sight, connection)
        document = documents.find(connection, ids[0])
        assert document is not None, "it was written in this very transaction"
        return _Done(document, known)

    def _attach_batch(
        self, store_id: StoreId, wanted: Sequence[Wanted], sight: Sight, connection: Connection
    ) -> "_Done[FileBatch]":
        ids, known = self._attach(store_id, wanted, sight, connection)
        return _Done(file_batches.add(connection, store_id, ids), known)

    def _found(
        self, new: NewStore, profile: Profile, wanted: Sequence[Wanted], sight: Sight, connection: Connection
    ) -> "_Done[Store]":
        store = stores.add_labelled(connection, new, profile)
        _, known = self._attach(store.id, wanted, sight, connection)
        return _Done(store, known)

    def _attach(
        self, store_id: StoreId, wanted: Sequence[Wanted], sight: Sight, connection: Connection
    ) -> tuple[Sequence[DocumentId], Sequence[Document]]:
        """The documents in the order of the files, each once, and those of them that were there before."""
        _require_open(connection, store_id)
        by_file = {one.file_id: one for one in wanted}
        found: dict[str, File] = {file.id: file for file in files.find_all(connection, list(by_file), sight)}
        unknown = next((file_id for file_id in by_file if file_id not in found), None)
        if unknown is not None:
            raise UnknownFileError(unknown)
        known: dict[str, Document] = {
            document.file_id: document for document in store_files.find_all(connection, store_id, list(by_file))
        }
        for file_id, document in known.items():
            _renew(connection, document, by_file[file_id])
        new = [(found[file_id], one) for file_id, one in by_file.items() if file_id not in known]
        before = {file_id: document.id for file_id, document in known.items()}
        ids = {**before, **self._add(connection, store_id, new)}
        return [ids[file_id] for file_id in by_file], list(known.values())

    def _add(
        self, connection: Connection, store_id: StoreId, new: Sequence[tuple[File, Wanted]]
    ) -> Mapping[str, DocumentId]:
        attachments = [Attachment(file.id, file.sha256, one.attributes or {}, one.chunking) for file, one in new]
        ids = store_files.add_all(connection, store_id, attachments)
        pairs = [(document_id, file.id) for document_id, (file, _) in zip(ids, new, strict=True)]
        urgent = {file.id for file, _ in new if file.bytes <= self._urgent_bytes}
        if not is_room_for_urgent(connection, len(urgent)):
            urgent = set()
        jobs.add_all(connection, store_id, [pair for pair in pairs if pair[1] in urgent], lane=Lane.URGENT)
        jobs.add_all(connection, store_id, [pair for pair in pairs if pair[1] not in urgent], lane=Lane.BULK)
        return {file_id: document_id for document_id, file_id in pairs}


@dataclass(frozen=True, slots=True)
class _Done(Generic[T]):
    result: T
    known: Sequence[Document]
    """Documents that were there before."""


def _require_open(connection: Connection, store_id: StoreId) -> None:
    store = stores.find(connection, store_id)
    if store is None:
        raise StoreGoneError
    if store.is_expired:
        raise StoreExpiredError


def _renew(connection: Connection, known: Document, wanted: Wanted) -> None:
    if wanted.attributes is not None:
        documents.set_attributes(connection, known.id, wanted.attributes)
    if known.status not in {Status.FAILED, Status.CANCELLED}:
        return
    job = jobs.find(connection, known.id, to_change=True)
    if job is not None and not job.is_active:
        jobs.renew(connection, job, file_id=known.file_id)
        documents.requeue(connection, known.id)
        if wanted.chunking is not None:
            store_files.set_chunking(connection, known.id, wanted.chunking)
