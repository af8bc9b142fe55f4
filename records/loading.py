"""Writing rows that `records.dumping` has read into an empty database, all in one transaction.

Rows are written by the names of their columns. A row of an older schema may lack some: they get the default of the
column, so a migration that adds a column which must not be empty gives it a default in `records.schema`.
"""

import base64
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from records import files as files_
from records.dumping import Row, Rows
from records.errors import RecordsError
from records.ids import FileId
from records.keys import NEVER_USED
from records.migrating import known_revisions
from records.schema import documents, embeddings, files, jobs, keys, metadata


class NotEmptyError(RecordsError):
    """The database has rows already; restore into a new one."""


class ContentMissingError(RecordsError):
    """The bytes of a file are not in the storage."""


class UnknownSchemaError(RecordsError):
    """The rows come from a later version of Footnote; use that version."""


def require_empty(connection: Connection) -> None:
    """Raise NotEmptyError when any table has a row; a key that a start has made and nobody has used is none."""
    for table in metadata.sorted_tables:
        rows = sa.select(1).select_from(table)
        if table is keys:
            rows = rows.where(sa.not_(NEVER_USED))
        if connection.execute(sa.select(sa.exists(rows))).scalar_one():
            raise NotEmptyError


def require_known(revision: str, tables: Iterable[str]) -> None:
    """Raise UnknownSchemaError unless this version can load rows of that revision."""
    if revision not in known_revisions() or not set(tables) <= set(metadata.tables):
        raise UnknownSchemaError


@dataclass(slots=True)
class Loader:
    """Writes rows in the order in which they were read.

    Of documents that have changed since (`changed`: their version now, None when they are gone), the rows of the
    snapshot are left out; those that were read later come with `load_later`.
    """

    connection: Connection
    changed: Mapping[str, int | None]
    _doubtful: set[str] = field(default_factory=set)
    """Files that rows which were left out refer to."""

    def load(self, batch: Rows) -> None:
        """Write rows of the snapshot."""
        self._insert(batch.table, [row for row in batch.rows if self._is_wanted(batch.table, row)])

    def load_later(self, batch: Rows) -> None:
        """Write rows of documents that had changed; some of their files are there already."""
        known = set[str]()
        if batch.table == files.name:
            ids = [row["id"] for row in batch.rows]
            known = set(self.connection.scalars(sa.select(files.c.id).where(files.c.id.in_(ids))))
        self._insert(batch.table, [row for row in batch.rows if row["id"] not in known])

    def finish(self, hashes: Collection[str]) -> None:
        """Forget the files that no row refers to any more.

        Raises:
            ContentMissingError: a file is not among `hashes`, the contents that are there.
        """
        missing = set[str]()
        for row in self.connection.execute(sa.select(files.c.id, files.c.sha256)):
            if row.sha256 not in hashes:
                missing.add(row.id)
        for file_id in self._doubtful:
            files_.remove_unused(self.connection, FileId(file_id))
        # Somebody deleted them, documents and all, while the backup was taken; or they were damaged before.
        if not all(files_.remove(self.connection, FileId(file_id)) for file_id in missing):
            raise ContentMissingError

    def counts(self) -> Mapping[str, int]:
        """How many rows each table has."""
        count = sa.func.count()
        return {
            name: self.connection.execute(sa.select(count).select_from(table)).scalar_one()
            for name, table in metadata.tables.items()
        }

    def _is_wanted(self, table: str, row: Row) -> bool:
        document_id = {documents.name: "id", jobs.name: "document_id", embeddings.name: "document_id"}.get(table)
        if document_id is None or row[document_id] not in self.changed:
            return True
        if table == embeddings.name:
            return self.changed[row[document_id]] is not None
        self._doubtful.add(row["file_id"])
        return False

    def _insert(self, name: str, rows: Sequence[Row]) -> None:
        if not rows:
            return
        table = metadata.tables[name]
        binary = {column.name for column in table.columns if isinstance(column.type, sa.LargeBinary)}
        self.connection.execute(sa.insert(table), [_typed(row, binary) for row in rows])


def _typed(row: Row, binary: set[str]) -> dict[str, Any]:
    return {
        name: base64.b64decode(value) if name in binary and value is not None else value for name, value in row.items()
    }
