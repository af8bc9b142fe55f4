from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from records import open_records
from settings import DatabaseSettings, DataSettings, QdrantSettings
from tests.ingest.parts import Parts
from upstream import Upstream
from vectorstore import open_vector_store


@pytest.fixture
async def plain(tmp_path: Path) -> AsyncIterator[Parts]:
    """Parts without any model: documents are found by words alone."""
    async with (
        open_records(DataSettings(dir=tmp_path), DatabaseSettings()) as records,
        open_vector_store(QdrantSettings(), tmp_path / "vectors") as vectors,
    ):
        yield Parts(tmp_path, records, vectors, Upstream(None, None, None, None))
