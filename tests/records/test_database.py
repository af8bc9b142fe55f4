import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from pydantic import SecretStr
from sqlalchemy import Connection

from records import Database, documents, files, open_records, stores
from records.database import DriverMissingError
from records.errors import (
    ConflictError,
    DataFolderLockedError,
    NameTakenError,
    RecordsUnavailableError,
    SchemaTooNewError,
    UnfitError,
)
from records.schema import metadata
from records.stores import NewStore
from settings import DatabaseSettings, DataSettings

pytestmark = pytest.mark.anyio


def new(name: str) -> NewStore:
    return NewStore(name, "bm25", 0, 800, 400)


async def test_the_migrations_end_in_the_schema(database: Database) -> None:
    def differences(connection: Connection) -> list[object]:
        return list(compare_metadata(MigrationContext.configure(connection), metadata))

    assert await database.read(differences) == []


async def test_a_failed_write_leaves_nothing_and_harms_no_neighbour(database: Database) -> None:
    def half(connection: Connection) -> None:
        stores.add(connection, new("half"))
        message = "stopped half way"
        raise ValueError(message)

    results = await asyncio.gather(
        *(database.write(lambda c, n=n: stores.add(c, new(f"store {n}"))) for n in range(20)),  # type: ignore[misc]
        database.write(half),
        return_exceptions=True,
    )
    assert isinstance(results[-1], ValueError)
    names = {store.name for store in await database.read(stores.list_all)}
    assert names == {f"store {n}" for n in range(20)}


async def test_what_a_database_cannot_take_is_known_to_be_the_askers_fault(database: Database) -> None:
    async def asked() -> bool:
        try:
            await database.write(lambda c: stores.add(c, new("a\0b")))
            return await database.read(lambda c: stores.find(c, "a\0b")) is not None
        except UnfitError:
            return False

    assert await asked() is database.is_exclusive  # SQLite takes it, Postgres does not


async def test_the_same_store_asked_for_by_many_at_once_is_made_once(database: Database) -> None:
    made = await asyncio.gather(*(database.write(lambda c: stores.ensure(c, new("one"))) for _ in range(8)))
    assert len({store.id for store in made}) == 1


async def test_the_same_content_recorded_by_many_at_once_conflicts(database: Database) -> None:
    store = await database.write(lambda c: stores.add(c, new("one")))
    file_id = await database.write(lambda c: files.add(c, "a.txt", 1, "aa"))
    results = await asyncio.gather(
        *(database.write(lambda c: documents.add(c, store.id, file_id, "aa", {})) for _ in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(result, ConflictError) for result in results) == 3


async def test_writers_of_the_same_name_are_told_apart(database: Database) -> None:
    results = await asyncio.gather(
        *(database.write(lambda c: stores.add(c, new("one"))) for _ in range(8)), return_exceptions=True
    )
    assert sum(isinstance(result, NameTakenError) for result in results) == 7


async def test_what_was_written_is_there_after_a_restart(database_settings: DatabaseSettings, tmp_path: Path) -> None:
    data = DataSettings(dir=tmp_path)
    async with open_records(data, database_settings) as records:
        await records.database.write(lambda c: stores.add(c, new("kept")))
    async with open_records(data, database_settings) as records:
        assert [store.name for store in await records.database.read(stores.list_all)] == ["kept"]


async def test_a_second_process_is_told_that_the_folder_is_taken(tmp_path: Path) -> None:
    data = DataSettings(dir=tmp_path)
    async with open_records(data, DatabaseSettings()):
        with pytest.raises(DataFolderLockedError):
            async with open_records(data, DatabaseSettings()):
                pass


async def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    data = DataSettings(dir=tmp_path)
    async with open_records(data, DatabaseSettings()) as records:
        await records.database.write(lambda c: c.execute(sa.text("UPDATE alembic_version SET version_num = '9999'")))
    with pytest.raises(SchemaTooNewError):
        async with open_records(data, DatabaseSettings()):
            pass


async def test_a_server_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    url = SecretStr("postgresql+psycopg://nobody:secret@127.0.0.1:1/none")
    with pytest.raises(RecordsUnavailableError) as caught:
        async with open_records(DataSettings(dir=tmp_path), DatabaseSettings(url=url)):
            pass
    assert "secret" not in str(caught.value)


async def test_a_driver_that_is_missing_is_named(tmp_path: Path) -> None:
    unchecked = DatabaseSettings.model_construct(url=SecretStr("postgresql+pg8000://a:secret@127.0.0.1/none"))
    with pytest.raises(DriverMissingError, match="footnote"):
        async with open_records(DataSettings(dir=tmp_path), unchecked):
            pass


async def test_the_data_folder_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    async with open_records(DataSettings(dir=tmp_path / "data"), DatabaseSettings()):
        assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700
