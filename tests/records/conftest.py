from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from records import Database, Records, open_records
from settings import DatabaseSettings, DataSettings
from tests.postgres import empty_database


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> Iterator[DatabaseSettings]:
    if request.param == "sqlite":
        yield DatabaseSettings()
        return
    with empty_database(request.getfixturevalue("postgres_url")) as url:
        yield DatabaseSettings(url=SecretStr(url))


@pytest.fixture
async def records(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Records]:
    async with open_records(DataSettings(dir=tmp_path), database_settings) as opened:
        yield opened


@pytest.fixture
def database(records: Records) -> Database:
    return records.database
