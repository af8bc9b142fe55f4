"""Files that are kept for their own sake come back, and those that are still coming are left out."""

from collections.abc import AsyncIterator
from io import BytesIO
from pathlib import Path

import pytest
import sqlalchemy as sa

from ingest import Assembly, keep_file, remove_file
from records import Connection, documents, jobs, schema, uploads
from records.documents import Document
from records.files import File, Terms
from records.jobs import Lane
from records.stores import Store
from records.uploads import NewUpload
from tests.backup.installation import Installation, collection_of, installation

pytestmark = pytest.mark.anyio


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "source") as opened:
        yield opened


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "target") as opened:
        yield opened


async def keep(source: Installation, text: str) -> File:
    content = BytesIO(text.encode())
    return await keep_file(source.records, f"{text}.txt", content, Terms("user_data", "key_1", 3600), max_bytes=1000)


async def attached(source: Installation, store: Store, file: File) -> Document:
    def attach(connection: Connection) -> Document:
        document_id = documents.add(connection, store.id, file.id, f"not yet {file.sha256}", {})
        values = {"attached": True, "sha256": file.sha256}
        connection.execute(sa.update(schema.documents).where(schema.documents.c.id == document_id).values(values))
        jobs.add(connection, document_id, store.id, file.id, version=1, lane=Lane.URGENT)
        found = documents.find(connection, document_id)
        assert found is not None
        return found

    return await source.records.database.write(attach)


async def test_kept_files_come_back_with_their_terms_and_bytes(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    await keep(source, "kept")
    await target.restored(await source.backed_up(tmp_path / "backup.tar"))
    assert (await target.rows())["files"] == (await source.rows())["files"]
    assert await target.contents() == await source.contents() != {}


async def test_what_is_still_coming_is_left_out(source: Installation, target: Installation, tmp_path: Path) -> None:
    new = NewUpload("a.txt", "assistants", "text/plain", 3, 1 << 40, None, None)
    upload = await source.records.database.write(lambda c: uploads.add(c, new))
    await Assembly(source.records, source.vectors).add(upload.id, BytesIO(b"abc"), 3)
    await target.restored(await source.backed_up(tmp_path / "backup.tar"))
    assert not any((await target.rows()).values())
    assert await target.contents() == {}


@pytest.mark.parametrize("at", ["footnote.json", "rows/files", "files/"])
async def test_a_kept_file_that_is_deleted_meanwhile_is_whole_or_not_there(
    source: Installation, target: Installation, tmp_path: Path, at: str
) -> None:
    first, other = await keep(source, "first"), await keep(source, "other")

    async def delete() -> None:
        for file in (first, other):
            await remove_file(source.records, source.vectors, file.id, lease_seconds=1.0)

    manifest = await target.restored(await source.backed_up(tmp_path / "backup.tar", at, delete))
    kept = {f"files/{row['sha256']}" for row in (await target.rows())["files"]}
    assert kept <= (await target.contents()).keys()
    assert manifest.left_out == []


async def test_a_kept_file_whose_bytes_are_gone_is_named(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    file = await keep(source, "damaged")
    await keep(source, "whole")
    source.records.blobs.remove(file.sha256)
    manifest = await target.restored(await source.backed_up(tmp_path / "backup.tar"))
    assert manifest.left_out == ["damaged.txt"]
    assert [row["filename"] for row in (await target.rows())["files"]] == ["whole.txt"]


async def test_attached_files_of_equal_content_all_come_back_when_they_change_meanwhile(
    source: Installation, target: Installation, tmp_path: Path
) -> None:
    store = await source.store("s")
    found = [await source.write(store, await attached(source, store, await keep(source, "same"))) for _ in range(2)]

    async def change() -> None:
        for document in found:
            await source.vectors.delete_document(collection_of(store), store.id, document.id)

    manifest = await target.restored(await source.backed_up(tmp_path / "backup.tar", "rows/stores", change))
    assert manifest.left_out == []
    assert len((await target.rows())["documents"]) == 2
