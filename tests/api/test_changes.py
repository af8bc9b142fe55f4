"""No change is overlooked, also when it is committed long after the time that it bears."""

import asyncio
import threading
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from api.changes import Window, changed_since, missed
from records import Connection, Database, documents, files, jobs, leases, open_records, stores
from records.ids import DocumentId
from records.jobs import Lane
from records.stores import NewStore
from settings import DatabaseSettings, DataSettings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def database(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Database]:
    async with open_records(DataSettings(dir=tmp_path), database_settings) as records:
        yield records.database


def queue(connection: Connection, name: str) -> DocumentId:
    store = stores.ensure(connection, NewStore("s", "bm25", 0, 800, 400))
    file_id = files.add(connection, name, 3, name)
    document_id = documents.add(connection, store.id, file_id, name, {})
    jobs.add(connection, document_id, store.id, file_id, version=1, lane=Lane.BULK)
    return document_id


async def look(database: Database, window: Window) -> list[str]:
    return [change.key async for page in changed_since(database, window) for change in page]


async def test_each_change_is_seen_once(database: Database) -> None:
    window = Window(is_exact=database.is_exclusive)
    await look(database, window)
    ids = [await database.write(partial(queue, name=name)) for name in "abc"]
    assert sorted(await look(database, window)) == sorted(ids)
    assert await look(database, window) == []
    await database.write(lambda c: leases.claim(c, "worker", 60.0, [(Lane.BULK, 1)], 1))
    assert await look(database, window) == ids[:1]
    assert await look(database, window) == []


async def test_more_changes_than_fit_in_a_page_are_all_seen(database: Database) -> None:
    window = Window(is_exact=database.is_exclusive)
    await look(database, window)
    ids = await database.write(lambda c: [queue(c, str(n)) for n in range(1_203)])
    assert set(await look(database, window)) == set(ids)
    assert await look(database, window) == []
    assert {change.key async for change in missed(database, 0.0, None)} == set(ids)


async def test_a_change_that_is_committed_late_is_seen(database: Database) -> None:
    held, release = threading.Event(), threading.Event()

    def slow(connection: Connection) -> DocumentId:
        document_id = queue(connection, "slow")
        held.set()
        release.wait(60)
        return document_id

    await database.write(lambda c: queue(c, "first"))
    window = Window(is_exact=database.is_exclusive)
    await look(database, window)
    writing = asyncio.create_task(database.write(slow))
    await asyncio.to_thread(held.wait, 60)
    if not database.is_exclusive:
        quick = await database.write(lambda c: queue(c, "quick"))
        assert await look(database, window) == [quick]
    assert await look(database, window) == []
    release.set()
    late = await writing
    assert await look(database, window) == [late]
    assert await look(database, window) == []
