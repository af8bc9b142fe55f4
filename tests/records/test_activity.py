import time
from dataclasses import replace

import pytest
import sqlalchemy as sa

from records import Database, activity, documents, files, stores
from records.schema import stores as table
from records.stores import NewStore, Profile, Store

pytestmark = pytest.mark.anyio
NEW = NewStore("handbook", "bm25", 0, 800, 400)
DAY_SECONDS = 86_400


async def made(database: Database, name: str, *, days: int | None, idle_seconds: int) -> Store:
    """A store that was last in use so long ago, with a document."""
    new, last = replace(NEW, name=name), int(time.time()) - idle_seconds

    def make(connection: sa.Connection) -> Store:
        store = stores.add(connection, new, Profile(expires_after_days=days))
        connection.execute(sa.update(table).where(table.c.id == store.id).values(last_active_at=last))
        documents.add(connection, store.id, files.add(connection, name, 1, name), name, {})
        return replace(store, last_active_at=last)

    return await database.write(make)


async def reread(database: Database, store: Store) -> Store:
    found = await database.read(lambda c: stores.find(c, store.id))
    assert found is not None
    return found


async def test_only_stores_whose_time_is_over_expire(database: Database) -> None:
    over = await made(database, "over", days=1, idle_seconds=DAY_SECONDS + 1)
    for name, days, idle_seconds in (("used", 1, DAY_SECONDS - 60), ("kept", None, 400 * DAY_SECONDS)):
        store = await made(database, name, days=days, idle_seconds=idle_seconds)
        assert not store.is_expired
    assert over.is_expired
    assert await database.read(activity.are_expiring)
    assert [store.id for store in await database.write(lambda c: activity.expire(c, 10))] == [over.id]
    assert (await reread(database, over)).expired_at is not None


async def test_a_store_is_found_again_until_its_documents_are_gone(database: Database) -> None:
    store = await made(database, "over", days=1, idle_seconds=DAY_SECONDS + 1)
    for _ in range(2):
        assert len(await database.write(lambda c: activity.expire(c, 10))) == 1
    (document,) = await database.read(lambda c: documents.page(c, store.id, status=None, after=None, limit=9))
    await database.write(lambda c: documents.remove(c, document.id))
    assert not await database.read(activity.are_expiring)
    assert await database.write(lambda c: activity.expire(c, 10)) == []


async def test_use_is_recorded_to_the_minute(database: Database) -> None:
    idle = await made(database, "idle", days=1, idle_seconds=600)
    busy = await made(database, "busy", days=None, idle_seconds=20)
    assert activity.is_due(idle)
    assert not activity.is_due(busy)
    for store in (idle, busy):
        await database.write(lambda c, store=store: activity.touch(c, store.id))  # type: ignore[misc]
    assert (await reread(database, idle)).last_active_at > idle.last_active_at + 500
    assert (await reread(database, busy)).last_active_at == busy.last_active_at


async def test_use_does_not_bring_back_what_has_expired(database: Database) -> None:
    store = await made(database, "over", days=1, idle_seconds=DAY_SECONDS + 1)
    assert not activity.is_due(store)
    await database.write(lambda c: activity.touch(c, store.id))
    assert (await reread(database, store)).is_expired
