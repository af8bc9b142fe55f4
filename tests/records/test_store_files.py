import pytest
import sqlalchemy as sa

from records import Database, documents, file_batches, files, jobs, store_files, stores
from records.documents import Failure, Status
from records.errors import ConflictError
from records.ids import DocumentId
from records.jobs import Lane
from records.paging import Page
from records.store_files import Attachment, Chunking
from records.stores import NewStore, Profile, Store

pytestmark = pytest.mark.anyio
NEW = NewStore("handbook", "bm25", 0, 800, 400)


@pytest.fixture
async def store(database: Database) -> Store:
    return await database.write(lambda c: stores.add(c, NEW))


async def attached(database: Database, store: Store, count: int, *, size_bytes: int = 10) -> list[DocumentId]:
    """So many files, all of the same content."""

    def attach(connection: sa.Connection) -> list[DocumentId]:
        file_ids = [files.add(connection, f"{number}.txt", size_bytes, "aa") for number in range(count)]
        wanted = [Attachment(file_id, "aa", {"kind": "note"}) for file_id in file_ids]
        ids = list(store_files.add_all(connection, store.id, wanted))
        jobs.add_all(connection, store.id, list(zip(ids, file_ids, strict=True)), lane=Lane.BULK)
        return ids

    return await database.write(attach)


async def test_attached_files_may_have_the_same_content(database: Database, store: Store) -> None:
    ids = await attached(database, store, 3)
    assert ids == sorted(ids)
    assert await database.read(lambda c: documents.find_by_content(c, store.id, "aa")) is None
    assert await database.read(lambda c: jobs.counts(c, [store.id])) == {Status.QUEUED: 3}


async def test_a_file_is_in_a_store_once(database: Database, store: Store) -> None:
    (document_id,) = await attached(database, store, 1)
    document = await database.read(lambda c: documents.find(c, document_id))
    assert document is not None
    again = [Attachment(document.file_id, "aa", {})]
    with pytest.raises(ConflictError):
        await database.write(lambda c: store_files.add_all(c, store.id, again))
    found = await database.read(lambda c: store_files.find(c, store.id, document.file_id))
    assert found == document
    assert await database.read(lambda c: documents.file_ids(c, [document_id, "doc_none"])) == {
        document_id: document.file_id
    }


async def test_a_document_is_cut_as_was_said_for_it(database: Database, store: Store) -> None:
    (document_id,) = await attached(database, store, 1)
    for chunking, expected in ((None, Chunking(800, 400)), (Chunking(100, 0), Chunking(100, 0))):
        await database.write(lambda c, said=chunking: store_files.set_chunking(c, document_id, said))  # type: ignore[misc]
        document = await database.read(lambda c: documents.find(c, document_id))
        assert document is not None
        assert store_files.chunking_of(store, document) == expected


async def test_usage_counts_what_can_be_found(database: Database, store: Store) -> None:
    ids = await attached(database, store, 3, size_bytes=7)
    empty = await database.write(lambda c: stores.add_labelled(c, NEW, Profile(label="handbook")))

    def settle(connection: sa.Connection) -> None:
        document = documents.find(connection, ids[0])
        assert document is not None
        summary = documents.Summary("text/plain", None, 5, None, 1)
        documents.publish(connection, ids[0], documents.NewVersion(1, document.file_id, "aa", summary))
        documents.end(connection, ids[1], Status.FAILED, Failure("corrupt", "It is damaged."))

    await database.write(settle)
    used = await database.read(lambda c: store_files.usage(c, [store.id, empty.id]))
    assert used.keys() == {store.id}
    assert used[store.id].counts == {Status.COMPLETED: 1, Status.FAILED: 1, Status.QUEUED: 1}
    assert used[store.id].bytes == 7


async def test_pages_keep_to_statuses_and_batches(database: Database, store: Store) -> None:
    ids = await attached(database, store, 4)
    await database.write(lambda c: documents.end(c, ids[0], Status.CANCELLED))
    batch = await database.write(lambda c: file_batches.add(c, store.id, ids[:2]))
    pages = [
        await database.read(
            lambda c, asked=asked: store_files.page(c, store.id, Page(9, ascending=True), **asked)  # type: ignore[misc]
        )
        for asked in ({}, {"statuses": [Status.QUEUED]}, {"batch_id": batch.id})
    ]
    assert [[document.id for document in page] for page in pages] == [ids, ids[1:], ids[:2]]


async def test_a_batch_counts_its_documents_until_they_go(database: Database, store: Store) -> None:
    ids = await attached(database, store, 3)
    batch = await database.write(lambda c: file_batches.add(c, store.id, ids))
    await database.write(lambda c: documents.end(c, ids[0], Status.CANCELLED))
    assert await database.read(lambda c: file_batches.counts(c, batch.id)) == {Status.CANCELLED: 1, Status.QUEUED: 2}
    assert await database.read(lambda c: file_batches.unfinished(c, batch.id, after="", limit=1)) == [ids[1]]
    assert await database.read(lambda c: file_batches.unfinished(c, batch.id, after=ids[1], limit=9)) == [ids[2]]
    await database.write(lambda c: (jobs.remove(c, ids[1]), documents.remove(c, ids[1])))
    assert await database.read(lambda c: file_batches.counts(c, batch.id)) == {Status.CANCELLED: 1, Status.QUEUED: 1}


async def test_a_batch_belongs_to_one_store_and_goes_with_it(database: Database, store: Store) -> None:
    other = await database.write(lambda c: stores.add_labelled(c, NEW, Profile()))
    batch = await database.write(lambda c: file_batches.add(c, store.id, []))
    assert await database.read(lambda c: file_batches.find(c, store.id, batch.id)) == batch
    assert await database.read(lambda c: file_batches.find(c, other.id, batch.id)) is None
    await database.write(lambda c: file_batches.cancel(c, batch.id))  # nothing in it is left to do
    assert await database.read(lambda c: file_batches.find(c, store.id, batch.id)) == batch
    await database.write(lambda c: file_batches.remove_all(c, store.id))
    assert await database.read(lambda c: file_batches.find(c, store.id, batch.id)) is None
