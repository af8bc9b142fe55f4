import pytest

from ingest import DuplicateError, NothingToCancelError, NothingToRetryError, cancel, retry, retry_failed
from ingest.collections import collection_of
from records.documents import Document, Status
from records.stores import Store
from tests.ingest.parts import LEASE_SECONDS, Parts, working
from vectorstore import Query

pytestmark = pytest.mark.anyio
TEXT = b"The dome is opened one hour before observing."
OTHER = b"The dome stays closed when the wind is strong."
PHOTO = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


async def found(parts: Parts, store: Store) -> list[str]:
    hits = await parts.vectors.query(collection_of(store), Query(store.id, "dome", mode="bm25"))
    return [hit.chunk.text for hit in hits]


async def add_completed(parts: Parts, store: Store) -> Document:
    document = await parts.add(store, "dome.txt", TEXT)
    async with working(parts):
        return await parts.ended(document)


async def test_a_queued_document_that_is_cancelled_is_never_read(plain: Parts) -> None:
    store = await plain.store("s")
    document = await plain.add(store, "dome.txt", TEXT)
    await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)
    last = await plain.add(store, "last.txt", OTHER)
    async with working(plain):
        await plain.ended(last)
    cancelled = await plain.document(document)
    assert (cancelled.status, (await plain.job(document)).attempts) == (Status.CANCELLED, 0)
    with pytest.raises(NothingToCancelError):
        await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)


async def test_a_cancelled_document_can_be_retried(plain: Parts) -> None:
    store = await plain.store("s")
    document = await plain.add(store, "dome.txt", TEXT)
    await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)
    await retry(plain.records, document)
    await retry(plain.records, document)
    async with working(plain):
        done = await plain.ended(document)
        await plain.tidied()
    assert (done.status, done.version) == (Status.COMPLETED, 2)
    assert await found(plain, store) == [TEXT.decode()]
    with pytest.raises(NothingToRetryError):
        await retry(plain.records, document)


async def test_handing_a_cancelled_file_in_again_queues_it(plain: Parts) -> None:
    store = await plain.store("s")
    document = await plain.add(store, "dome.txt", TEXT)
    await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)
    assert (await plain.add(store, "dome.txt", TEXT)).id == document.id
    assert (await plain.document(document)).status is Status.QUEUED


async def test_all_failed_documents_of_a_store_are_retried_together(plain: Parts) -> None:
    store, other = await plain.store("s"), await plain.store("other")
    photos = [await plain.add(home, "photo.png", PHOTO + bytes([n])) for n, home in enumerate((store, store, other))]
    async with working(plain):
        for photo in photos:
            await plain.ended(photo)
    assert await retry_failed(plain.records, [store.id]) == 2
    assert [(await plain.document(photo)).status for photo in photos] == [Status.QUEUED, Status.QUEUED, Status.FAILED]
    assert await retry_failed(plain.records, None) == 1


async def test_a_replacement_takes_the_place_of_the_old_text_with_every_trace(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    replaced = await plain.replace(document, "new.txt", OTHER)
    assert (replaced.id, replaced.status, replaced.version) == (document.id, Status.QUEUED, 1)
    assert await found(plain, store) == [TEXT.decode()]
    async with working(plain):
        done = await plain.ended(document)
        await plain.tidied()
    assert (done.status, done.version, done.filename) == (Status.COMPLETED, 2, "new.txt")
    assert await found(plain, store) == [OTHER.decode()]
    assert await plain.records.blobs.text(done.id, done.version) == OTHER.decode()
    assert await plain.records.blobs.text(done.id, 1) is None
    assert document.sha256 not in plain.files()
    assert plain.rows() == {"documents": 1, "files": 1, "jobs": 1, "embeddings": 0, "removals": 0}


async def test_a_document_replaced_before_it_was_read_leaves_nothing_of_the_first_file(plain: Parts) -> None:
    store = await plain.store("s")
    document = await plain.add(store, "dome.txt", TEXT)
    await plain.replace(document, "new.txt", OTHER)
    async with working(plain):
        done = await plain.ended(document)
        await plain.tidied()
    assert await found(plain, store) == [OTHER.decode()]
    assert sorted(plain.files()) == sorted([done.sha256, f"{done.id}.{done.version}.txt"])
    assert plain.rows() == {"documents": 1, "files": 1, "jobs": 1, "embeddings": 0, "removals": 0}


async def test_a_replacement_that_cannot_be_read_leaves_the_old_text(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    await plain.replace(document, "photo.png", PHOTO)
    async with working(plain):
        kept = await plain.ended(document)
    job = await plain.job(document)
    assert (kept.status, kept.version, kept.filename) == (Status.COMPLETED, 1, "dome.txt")
    assert job.status is Status.FAILED
    assert job.error is not None
    assert job.error.code == "unsupported_type"
    assert await found(plain, store) == [TEXT.decode()]


async def test_a_cancelled_replacement_leaves_the_old_text(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    await plain.replace(document, "new.txt", OTHER)
    await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)
    kept = await plain.document(document)
    assert (kept.status, kept.version) == (Status.COMPLETED, 1)
    await retry(plain.records, document)
    async with working(plain):
        done = await plain.ended(document)
        await plain.tidied()
    assert (done.filename, done.version) == ("new.txt", 3)
    assert await found(plain, store) == [OTHER.decode()]


async def test_of_two_replacements_the_later_one_stays(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    first = await plain.replace(document, "first.txt", OTHER)
    await plain.replace(first, "second.txt", b"The dome was painted in May.")
    assert plain.rows()["files"] == 2
    async with working(plain):
        done = await plain.ended(document)
        await plain.tidied()
    assert done.filename == "second.txt"
    assert await found(plain, store) == ["The dome was painted in May."]
    assert len(plain.files()) == 2


async def test_what_another_document_has_cannot_replace_one(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    await plain.add(store, "other.txt", OTHER)
    with pytest.raises(DuplicateError):
        await plain.replace(document, "new.txt", OTHER)
    await plain.replace(document, "same.txt", TEXT)
    async with working(plain):
        assert (await plain.ended(document)).filename == "same.txt"
    assert document.sha256 in plain.files()


async def test_content_that_came_in_meanwhile_fails_a_replacement_with_the_reason(plain: Parts) -> None:
    store = await plain.store("s")
    document = await add_completed(plain, store)
    await plain.replace(document, "new.txt", OTHER)
    await plain.add(store, "other.txt", OTHER)
    async with working(plain):
        kept = await plain.ended(document)
    job = await plain.job(document)
    assert job.error is not None
    assert (kept.filename, kept.status, job.error.code) == ("dome.txt", Status.COMPLETED, "duplicate")
