"""What was in an installation is in the one that its backup is restored into."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from backup import IncompleteRestoreError, NotEmptyError, check, restore
from records import keys
from records.documents import Status
from records.ids import DocumentId
from records.jobs import Step
from tests.backup.installation import Installation, collection_of, installation, vector_of
from tests.backup.spoiling import Breaking, Forgetful
from tests.vectorstore.chunks import make_chunk
from vectorstore import Hit, Query, VectorStoreUnavailableError

pytestmark = pytest.mark.anyio
TEXT_OF = DocumentId("doc_00aa")


@pytest.fixture
async def source(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "source") as opened:
        yield opened


async def test_documents_in_all_states_come_back(source: Installation, tmp_path: Path) -> None:
    dense, words = await source.store("dense"), await source.store("words", "bm25", 0)
    done = await source.completed(dense, "done", chunks=150, year=2024, kind="星图", open=True)
    in_words = await source.completed(words, "done")
    replaced = await source.completed(dense, "first")
    await source.replace(replaced, "second")
    replaced = await source.write(dense, replaced)
    failed = await source.failed(dense, "failed")
    in_work = await source.add(dense, "in work")
    await source.claimed(in_work)
    waiting = await source.completed(dense, "waits for its replacement")
    await source.replace(waiting, "the replacement")
    queued = await source.add(words, "queued")
    before = await source.rows(), await source.contents(), await source.chunks(dense, words)

    path = await source.backed_up(tmp_path / "backup.tar")
    async with installation(tmp_path / "target") as target:
        manifest = await target.restored(path)
        rows, contents, chunks = await target.rows(), await target.contents(), await target.chunks(dense, words)
        assert (contents, chunks) == before[1:]
        for table in before[0].keys() - {"jobs", "documents"}:
            assert rows[table] == before[0][table]
        for document in (done, in_words, replaced, failed, waiting, queued):
            assert await target.document(document) == await source.document(document)
        again = await target.document(in_work)
        assert again is not None
        assert again.status is Status.QUEUED
        job = await target.job(in_work)
        assert (job.status, job.step, job.owner, job.lease_until) == (Status.QUEUED, Step.WAITING, None, None)
        assert (await target.job(waiting)).sha256 != waiting.sha256
        assert (manifest.documents, manifest.chunks, manifest.changed) == (7, 159, {})
        assert not (target.folder / "restoring").exists()


async def test_a_search_finds_the_same_with_the_same_scores(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    for name in ("dome", "mirror", "eyepiece"):
        await source.completed(store, name, year=2024)
    vector = vector_of("mirror.txt passage 1")
    queries = [Query(store.id, "mirror passage", vector, mode=mode, limit=50) for mode in ("dense", "bm25")]
    before = [scores(await source.vectors.query(collection_of(store), query)) for query in queries]
    assert [len(found) for found in before] == [9, 9]
    path = await source.backed_up(tmp_path / "backup.tar")
    async with installation(tmp_path / "target") as target:
        await target.restored(path)
        after = [scores(await target.vectors.query(collection_of(store), query)) for query in queries]
        assert [found == pytest.approx(known) for found, known in zip(after, before, strict=True)] == [True, True]


def scores(hits: list[Hit]) -> dict[str, float]:
    return {repr(hit.chunk): hit.score for hit in hits}


async def test_an_empty_installation_can_be_backed_up_and_restored(source: Installation, tmp_path: Path) -> None:
    path = await source.backed_up(tmp_path / "backup.tar")
    async with installation(tmp_path / "target") as target:
        assert (await target.restored(path)).documents == 0


async def test_large_files_come_back_piece_by_piece(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    document = await source.add(store, "0123456789abcdef" * 200_000)
    path = await source.backed_up(tmp_path / "backup.tar")
    async with installation(tmp_path / "target") as target:
        await target.restored(path)
        assert (await target.contents())[f"files/{document.sha256}"] == b"0123456789abcdef" * 200_000


async def test_what_has_data_is_not_restored_into(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    await source.completed(store, "a")
    path = await source.backed_up(tmp_path / "backup.tar")
    before = await source.rows()
    with pytest.raises(NotEmptyError, match="The database has data already"):
        await source.restored(path)
    assert await source.rows() == before
    async with installation(tmp_path / "files") as target:
        await target.records.blobs.put_text(TEXT_OF, 1, "x")
        with pytest.raises(NotEmptyError, match="There are files already"):
            await target.restored(path)
        assert list(await target.contents()) == [f"texts/{TEXT_OF}/1.txt"]
    async with installation(tmp_path / "vectors") as target:
        foreign = make_chunk(store.id, "foreign")
        await target.vectors.upsert(collection_of(store), [foreign], vector_of("x")[None])
        with pytest.raises(NotEmptyError, match="The vector store holds chunks"):
            await target.restored(path)
        assert await target.contents() == {}


async def test_a_key_that_nobody_has_used_gives_way_to_those_of_the_backup(
    source: Installation, tmp_path: Path
) -> None:
    await source.records.database.write(keys.ensure_admin)
    kept = await source.records.database.read(keys.list_all)
    path = await source.backed_up(tmp_path / "backup.tar")
    for was_used in (False, True):
        async with installation(tmp_path / f"target {was_used}") as target:
            database = target.records.database
            await database.write(keys.ensure_admin)
            (own,) = await database.read(keys.list_all)
            if was_used:
                await database.write(lambda c: keys.touch(c, {own.id: 1_000}))  # noqa: B023
                with pytest.raises(NotEmptyError):
                    await target.restored(path)
                assert await database.read(keys.list_all) == [own]
            else:
                await target.restored(path)
                assert await database.read(keys.list_all) == kept


async def test_an_interrupted_restore_shows_nothing_and_can_be_done_again(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    for number in range(3):
        await source.completed(store, f"text {number}", chunks=200)
    path = await source.backed_up(tmp_path / "backup.tar")
    before = await source.rows(), await source.chunks(store)
    await source.completed(store, "one more")
    other = await source.backed_up(tmp_path / "other.tar")
    async with installation(tmp_path / "target") as target:
        breaking = Breaking(target.vectors)
        with pytest.raises(VectorStoreUnavailableError):
            await restore(path, target.records, breaking, target.folder)
        assert await target.contents() != {}
        assert not any((await target.rows()).values())
        with pytest.raises(NotEmptyError, match="There are files already"):
            await restore(other, target.records, target.vectors, target.folder)
        await target.restored(path)
        assert (await target.rows(), await target.chunks(store)) == before


async def test_chunks_that_the_vector_store_lost_are_noticed(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    await source.completed(store, "text", chunks=3)
    path = await source.backed_up(tmp_path / "backup.tar")
    async with installation(tmp_path / "target") as target:
        with pytest.raises(IncompleteRestoreError):
            await restore(path, target.records, Forgetful(target.vectors), target.folder)
        assert not any((await target.rows()).values())


async def test_the_check_tells_what_a_backup_holds(source: Installation, tmp_path: Path) -> None:
    store = await source.store("s")
    await source.completed(store, "text", chunks=3)
    await source.completed(store, "another", chunks=2)
    manifest = check(await source.backed_up(tmp_path / "backup.tar"))
    assert (manifest.documents, manifest.files, manifest.file_bytes, manifest.chunks) == (2, 2, 11, 5)
    assert manifest.rows == {"stores": 1, "files": 2, "documents": 2, "jobs": 2, "embeddings": 5}
