from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records import Database, Records, open_records
from settings import DatabaseSettings, DataSettings


@pytest.fixture
async def records(database_settings: DatabaseSettings, tmp_path: Path) -> AsyncIterator[Records]:
    async with open_records(DataSettings(dir=tmp_path), database_settings) as opened:
        yield opened


@pytest.fixture
def database(records: Records) -> Database:
    return records.database
