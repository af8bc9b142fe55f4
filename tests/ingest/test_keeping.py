"""Files that are kept for their own sake, and what goes with them when they are deleted or expire."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest

from ingest import Upload, keep_file, remove_document, remove_file
from ingest.expiring import expire
from records import Connection, documents, files, jobs, open_records
from records.blobs import BlobTooLargeError
from records.documents import Document
from records.errors import ConflictError
from records.files import File, Terms
from records.jobs import Lane
from records.stores import Store
from settings import DatabaseSettings, DataSettings, QdrantSettings
from tests.ingest.parts import LEASE_SECONDS, Parts
from upstream import Upstream
from vectorstore import open_vector_store

pytestmark = pytest.mark.anyio
CONTENT = b"The dome opens at dusk."


async def keep(parts: Parts, content: bytes = CONTENT, *, lifetime_seconds: int | None = None) -> File:
    terms = Terms("assistants", "key_1", lifetime_seconds)
    return await keep_file(parts.records, "dome.txt", BytesIO(content), terms, max_bytes=1000)


async def attach(parts: Parts, store: Store, file: File) -> Document:
    """A document with this file, waiting to be read."""

    def add(connection: Connection) -> Document:
        document_id = documents.add(connection, store.id, file.id, file.sha256, {})
        jobs.add(connection, document_id, store.id, file.id, version=1, lane=Lane.URGENT)
        found = documents.find(connection, document_id)
        assert found is not None
        return found

    return await parts.records.database.write(add)


@pytest.fixture
async def parts(tmp_path: Path, database_settings: DatabaseSettings) -> AsyncIterator[Parts]:
    """With each kind of database in turn: what is written at once meets in them differently."""
    async with (
        open_records(DataSettings(dir=tmp_path), database_settings) as records,
        open_vector_store(QdrantSettings(), tmp_path / "vectors") as vectors,
    ):
        yield Parts(tmp_path, records, vectors, Upstream(None, None, None, None))


async def find(parts: Parts, file: File) -> File | None:
    return await parts.records.database.read(lambda c: files.look_up(c, file.id))


async def test_a_kept_file_is_recorded_with_its_terms_and_on_disk(plain: Parts) -> None:
    file = await keep(plain, lifetime_seconds=3600)
    assert (file.filename, file.bytes, file.purpose, file.key_id) == ("dome.txt", len(CONTENT), "assistants", "key_1")
    assert await find(plain, file) == file
    assert plain.files() == [file.sha256]


async def test_a_file_that_is_too_large_leaves_nothing(plain: Parts) -> None:
    with pytest.raises(BlobTooLargeError):
        await keep(plain, bytes(1001))
    assert plain.files() == []


async def test_a_document_that_is_removed_leaves_the_kept_file(plain: Parts) -> None:
    file, store = await keep(plain), await plain.store("s")
    document = await attach(plain, store, file)
    assert await remove_document(plain.records, plain.vectors, store, document, lease_seconds=LEASE_SECONDS)
    assert await find(plain, file) == file
    assert plain.files() == [file.sha256]


async def test_a_file_goes_with_its_documents_in_all_stores(plain: Parts) -> None:
    file, stores = await keep(plain), [await plain.store(name) for name in ("s", "t")]
    for store in stores:
        await attach(plain, store, file)
    assert await remove_file(plain.records, plain.vectors, file.id, lease_seconds=LEASE_SECONDS)
    assert plain.rows() == {"documents": 0, "files": 0, "jobs": 0, "embeddings": 0, "removals": 0}
    assert plain.files() == []
    assert not await remove_file(plain.records, plain.vectors, file.id, lease_seconds=LEASE_SECONDS)


async def test_bytes_that_another_file_has_stay(plain: Parts) -> None:
    file, store = await keep(plain), await plain.store("s")
    native = (await plain.intake.submit(store, Upload("same.txt", BytesIO(CONTENT)))).document
    await remove_file(plain.records, plain.vectors, file.id, lease_seconds=LEASE_SECONDS)
    assert plain.files() == [file.sha256]
    await remove_file(plain.records, plain.vectors, native.file_id, lease_seconds=LEASE_SECONDS)
    assert plain.files() == []


async def test_a_document_that_waits_for_another_file_goes_with_the_one_it_has(plain: Parts) -> None:
    file, store = await keep(plain), await plain.store("s")
    document = await attach(plain, store, file)
    await plain.replace(document, "new.txt", b"The dome stays shut.")
    await remove_file(plain.records, plain.vectors, file.id, lease_seconds=LEASE_SECONDS)
    assert plain.rows()["files"] == plain.rows()["documents"] == 0
    assert plain.files() == []


async def test_a_file_that_is_attached_while_it_is_deleted_goes_all_the_same(parts: Parts) -> None:
    stores = [await parts.store(f"s{number}") for number in range(4)]
    for _ in range(5):
        file = await keep(parts)
        removing = remove_file(parts.records, parts.vectors, file.id, lease_seconds=LEASE_SECONDS)
        attaching = (attach(parts, store, file) for store in stores)
        removed, *attached = await asyncio.gather(removing, *attaching, return_exceptions=True)
        assert removed is True
        assert all(isinstance(one, Document | ConflictError) for one in attached)
        assert await find(parts, file) is None
    assert parts.files() == []


async def test_files_go_when_their_time_has_come_and_not_before(plain: Parts) -> None:
    expired, current = await keep(plain, lifetime_seconds=-1), await keep(plain, b"other", lifetime_seconds=3600)
    await attach(plain, await plain.store("s"), expired)
    await expire(plain.records, plain.vectors, lease_seconds=LEASE_SECONDS)
    assert await find(plain, expired) is None
    assert await find(plain, current) == current
    assert plain.files() == [current.sha256]
