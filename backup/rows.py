"""The rows of a backup."""

import json
from collections.abc import Generator
from pathlib import Path

from backup.checking import LATER, ROWS, table_of
from backup.errors import DamagedBackupError
from backup.manifest import Manifest
from backup.reading import entries
from records import Connection
from records.dumping import Rows
from records.loading import Loader


def rows_in(path: Path, folder: str) -> Generator[Rows]:
    """The rows of the moment (`rows/`), or those read later (`later/`), in their order."""
    for entry in entries(path):
        if entry.name.startswith(folder):
            try:
                yield Rows(table_of(entry.name), [json.loads(line) for line in entry.whole().splitlines()])
            except ValueError as error:
                raise DamagedBackupError from error


def visible_documents(path: Path, manifest: Manifest) -> Generator[tuple[str, str, int, int]]:
    """Store, id, version and number of chunks of each document that is to be searchable."""
    for folder in (ROWS, LATER):
        for batch in rows_in(path, folder):
            for row in batch.rows if batch.table == "documents" else ():
                if row["version"] and (folder == LATER or row["id"] not in manifest.changed):
                    yield row["store_id"], row["id"], row["version"], row["chunks"]


def load_rows(path: Path, manifest: Manifest, hashes: set[str], connection: Connection) -> int:
    """Write all rows; returns how many documents there are. Blocks: to be called in a transaction."""
    loader = Loader(connection, manifest.changed)
    for batch in rows_in(path, ROWS):
        loader.load(batch)
    for batch in rows_in(path, LATER):
        loader.load_later(batch)
    loader.finish(hashes)
    return loader.counts()["documents"]
