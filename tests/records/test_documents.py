from collections.abc import Mapping
from typing import Any

import pytest

from records import Database, documents, files, stores
from records.documents import Document, Failure, NewVersion, Status, Summary
from records.errors import ConflictError
from records.ids import DocumentId, FileId, StoreId
from records.stores import NewStore

pytestmark = pytest.mark.anyio
NEW = NewStore("default", "bm25", 0, 800, 400)


async def add(
    database: Database, store_id: StoreId, sha256: str, attributes: Mapping[str, Any] | None = None
) -> DocumentId:
    file_id = await database.write(lambda c: files.add(c, f"{sha256}.txt", 3, sha256))
    return await database.write(lambda c: documents.add(c, store_id, file_id, sha256, attributes or {}))


async def find(database: Database, document_id: DocumentId) -> Document:
    found = await database.read(lambda c: documents.find(c, document_id))
    assert found is not None
    return found


@pytest.fixture
async def store_id(database: Database) -> StoreId:
    return (await database.write(lambda c: stores.ensure(c, NEW))).id


async def test_a_new_document_is_queued_with_what_was_said_of_it(database: Database, store_id: StoreId) -> None:
    document = await find(database, await add(database, store_id, "aa", {"year": 2024, "公开": True}))
    assert document.status is Status.QUEUED
    assert document.attributes == {"year": 2024, "公开": True}
    assert (document.filename, document.bytes, document.error) == ("aa.txt", 3, None)


def version(number: int, file_id: FileId, sha256: str = "aa") -> NewVersion:
    return NewVersion(number, file_id, sha256, Summary("text/plain", "Title", 10, None, 2))


async def test_publishing_shows_a_version_with_its_file(database: Database, store_id: StoreId) -> None:
    document_id = await add(database, store_id, "aa")
    other = await database.write(lambda c: files.add(c, "new.txt", 9, "bb"))
    assert await database.write(lambda c: documents.publish(c, document_id, version(2, other, "bb")))
    done = await find(database, document_id)
    assert (done.status, done.version, done.chunks, done.title) == (Status.COMPLETED, 2, 2, "Title")
    assert (done.filename, done.bytes, done.sha256) == ("new.txt", 9, "bb")
    assert done.finished_at is not None


async def test_content_that_another_document_has_cannot_be_published(database: Database, store_id: StoreId) -> None:
    document_id, other = await add(database, store_id, "aa"), await add(database, store_id, "bb")
    there = await find(database, other)
    with pytest.raises(ConflictError):
        await database.write(lambda c: documents.publish(c, document_id, version(1, there.file_id, "bb")))
    assert (await find(database, document_id)).sha256 == "aa"


async def test_a_failure_keeps_its_reason_until_the_document_is_tried_again(
    database: Database, store_id: StoreId
) -> None:
    document_id = await add(database, store_id, "aa")
    failure = Failure("encrypted", "It needs a password.")
    await database.write(lambda c: documents.end(c, document_id, Status.FAILED, failure))
    failed = await find(database, document_id)
    assert (failed.status, failed.error) == (Status.FAILED, failure)
    await database.write(lambda c: documents.requeue(c, document_id))
    again = await find(database, document_id)
    assert (again.status, again.error, again.finished_at) == (Status.QUEUED, None, None)


@pytest.mark.parametrize("ending", [Status.FAILED, Status.CANCELLED])
async def test_a_visible_version_outlives_a_replacement_that_came_to_nothing(
    database: Database, store_id: StoreId, ending: Status
) -> None:
    document_id = await add(database, store_id, "aa")
    file_id = (await find(database, document_id)).file_id
    await database.write(lambda c: documents.publish(c, document_id, version(1, file_id)))
    await database.write(lambda c: documents.requeue(c, document_id))
    await database.write(lambda c: documents.end(c, document_id, ending, Failure("empty", "No text.")))
    kept = await find(database, document_id)
    assert (kept.status, kept.version, kept.error) == (Status.COMPLETED, 1, None)


async def test_a_removed_document_takes_no_more_updates(database: Database, store_id: StoreId) -> None:
    document_id = await add(database, store_id, "aa")
    file_id = (await find(database, document_id)).file_id
    assert await database.write(lambda c: documents.remove(c, document_id))
    assert not await database.write(lambda c: documents.remove(c, document_id))
    assert not await database.write(lambda c: documents.publish(c, document_id, version(1, file_id)))


async def test_the_same_content_is_found_in_its_store_only(database: Database, store_id: StoreId) -> None:
    document_id = await add(database, store_id, "aa")
    other = await database.write(lambda c: stores.add(c, NewStore("other", "bm25", 0, 800, 400)))
    found = await database.read(lambda c: documents.find_by_content(c, store_id, "aa"))
    assert found is not None
    assert found.id == document_id
    assert await database.read(lambda c: documents.find_by_content(c, other.id, "aa")) is None


async def test_pages_cover_all_documents_once(database: Database, store_id: StoreId) -> None:
    ids = [await add(database, store_id, f"{n:02}") for n in range(7)]
    seen: list[str] = []
    after = None
    while True:
        position = after
        page = await database.read(
            lambda c, position=position: documents.page(c, store_id, status=None, after=position, limit=3)  # type: ignore[misc]
        )
        if not page:
            break
        seen += [document.id for document in page]
        after = page[-1].id
    assert len(seen) == len(ids)
    assert set(seen) == set(ids)


async def test_a_page_can_be_limited_to_one_status(database: Database, store_id: StoreId) -> None:
    await add(database, store_id, "aa")
    failed = await add(database, store_id, "bb")
    await database.write(lambda c: documents.end(c, failed, Status.FAILED, Failure("empty", "No text.")))
    page = await database.read(lambda c: documents.page(c, store_id, status=Status.FAILED, after=None, limit=10))
    assert [document.id for document in page] == [failed]


async def test_counts_are_by_store_and_status(database: Database, store_id: StoreId) -> None:
    await add(database, store_id, "aa")
    cancelled = await add(database, store_id, "bb")
    await database.write(lambda c: documents.end(c, cancelled, Status.CANCELLED))
    counts = await database.read(documents.counts)
    assert counts == {store_id: {Status.QUEUED: 1, Status.CANCELLED: 1}}


async def test_versions_leave_out_what_is_gone(database: Database, store_id: StoreId) -> None:
    document_id = await add(database, store_id, "aa")
    file_id = (await find(database, document_id)).file_id
    await database.write(lambda c: documents.publish(c, document_id, version(4, file_id)))
    assert await database.read(lambda c: documents.versions(c, [document_id, "doc_gone"])) == {document_id: 4}
