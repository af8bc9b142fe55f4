"""Relational rows and files: stores, files, documents, embeddings. One module a noun: its row type and its queries."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from sqlalchemy import Connection

from records.blobs import Blobs, open_blobs
from records.database import Database, open_database
from settings import DatabaseSettings, DataSettings, FilesSettings


@dataclass(frozen=True, slots=True)
class Records:
    """Everything that must survive a restart, apart from the vectors."""

    database: Database
    blobs: Blobs


@asynccontextmanager
async def open_records(
    data: DataSettings, database: DatabaseSettings, files: FilesSettings | None = None
) -> AsyncIterator[Records]:
    """Open the records, with their tables brought up to date.

    Without `files`, bytes are kept in the data folder. See `open_database` and `open_blobs` for what is raised.
    """
    async with open_database(database, data.dir) as opened, open_blobs(data.dir, files or FilesSettings()) as blobs:
        yield Records(opened, blobs)


__all__ = ["Blobs", "Connection", "Database", "Records", "open_records"]
