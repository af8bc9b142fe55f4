from dataclasses import replace

import pytest

from records import Database, stores
from records.errors import NameTakenError
from records.paging import Page
from records.stores import NewStore, Profile

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


async def test_a_label_becomes_the_name_only_where_that_is_free(database: Database) -> None:
    first = await database.write(lambda c: stores.add_labelled(c, NEW, Profile(label="handbook")))
    second = await database.write(lambda c: stores.add_labelled(c, NEW, Profile(label="handbook")))
    assert (first.name, second.name, second.label) == ("handbook", second.id, "handbook")
    assert await database.read(lambda c: stores.find(c, "handbook")) == first
    assert await database.read(lambda c: stores.find(c, second.id)) == second


async def test_a_store_without_a_name_is_known_by_its_id(database: Database) -> None:
    made = [await database.write(lambda c: stores.add_labelled(c, replace(NEW, name=""), Profile())) for _ in range(2)]
    assert [store.name for store in made] == [store.id for store in made]
    assert await database.read(lambda c: stores.find(c, "")) is None


async def test_a_new_name_takes_the_place_of_the_old_one_where_it_is_free(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW))
    await database.write(lambda c: stores.add(c, replace(NEW, name="taken")))
    names = []
    for wanted in ("manual", "taken", ""):
        await database.write(lambda c, name=wanted: stores.rename(c, store.id, name))  # type: ignore[misc]
        found = await database.read(lambda c: stores.find(c, store.id))
        assert found is not None
        names.append(found.name)
    assert names == ["manual", store.id, store.id]
    assert await database.read(lambda c: stores.find(c, "handbook")) is None


async def test_what_is_said_about_a_store_is_replaced_whole(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, NEW, Profile("One", "first", {"a": "b"}, 3)))
    assert store.profile == Profile("One", "first", {"a": "b"}, 3)
    await database.write(lambda c: stores.describe(c, store.id, Profile(label="Two")))
    found = await database.read(lambda c: stores.find(c, store.id))
    assert found is not None
    assert found.profile == Profile(label="Two")


async def test_pages_of_stores_keep_to_the_ids_given(database: Database) -> None:
    made = [await database.write(lambda c: stores.add_labelled(c, NEW, Profile())) for _ in range(3)]
    ids = sorted(store.id for store in made)
    every = await database.read(lambda c: stores.page(c, None, Page(9, ascending=True)))
    some = await database.read(lambda c: stores.page(c, ids[1:], Page(9)))
    assert sorted(store.id for store in every) == ids
    assert sorted(store.id for store in some) == ids[1:]
