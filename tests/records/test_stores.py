import pytest

from records import Database, stores
from records.errors import NameTakenError
from records.stores import NewStore

pytestmark = pytest.mark.anyio
NEW = NewStore("handbook", "text-embedding-3-small", None, 800, 400)


async def test_a_store_is_found_by_name_and_by_id(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW))
    assert await database.read(lambda c: stores.find(c, "handbook")) == store
    assert await database.read(lambda c: stores.find(c, store.id)) == store
    assert await database.read(lambda c: stores.find(c, "other")) is None


async def test_an_id_wins_over_an_equal_name(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW))
    await database.write(lambda c: stores.add(c, NewStore(store.id, "bm25", 0, 800, 400)))
    assert await database.read(lambda c: stores.find(c, store.id)) == store


async def test_a_name_is_taken_once_and_the_database_goes_on(database: Database) -> None:
    await database.write(lambda c: stores.add(c, NEW))
    with pytest.raises(NameTakenError):
        await database.write(lambda c: stores.add(c, NEW))
    assert len(await database.read(stores.list_all)) == 1


async def test_ensure_makes_a_store_once(database: Database) -> None:
    first = await database.write(lambda c: stores.ensure(c, NEW))
    assert await database.write(lambda c: stores.ensure(c, NEW)) == first


async def test_dimensions_are_recorded_once_known(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW))
    await database.write(lambda c: stores.set_dimensions(c, store, 1536))
    found = await database.read(lambda c: stores.find(c, store.id))
    assert found is not None
    assert found.embedding_dimensions == 1536


async def test_a_removed_store_is_gone(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW))
    await database.write(lambda c: stores.remove(c, store.id))
    assert await database.read(stores.list_all) == []
