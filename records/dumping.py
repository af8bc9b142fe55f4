"""Reading all tables as they are at one moment, for a backup that is taken while others write.

Rows are plain values that JSON can hold; bytes become base64. A table that is new in the schema is among them without
further work. Nobody holds a lease in what is read here: what was in work is queued again.
"""

import asyncio
import base64
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping, Sequence
from concurrent.futures import TimeoutError as NotTakenError
from dataclasses import dataclass
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from records.database import Database
from records.documents import Status
from records.errors import RecordsError
from records.jobs import ACTIVE, Kind, Step
from records.schema import answers, documents, files, jobs, metadata, revisions, stores, upload_parts, uploads

Row = Mapping[str, Any]
_ROWS_AT_ONCE = 200
_AHEAD = 4
"""Batches that are read before somebody takes them: a few megabytes."""
_PATIENCE_SECONDS = 300.0


class SnapshotAbandonedError(RecordsError):
    """Nobody has taken what was read for five minutes; the backup is given up, for the database must not wait."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table."""

    table: str
    rows: Sequence[Row]


@dataclass(frozen=True, slots=True)
class Contents:
    """SHA-256 of some of the files, each of which comes once."""

    hashes: Sequence[str]


@dataclass(frozen=True, slots=True)
class Subject:
    """A document, and what must be kept beside its rows."""

    id: str
    store_id: str
    version: int
    """Version whose chunks are visible; 0 when none is."""
    chunks: int
    attributes: Mapping[str, Any]
    attached: bool
    """Whether others of the store may have the same content."""
    contents: Sequence[str]
    """SHA-256 of its file, and of the file that is to replace it if there is one."""


@dataclass(frozen=True, slots=True)
class Subjects:
    """Some of the documents."""

    subjects: Sequence[Subject]


@dataclass(frozen=True, slots=True)
class Reread:
    """A document as it is at a later moment, with its rows by table."""

    subject: Subject
    rows: Mapping[str, Sequence[Row]]


Part = Rows | Contents | Subjects

_LEFT_OUT = (uploads, upload_parts, revisions, answers)
"""Files that are still coming: whoever sends one begins again, and of those that have come, files tell. Answers that
are kept for a while, and what says whether they still hold."""

_REPLACEMENT = files.alias("replacement")
_SUBJECTS = (
    sa.select(
        *(documents.c[name] for name in ("id", "store_id", "version", "chunks", "attributes", "attached", "sha256")),
        _REPLACEMENT.c.sha256.label("replacement"),
    )
    .outerjoin(jobs, sa.and_(jobs.c.document_id == documents.c.id, jobs.c.kind == Kind.INGEST))
    .outerjoin(_REPLACEMENT, _REPLACEMENT.c.id == jobs.c.file_id)
)
_FREEZE = sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


async def snapshot(database: Database) -> AsyncGenerator[Part]:
    """All tables in the order of their references, then all contents, then all documents, as of one moment.

    The transaction lasts until the last part is taken.

    Raises:
        SnapshotAbandonedError: nothing was taken for minutes.
    """
    parts = _Parts()
    reading = asyncio.ensure_future(database.read(partial(_read, parts.put)))
    reading.add_done_callback(lambda _: parts.end())
    try:
        async for part in parts.taken():
            yield part
        await reading
    finally:
        parts.close()
        await asyncio.wait([reading])
        if not reading.cancelled():
            reading.exception()  # raised above, unless nobody wants to know


class _Parts:
    """Hands parts from the thread that reads to the event loop, a few at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._waiting: asyncio.Queue[Part | None] = asyncio.Queue(_AHEAD)
        self._closed = False
        self._ended = asyncio.Event()

    def put(self, part: Part) -> None:
        """Wait until there is room. Called in the thread that reads."""
        if self._closed:
            raise SnapshotAbandonedError
        putting = asyncio.run_coroutine_threadsafe(self._waiting.put(part), self._loop)
        try:
            putting.result(_PATIENCE_SECONDS)
        except NotTakenError as error:
            putting.cancel()
            raise SnapshotAbandonedError from error

    def end(self) -> None:
        """Nothing comes any more; there may be no room to say so in the queue itself."""
        self._ended.set()
        if self._waiting.empty():
            self._waiting.put_nowait(None)

    async def taken(self) -> AsyncIterator[Part]:
        """The parts, until the end."""
        while not (self._ended.is_set() and self._waiting.empty()):
            part = await self._waiting.get()
            if part is not None:
                yield part

    def close(self) -> None:
        """Let the thread go that may wait for room."""
        self._closed = True
        while not self._waiting.empty():
            self._waiting.get_nowait()


def _read(give: Callable[[Part], None], connection: Connection) -> None:
    _freeze(connection)
    next_models = _next_models(connection)
    read = partial(_read_batches, connection, give)
    for table in (one for one in metadata.sorted_tables if one not in _LEFT_OUT):
        read(sa.select(table), partial(_rows, table.name, next_models))
    read(sa.select(files.c.sha256).distinct(), lambda rows: Contents([row["sha256"] for row in rows]))
    # By store, so that chunks of one collection come together.
    ordered = _SUBJECTS.order_by(documents.c.store_id, documents.c.id)
    read(ordered, lambda rows: Subjects([_subject(row) for row in rows]))


def _read_batches(
    connection: Connection,
    give: Callable[[Part], None],
    query: sa.Select[Any],
    as_part: Callable[[Sequence[RowMapping]], Part],
) -> None:
    with connection.execute(query, execution_options={"yield_per": _ROWS_AT_ONCE}) as found:
        for rows in found.mappings().partitions():
            give(as_part(rows))


def _rows(table: str, next_models: set[str], rows: Iterable[RowMapping]) -> Rows:
    return Rows(table, [_settled(table, _plain(row), next_models) for row in rows])


async def reread(database: Database, document_ids: Sequence[str]) -> Mapping[str, Reread]:
    """These documents as they are now, by id; those that are gone are left out."""
    return await database.read(partial(_reread, document_ids))


def _reread(document_ids: Sequence[str], connection: Connection) -> Mapping[str, Reread]:
    _freeze(connection)
    next_models = _next_models(connection)
    found = {}
    for document_id in document_ids:
        if row := connection.execute(_SUBJECTS.where(documents.c.id == document_id)).mappings().first():
            found[document_id] = Reread(_subject(row), _rows_of(connection, document_id, next_models))
    return found


def _rows_of(connection: Connection, document_id: str, next_models: set[str]) -> Mapping[str, Sequence[Row]]:
    itself, of_document = documents.c.id == document_id, jobs.c.document_id == document_id
    used = sa.union(sa.select(documents.c.file_id).where(itself), sa.select(jobs.c.file_id).where(of_document))
    queries = {
        files: sa.select(files).where(files.c.id.in_(used)),
        documents: sa.select(documents).where(itself),
        jobs: sa.select(jobs).where(of_document),
    }
    return {
        table.name: _rows(table.name, next_models, connection.execute(query).mappings()).rows
        for table, query in queries.items()
    }


def queued_anew(found: Reread) -> Reread:
    """The document as one that is still to be read: of what is visible now, something is missing.

    The version to be written is one that nothing was ever written of.
    """
    (document,) = found.rows["documents"]
    version = max([document["version"], *(job["version"] for job in found.rows["jobs"])]) + 1
    waiting = {"status": Status.QUEUED, "error_code": None, "error_message": None, "finished_at": None}
    ingest = [
        {**job, **waiting, "step": Step.WAITING, "version": version, "chunks": 0, "chunks_done": 0, "failures": 0}
        for job in found.rows["jobs"]
        if job["kind"] == Kind.INGEST  # once it is read, it is embedded with the next model too, where there is one
    ]
    rows = {**found.rows, "documents": [{**document, **waiting, "version": 0, "chunks": 0}], "jobs": ingest}
    return Reread(found.subject, rows)


def _freeze(connection: Connection) -> None:
    """SQLite needs nothing for it: a transaction that reads sees one moment."""
    if connection.dialect.name == "postgresql":
        connection.execute(_FREEZE)


def _plain(row: RowMapping) -> dict[str, Any]:
    return {
        str(name): base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in row.items()
    }


def _next_models(connection: Connection) -> set[str]:
    """The stores whose documents are being embedded with another model."""
    return set(connection.scalars(sa.select(stores.c.id).where(stores.c.next_embedding_model.is_not(None))))


def _settled(table: str, row: dict[str, Any], next_models: set[str]) -> Row:
    """The row, with nobody working on it any more."""
    if table == documents.name and row["status"] == Status.IN_PROGRESS:
        return {**row, "status": Status.QUEUED}
    if table != jobs.name:
        return row
    # Of chunks, a backup has only the visible ones: those written for the next model are written again.
    unswitched = row["kind"] == Kind.REEMBED and row["status"] == Status.COMPLETED and row["store_id"] in next_models
    if unswitched or row["status"] in ACTIVE:
        started_anew = {"status": Status.QUEUED, "step": Step.WAITING, "chunks_done": 0, "finished_at": None}
        return {**row, **started_anew, "owner": None, "lease_until": None}
    return row


def _subject(row: RowMapping) -> Subject:
    contents = [sha256 for sha256 in dict.fromkeys([row["sha256"], row["replacement"]]) if sha256]
    values = {name: row[name] for name in Subject.__slots__ if name != "contents"}
    return Subject(**values, contents=contents)
