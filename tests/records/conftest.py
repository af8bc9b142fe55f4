import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import SecretStr

from records import Database, Records, open_records
from records.schema import metadata
from settings import DatabaseSettings, DataSettings

POSTGRES_URL = os.environ.get("POSTGRES_URL")


@pytest.fixture(params=["sqlite", "postgres"])
def database_settings(request: pytest.FixtureRequest) -> DatabaseSettings:
    if request.param == "sqlite":
        return DatabaseSettings()
    if POSTGRES_URL is None:
        pytest.skip("POSTGRES_URL names no server")
    engine = sa.create_engine(POSTGRES_URL)
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE IF EXISTS alembic_version"))
        metadata.drop_all(connection)
    engine.dispose()
    return DatabaseSettings(url=SecretStr(POSTGRES_URL))


@pytest.fixture
async def records(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Records]:
    async with open_records(DataSettings(dir=tmp_path), database_settings) as opened:
        yield opened


@pytest.fixture
def database(records: Records) -> Database:
    return records.database
