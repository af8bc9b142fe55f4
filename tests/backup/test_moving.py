"""From one machine to a cluster and back: every kind of database, storage and engine restores every other's backup."""

from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic import SecretStr

from records import Connection, keys
from records.documents import Status
from records.keys import NewKey
from settings import DatabaseSettings, FilesSettings, QdrantSettings
from tests.backup.installation import Installation, installation
from tests.fakes.qdrant_server import FakeQdrant
from tests.fakes.s3_server import BUCKET, KEY, SECRET, FakeS3
from tests.postgres import empty_database

pytestmark = pytest.mark.anyio


@pytest.fixture
async def cluster(postgres_url: str, tmp_path: Path) -> AsyncIterator[Installation]:
    """Postgres, S3 and a Qdrant server."""
    with ExitStack() as stack:
        url = stack.enter_context(empty_database(postgres_url))
        s3 = stack.enter_context(FakeS3())
        qdrant = stack.enter_context(FakeQdrant(tmp_path / "qdrant"))
        files = FilesSettings(
            url=f"s3://{BUCKET}/documents",
            endpoint=s3.endpoint,
            allow_http=True,
            access_key_id=SecretStr(KEY),
            secret_access_key=SecretStr(SECRET),
        )
        async with installation(
            tmp_path / "cluster",
            DatabaseSettings(url=SecretStr(url)),
            files,
            QdrantSettings(url=qdrant.url, prefer_grpc=False),
        ) as opened:
            yield opened


@pytest.fixture
async def machine(tmp_path: Path) -> AsyncIterator[Installation]:
    async with installation(tmp_path / "machine") as opened:
        yield opened


async def test_from_one_machine_to_a_cluster_and_back(
    machine: Installation, cluster: Installation, tmp_path: Path
) -> None:
    store, words = await machine.store("s"), await machine.store("words", "bm25", 0)
    await machine.completed(store, "long", chunks=300, year=2024, open=True)
    await machine.completed(words, "words")
    await machine.failed(store, "failed")
    await machine.completed(store, "0123456789" * 200_000)
    queued = await machine.add(store, "queued")
    await machine.records.database.write(_make_keys)
    before = await machine.rows(), await machine.contents(), await machine.chunks(store, words)

    await cluster.restored(await machine.backed_up(tmp_path / "to-the-cluster.tar"))
    assert await cluster.records.database.read(keys.list_all) == await machine.records.database.read(keys.list_all)
    moved = await cluster.rows(), await cluster.contents(), await cluster.chunks(store, words)
    assert moved == before
    written = await cluster.write(store, queued)
    assert written.status is Status.COMPLETED

    back = await cluster.backed_up(tmp_path / "back.tar")
    async with installation(tmp_path / "another") as another:
        await another.restored(back)
        moved = await another.rows(), await another.contents(), await another.chunks(store, words)
        assert moved == (await cluster.rows(), await cluster.contents(), await cluster.chunks(store, words))


def _make_keys(connection: Connection) -> None:
    """One that allows everything, and one with all limits that was rotated and used."""
    keys.add(connection, NewKey("all", ["admin"]))
    key, _ = keys.add(connection, NewKey("some", ["search"], ["vs_a"], ["gpt-*"], 1, 2**40, 1.5, 2**33))
    keys.rotate(connection, key.id, 3_600)
    keys.touch(connection, {key.id: 1_000})


async def test_on_a_cluster_too_the_rows_are_of_one_moment(
    cluster: Installation, machine: Installation, tmp_path: Path
) -> None:
    store = await cluster.store("s")
    kept, deleted, replaced = [await cluster.completed(store, name) for name in ("kept", "deleted", "replaced")]

    async def change() -> None:
        await cluster.delete(store, deleted)
        await cluster.replace(replaced, "new")
        await cluster.write(store, replaced)
        await cluster.completed(store, "added")

    manifest = await machine.restored(await cluster.backed_up(tmp_path / "backup.tar", "rows/stores", change))
    assert manifest.changed == {deleted.id: None, replaced.id: 2}
    assert await machine.document(kept) == kept
    assert await machine.document(deleted) is None
    assert await machine.document(replaced) == await cluster.document(replaced)
    assert len((await machine.rows())["documents"]) == 2
    assert len(await machine.chunks(store)) == 6
