"""A backup that is taken while documents are added, replaced, changed and deleted is still right."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from backup import Manifest
from ingest import remove_store
from records.documents import Document, Status
from tests.backup.installation import Installation, collection_of, installation
from tests.backup.spoiling import Interrupted
from vectorstore import VectorStore

pytestmark = pytest.mark.anyio
FIRST_ROWS, FIRST_FILE, FIRST_TEXT = "rows/stores", "files/", "texts/"


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "source") as opened:
        yield opened


@pytest.fixture
async def target(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "target") as opened:
        yield opened


class Case:
    """A source with two documents, and what its backup becomes when something happens meanwhile."""

    def __init__(self, source: Installation, target: Installation, path: Path) -> None:
        self.source, self.target, self.path = source, target, path

    async def prepare(self) -> None:
        self.store = await self.source.store("s")
        self.kept = await self.source.completed(self.store, "kept")
        self.other = await self.source.completed(self.store, "other", year=1)

    async def restored(
        self, at: str, act: Callable[[], Awaitable[object]] | None, vectors: VectorStore | None = None
    ) -> Manifest:
        await self.source.backed_up(self.path, at, act, vectors)
        return await self.target.restored(self.path)

    async def now(self, document: Document) -> Document | None:
        return await self.target.document(document)

    async def require_sound(self) -> None:
        """Everything recorded is there, nothing else is, and the untouched document is as it was."""
        rows, contents = await self.target.rows(), await self.target.contents()
        assert {name for name in contents if name.startswith("files/")} >= {
            f"files/{r['sha256']}" for r in rows["files"]
        }
        visible = {row["id"]: row for row in rows["documents"] if row["version"]}
        texts = {f"texts/{id_}/{row['version']}.txt" for id_, row in visible.items()}
        assert {name for name in contents if name.endswith(".txt")} == texts
        assert len(await self.target.chunks(self.store)) == sum(row["chunks"] for row in visible.values())
        assert await self.now(self.kept) == self.kept
        used = {row["file_id"] for row in (*rows["documents"], *rows["jobs"])}
        assert {row["id"] for row in rows["files"]} == used


@pytest.fixture
async def case(source: Installation, target: Installation, tmp_path: Path) -> Case:
    made = Case(source, target, tmp_path / "backup.tar")
    await made.prepare()
    return made


@pytest.mark.parametrize("at", [FIRST_ROWS, FIRST_FILE, FIRST_TEXT])
async def test_a_document_that_is_deleted_is_left_out(case: Case, at: str) -> None:
    manifest = await case.restored(at, lambda: case.source.delete(case.store, case.other))
    assert await case.now(case.other) is None
    assert (manifest.changed, manifest.documents, manifest.left_out) == ({case.other.id: None}, 1, [])
    rows = await case.target.rows()
    assert {row["document_id"] for row in rows["embeddings"]} == {case.kept.id}
    await case.require_sound()


@pytest.mark.parametrize("at", [FIRST_ROWS, FIRST_FILE, FIRST_TEXT])
async def test_a_document_that_is_replaced_comes_as_it_is_then(case: Case, at: str) -> None:
    async def replace() -> None:
        await case.source.replace(case.other, "new")
        await case.source.write(case.store, case.other, chunks=5)

    manifest = await case.restored(at, replace)
    assert await case.now(case.other) == await case.source.document(case.other)
    assert (manifest.changed, manifest.chunks) == ({case.other.id: 2}, 8)
    await case.require_sound()


async def test_a_replacement_that_waits_comes_with_its_bytes(case: Case) -> None:
    """The document itself is whole in the backup, so its replacement is none of the backup's business."""
    manifest = await case.restored(FIRST_ROWS, lambda: case.source.replace(case.other, "new"))
    assert await case.now(case.other) == case.other
    assert manifest.changed == {}
    await case.require_sound()


async def test_a_document_that_is_replaced_between_two_pages_of_its_chunks(case: Case) -> None:
    source = case.source
    long = await source.completed(case.store, "a long one", chunks=200)

    async def replace() -> None:
        await source.replace(long, "new")
        await source.write(case.store, long, chunks=2)

    await case.restored("", None, Interrupted(source.vectors, replace, document_id=long.id))
    assert await case.now(long) == await source.document(long)
    await case.require_sound()


async def test_a_document_that_loses_chunks_is_queued_with_its_file(case: Case) -> None:
    async def lose() -> None:
        await case.source.vectors.delete_document(collection_of(case.store), case.store.id, case.other.id)

    manifest = await case.restored(FIRST_ROWS, lose)
    now, job = await case.now(case.other), await case.target.job(case.other)
    assert now is not None
    assert (now.status, now.version, now.chunks, now.finished_at) == (Status.QUEUED, 0, 0, None)
    assert (job.status, job.version, job.chunks_done) == (Status.QUEUED, case.other.version + 1, 0)
    assert manifest.changed == {case.other.id: 0}
    assert len((await case.target.rows())["embeddings"]) == 6
    await case.require_sound()
    written = await case.target.write(case.store, case.other)
    assert (written.status, written.chunks, written.version) == (Status.COMPLETED, 3, 2)


async def test_a_document_whose_bytes_are_lost_is_left_out_and_named(case: Case) -> None:
    case.source.records.blobs.remove(case.other.sha256)
    manifest = await case.restored("", None)
    assert (manifest.left_out, manifest.changed) == ([case.other.filename], {case.other.id: None})
    assert await case.now(case.other) is None
    await case.require_sound()


async def test_a_document_whose_bytes_are_damaged_is_left_out_and_named(case: Case) -> None:
    async with case.source.records.blobs.local(case.other.sha256) as path:
        path.write_bytes(b"x")
    manifest = await case.restored("", None)
    assert manifest.left_out == [case.other.filename]
    await case.require_sound()


async def test_what_is_added_meanwhile_is_not_in_it(case: Case) -> None:
    await case.restored(FIRST_ROWS, lambda: case.source.completed(case.store, "added"))
    assert {row["id"] for row in (await case.target.rows())["documents"]} == {case.kept.id, case.other.id}
    await case.require_sound()


async def test_chunks_carry_the_attributes_of_the_moment(case: Case) -> None:
    async def change() -> None:
        await case.source.vectors.set_attributes(collection_of(case.store), case.store.id, case.other.id, {"year": 2})

    await case.restored(FIRST_ROWS, change)
    assert len([chunk for chunk in await case.target.chunks(case.store) if "{'year': 1" in chunk]) == 3


async def test_a_content_that_wanders_to_another_document_stays_with_one(case: Case) -> None:
    """Deleted after it was copied, while the next one is replaced by the same content."""
    third = await case.source.completed(case.store, "third", chunks=200)

    async def wander() -> None:
        await case.source.delete(case.store, case.other)
        await case.source.replace(third, "other")
        await case.source.write(case.store, third, chunks=4)

    await case.restored("", None, Interrupted(case.source.vectors, wander, document_id=third.id))
    assert await case.now(case.other) is None
    assert await case.now(third) == await case.source.document(third)
    await case.require_sound()


async def test_a_store_that_is_deleted_comes_back_empty(case: Case) -> None:
    doomed = await case.source.store("doomed")
    document = await case.source.completed(doomed, "in it")
    await case.restored(
        FIRST_ROWS, lambda: remove_store(case.source.records, case.source.vectors, doomed, lease_seconds=1.0)
    )
    assert await case.now(document) is None
    assert [row["name"] for row in (await case.target.rows())["stores"]].count("doomed") == 1
    await case.require_sound()


async def test_no_file_is_in_it_twice(case: Case) -> None:
    """Of a document that loses its text, the file is there already."""

    async def lose() -> None:
        await case.source.records.blobs.remove_texts(case.other.id)

    manifest = await case.restored(FIRST_ROWS, lose)
    assert (manifest.files, manifest.chunks, manifest.changed) == (2, 3, {case.other.id: 0})
    await case.require_sound()
