"""Reading all tables as of one moment, and loading them again."""

import asyncio
import json
from collections.abc import Callable
from contextlib import aclosing

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from records import Database, stores
from records.dumping import Rows, snapshot
from records.loading import Loader, NotEmptyError, UnknownSchemaError, require_empty, require_known
from records.migrating import known_revisions
from records.schema import Json, embeddings, metadata
from records.stores import NewStore

pytestmark = pytest.mark.anyio
PORTABLE = (sa.Text, sa.Integer, sa.Double, sa.Boolean, sa.LargeBinary, type(Json))


def add_store(name: str) -> Callable[[Connection], object]:
    return lambda connection: stores.add(connection, NewStore(name, "model", None, 16, 0))


def add_embeddings(count: int, first: int = 0) -> Callable[[Connection], object]:
    rows = [
        {"model": "m", "text_hash": number.to_bytes(4), "document_id": "doc_1", "vector": bytes(100)}
        for number in range(first, first + count)
    ]
    return lambda connection: connection.execute(sa.insert(embeddings), rows)


async def rows_of(database: Database) -> list[Rows]:
    return [part async for part in snapshot(database) if isinstance(part, Rows)]


def test_every_column_is_of_a_type_that_can_be_told_in_json() -> None:
    columns = [column for table in metadata.sorted_tables for column in table.columns]
    assert [column for column in columns if not isinstance(column.type, PORTABLE)] == []


async def test_what_is_written_meanwhile_is_not_in_it(database: Database) -> None:
    await database.write(add_store("before"))
    await database.write(add_embeddings(5000))
    found: list[Rows] = []
    async with aclosing(snapshot(database)) as parts:
        async for part in parts:
            if not found:
                await database.write(add_store("after"))
                await database.write(add_embeddings(5000, first=5000))
            if isinstance(part, Rows):
                found.append(part)
    assert [row["name"] for part in found if part.table == "stores" for row in part.rows] == ["before"]
    assert sum(len(part.rows) for part in found if part.table == "embeddings") == 5000


async def test_rows_survive_json_in_every_kind_of_column(database: Database) -> None:
    await database.write(add_store("星图 \n"))
    await database.write(add_embeddings(3))
    parts = await rows_of(database)
    told = [Rows(part.table, json.loads(json.dumps(part.rows))) for part in parts]

    def load(connection: Connection) -> None:
        for table in metadata.tables.values():
            connection.execute(sa.delete(table))
        require_empty(connection)
        loader = Loader(connection, {})
        for part in told:
            loader.load(part)
        loader.finish(())

    await database.write(load)
    assert await rows_of(database) == parts
    with pytest.raises(NotEmptyError):
        await database.read(require_empty)


async def test_one_that_nobody_reads_to_its_end_frees_the_database(database: Database) -> None:
    await database.write(add_embeddings(5000))
    for _ in range(20):  # more than there are connections
        async with aclosing(snapshot(database)) as parts:
            await anext(parts)
    async with asyncio.timeout(30):
        assert len(await rows_of(database)) == 25


def test_rows_of_unknown_revisions_and_tables_are_refused() -> None:
    require_known(known_revisions()[0], ["stores"])
    with pytest.raises(UnknownSchemaError):
        require_known("9999", ["stores"])
    with pytest.raises(UnknownSchemaError):
        require_known(known_revisions()[0], ["stores", "later"])
