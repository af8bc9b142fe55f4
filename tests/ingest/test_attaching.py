"""Files that are there already, put into stores."""

from collections.abc import Sequence
from io import BytesIO

import pytest
import sqlalchemy as sa

from ingest import Attaching, StoreExpiredError, StoreGoneError, UnknownFileError, Wanted, keep_file, new_store
from ingest.collections import collection_of
from ingest.control import cancel, cancel_all
from ingest.store_expiry import expire_stores
from records import documents, file_batches, files, jobs, store_files, stores
from records.documents import Document, Status
from records.files import EVERYTHING, File, Sight, Terms
from records.jobs import Lane
from records.paging import Page
from records.schema import stores as table
from records.store_files import Chunking
from records.stores import Profile, Store
from settings import IngestSettings
from tests.ingest.parts import LEASE_SECONDS, Parts, working
from vectorstore import Compare, Query

pytestmark = pytest.mark.anyio
CONTENT = b"The dome opens at dusk."


def attaching(parts: Parts) -> Attaching:
    return Attaching(parts.records, parts.vectors, IngestSettings(lease_seconds=LEASE_SECONDS, urgent_bytes=100))


async def keep(parts: Parts, content: bytes = CONTENT) -> File:
    terms = Terms("assistants", "key_1")
    return await keep_file(parts.records, "dome.txt", BytesIO(content), terms, max_bytes=10_000)


async def attach(parts: Parts, store: Store, file: File, **wanted: object) -> Document:
    return await attaching(parts).attach(store, Wanted(file.id, **wanted), EVERYTHING)  # type: ignore[arg-type]


async def done(parts: Parts, document: Document) -> Document:
    return (await all_done(parts, document))[0]


async def all_done(parts: Parts, *attached: Document) -> Sequence[Document]:
    async with working(parts):
        return [await parts.ended(document) for document in attached]


async def in_store(parts: Parts, store: Store) -> Sequence[Document]:
    return await parts.records.database.read(lambda c: store_files.page(c, store.id, Page(100)))


async def expire(parts: Parts, store: Store) -> None:
    """Let a store's time be over."""
    over = sa.update(table).where(table.c.id == store.id).values(expires_after_days=1, last_active_at=0)
    await parts.records.database.write(lambda c: c.execute(over))


async def test_a_file_can_be_found_in_every_store_it_is_attached_to(plain: Parts) -> None:
    file = await keep(plain)
    places = [await plain.store(name) for name in ("one", "two")]
    attached = await all_done(plain, *[await attach(plain, store, file) for store in places])
    for store, document in zip(places, attached, strict=True):
        assert document.status is Status.COMPLETED
        hits = await plain.vectors.query(collection_of(store), Query(store.id, "dome", mode="bm25"))
        assert [hit.chunk.document_id for hit in hits] == [document.id]
    assert len(plain.files()) == 1 + len(places)  # the bytes once, and each document's text


async def test_a_document_is_cut_as_was_asked_for_it(plain: Parts) -> None:
    content = b"\n\n".join(b"Paragraph number %d speaks of the dome and of the dusk." % n for n in range(12))
    store, file = await plain.store("s"), await keep(plain, content)
    asked = await attach(plain, store, file, chunking=Chunking(4096, 0))
    whole, other = await all_done(plain, asked, await attach(plain, store, await keep(plain, content)))
    assert whole.chunks == 1
    assert other.chunks > 3  # in the sizes of the store


async def test_the_same_file_again_is_the_document_that_is_there(plain: Parts) -> None:
    store, file = await plain.store("s"), await keep(plain)
    first = await done(plain, await attach(plain, store, file, attributes={"year": 2023}))
    again = await attach(plain, store, file)
    assert (again.id, again.status, again.attributes) == (first.id, Status.COMPLETED, {"year": 2023})
    changed = await attach(plain, store, file, attributes={"year": 2024})
    assert (changed.id, changed.attributes) == (first.id, {"year": 2024})
    query = Query(store.id, "dome", mode="bm25", filter=Compare("year", "eq", 2024))
    assert len(await plain.vectors.query(collection_of(store), query)) == 1
    assert plain.rows()["documents"] == 1


async def test_what_was_cancelled_is_read_when_it_is_attached_again(plain: Parts) -> None:
    store, file = await plain.store("s"), await keep(plain)
    document = await attach(plain, store, file)
    await cancel(plain.records, plain.vectors, document, lease_seconds=LEASE_SECONDS)
    again = await attach(plain, store, file, chunking=Chunking(100, 50))
    assert (again.id, again.status, again.chunk_max_tokens) == (document.id, Status.QUEUED, 100)
    assert (await done(plain, again)).status is Status.COMPLETED


async def test_a_batch_with_an_unknown_file_attaches_nothing(plain: Parts) -> None:
    store, file = await plain.store("s"), await keep(plain)
    hidden = Sight("another key", [])
    for wanted, sight in (
        ([Wanted(file.id), Wanted("file-none")], EVERYTHING),
        ([Wanted(file.id)], hidden),
    ):
        with pytest.raises(UnknownFileError):
            await attaching(plain).attach_batch(store, wanted, sight)
    new = new_store("other", IngestSettings(), plain.upstream)
    with pytest.raises(UnknownFileError):
        await attaching(plain).found(new, Profile(), [Wanted("file-none")], EVERYTHING)
    assert plain.rows()["documents"] == 0
    assert [one.id for one in await plain.records.database.read(stores.list_all)] == [store.id]


async def test_a_batch_has_each_file_once_with_what_was_said_last(plain: Parts) -> None:
    store, file, other = await plain.store("s"), await keep(plain), await keep(plain)
    before = await attach(plain, store, other)
    wanted = [Wanted(file.id, {"a": 1}), Wanted(other.id), Wanted(file.id, {"a": 2})]
    batch = await attaching(plain).attach_batch(store, wanted, EVERYTHING)
    assert await plain.records.database.read(lambda c: file_batches.counts(c, batch.id)) == {Status.QUEUED: 2}
    attributes = {document.file_id: document.attributes for document in await in_store(plain, store)}
    assert attributes == {file.id: {"a": 2}, other.id: {}}
    assert before.id in {document.id for document in await in_store(plain, store)}


async def test_few_small_files_are_urgent_and_many_are_not(plain: Parts) -> None:
    store, small, large = await plain.store("s"), await keep(plain), await keep(plain, CONTENT * 20)
    await attaching(plain).attach_batch(store, [Wanted(small.id), Wanted(large.id)], EVERYTHING)
    lanes = [await plain.job(document) for document in await in_store(plain, store)]
    assert {job.file_id: job.lane for job in lanes} == {small.id: Lane.URGENT, large.id: Lane.BULK}
    many = [Wanted((await keep(plain)).id) for _ in range(33)]
    crowded = await plain.store("crowded")
    await attaching(plain).attach_batch(crowded, many, EVERYTHING)
    assert {(await plain.job(document)).lane for document in await in_store(plain, crowded)} == {Lane.BULK}


async def test_cancelling_several_leaves_what_has_ended_alone(plain: Parts) -> None:
    store = await plain.store("s")
    ended = await done(plain, await attach(plain, store, await keep(plain)))
    waiting = [await attach(plain, store, await keep(plain)) for _ in range(2)]
    ids = [ended.id, *(document.id for document in waiting), "doc_none"]
    await cancel_all(plain.records, plain.vectors, ids, lease_seconds=LEASE_SECONDS)
    statuses = {document.id: document.status for document in await in_store(plain, store)}
    assert statuses == {ended.id: Status.COMPLETED} | {document.id: Status.CANCELLED for document in waiting}


async def test_a_store_that_is_gone_or_expired_takes_no_files(plain: Parts) -> None:
    file, gone, expired = await keep(plain), await plain.store("gone"), await plain.store("expired")
    await plain.records.database.write(lambda c: stores.remove(c, gone.id))
    await expire(plain, expired)
    with pytest.raises(StoreGoneError):
        await attach(plain, gone, file)
    with pytest.raises(StoreExpiredError):
        await attach(plain, expired, file)
    with pytest.raises(StoreExpiredError):
        await plain.add(expired, "dome.txt", CONTENT)


async def test_an_expired_store_loses_its_documents_and_stays(plain: Parts) -> None:
    store, kept = await plain.store("s"), await keep(plain)
    await attach(plain, store, kept)
    native = await done(plain, await plain.add(store, "other.txt", b"The wind is strong."))
    await expire(plain, store)
    await expire_stores(plain.records, plain.vectors, lease_seconds=LEASE_SECONDS)
    now = await plain.records.database.read(lambda c: stores.find(c, store.id))
    assert now is not None
    assert now.expired_at is not None
    assert await in_store(plain, store) == []
    assert await plain.records.database.read(lambda c: files.look_up(c, kept.id)) == kept
    assert await plain.records.database.read(lambda c: files.look_up(c, native.file_id)) is None
    assert await plain.records.database.read(jobs.counts) == {}


async def test_a_replaced_file_that_was_attached_stays_and_may_repeat_another(plain: Parts) -> None:
    store, kept = await plain.store("s"), await keep(plain)
    native = await plain.add(store, "other.txt", b"The wind is strong.")
    document = await attach(plain, store, kept)
    async with working(plain):
        await plain.ended(native)
        await plain.ended(document)
        await plain.replace(document, "new.txt", b"The wind is strong.")
        now = await plain.ended(document)
    assert (now.status, now.version) == (Status.COMPLETED, 2)
    assert now.file_id != kept.id
    assert await plain.records.database.read(lambda c: files.look_up(c, kept.id)) == kept
    assert await plain.records.database.read(documents.counts) == {store.id: {Status.COMPLETED: 2}}
