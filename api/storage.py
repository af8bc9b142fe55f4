"""Where everything is kept, opened as the settings say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from records import Records, open_records
from settings import Settings
from vectorstore import VectorStore, open_vector_store


@asynccontextmanager
async def open_storage(settings: Settings) -> AsyncIterator[tuple[Records, VectorStore]]:
    """Rows and files, and the vectors; closed in reverse.

    Raises:
        RecordsError, VectorStoreError: a part cannot be opened.
    """
    async with (
        open_records(settings.data, settings.database, settings.files) as records,
        open_vector_store(settings.qdrant, settings.data.dir / "vectors") as vectors,
    ):
        yield records, vectors
