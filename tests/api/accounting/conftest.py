from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records import Database, open_records
from settings import DatabaseSettings, DataSettings


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records:
        yield records.database
