"""Where things are is remembered, by each kind of database."""

import pytest

from records import Database, resources

pytestmark = pytest.mark.anyio


async def _placed(database: Database, ids: list[str], upstream: str) -> None:
    await database.write(lambda connection: resources.place(connection, ids, upstream, "key_1"))


async def _found(database: Database, *ids: str) -> dict[str, str]:
    return dict(await database.read(lambda connection: resources.find(connection, ids)))


async def test_things_are_found_where_they_were_placed_until_they_are_forgotten(database: Database) -> None:
    await _placed(database, ["file-1", "file-2"], "one")
    await _placed(database, [], "one")
    assert await _found(database, "file-2", "file-3") == {"file-2": "one"}
    await database.write(lambda connection: resources.forget(connection, ["file-2"]))
    assert await _found(database, "file-1", "file-2") == {"file-1": "one"}


async def test_what_is_placed_anew_has_moved(database: Database) -> None:
    await _placed(database, ["file-1"], "one")
    await _placed(database, ["file-1", "file-2"], "two")
    assert await _found(database, "file-1", "file-2") == {"file-1": "two", "file-2": "two"}


async def test_any_number_of_ids_can_be_looked_up(database: Database) -> None:
    await _placed(database, ["file-1999"], "one")
    assert await _found(database, *(f"file-{n}" for n in range(2_000))) == {"file-1999": "one"}
