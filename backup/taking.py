"""Taking a backup while documents are added, replaced and deleted."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC, datetime
from importlib.metadata import version

from backup.copying import Copier
from backup.manifest import FORMAT, MANIFEST, ORIGIN, Manifest, Origin
from backup.spooling import Spool
from backup.writing import END, Entries
from records import Records, files
from records.dumping import Contents, Reread, Row, Rows, Subject, Subjects, queued_anew, reread, snapshot
from records.migrating import known_revisions
from vectorstore import VectorStore

_ROUNDS = 8
"""How often documents are read again that change while they are copied."""
_READ_AT_ONCE = 100


async def take(records: Records, vectors: VectorStore) -> AsyncGenerator[bytes]:
    """The bytes of a backup, piece by piece; memory does not grow with what there is.

    Whoever takes it must do so without long pauses until all rows have come: a transaction is open until then.

    Raises:
        RecordsError, VectorStoreError: something does not answer; what was given so far is no backup.
    """
    with Spool() as contents, Spool() as subjects:
        async with aclosing(_Taking(records, vectors, contents, subjects).pieces()) as pieces:
            async for piece in pieces:
                yield piece


class _Taking:
    """One backup under way."""

    def __init__(self, records: Records, vectors: VectorStore, contents: Spool, subjects: Spool) -> None:
        now = datetime.now(UTC)
        self._database = records.database
        self._origin = Origin(FORMAT, version("footnote"), known_revisions()[0], now.isoformat(timespec="seconds"))
        self._entries = Entries(int(now.timestamp()))
        self._copier = Copier(records.blobs, vectors, self._entries)
        self._contents = contents
        self._subjects = subjects
        self._documents = self._chunks = 0
        self._rows: Counter[str] = Counter()
        self._batches: Counter[str] = Counter()
        self._changed: dict[str, int | None] = {}
        self._later: dict[str, Reread] = {}
        self._left_out: list[str] = []

    async def pieces(self) -> AsyncGenerator[bytes]:
        yield self._entries.whole(ORIGIN, self._origin.packed())
        for part in (self._snapshot, self._copies, self._catch_up, self._copier.rest, self._later_rows):
            async with aclosing(part()) as pieces:
                async for piece in pieces:
                    yield piece
        yield self._entries.whole(MANIFEST, self._manifest().packed()) + END

    async def _snapshot(self) -> AsyncGenerator[bytes]:
        async with aclosing(snapshot(self._database)) as parts:
            async for part in parts:
                match part:
                    case Rows(table, rows):
                        self._rows[table] += len(rows)
                        for store in rows if table == "stores" else ():
                            self._copier.know(store)
                        yield await self._packed_rows("rows", table, rows)
                    case Contents(hashes):
                        self._contents.add(hashes)
                    case Subjects(found):
                        self._documents += len(found)
                        self._subjects.add(map(_as_values, found))

    async def _copies(self) -> AsyncGenerator[bytes]:
        for sha256 in self._contents:
            async with aclosing(self._copier.file(sha256)) as pieces:
                async for piece in pieces:
                    yield piece
        for values in self._subjects:
            async with aclosing(self._copier.document(Subject(**values))) as pieces:
                async for piece in pieces:
                    yield piece
        self._chunks = self._copier.chunks

    async def _catch_up(self) -> AsyncGenerator[bytes]:
        """Read and copy anew the documents that have changed since the snapshot."""
        wanted = set(self._copier.unfinished)
        for _ in range(_ROUNDS):
            if not wanted:
                break
            found = await self._read_anew(sorted(wanted))
            for document_id in wanted - found.keys():
                self._forget(document_id)
            for sha256 in self._lacking(found.values()):
                async with aclosing(self._copier.file(sha256)) as pieces:
                    async for piece in pieces:
                        yield piece
            for each in found.values():
                async with aclosing(self._copier.document(each.subject)) as pieces:
                    async for piece in pieces:
                        yield piece
                self._note(each)
            wanted = {each.subject.id for each in found.values() if self._lacks_bytes(each)} | self._rivals()
        for document_id in wanted:
            self._left_out += [row["filename"] for row in self._later[document_id].rows["files"]][:1]
            self._forget(document_id)
        self._left_out += await self._database.read(lambda c: files.names_kept(c, self._copier.missing))

    async def _read_anew(self, document_ids: Sequence[str]) -> Mapping[str, Reread]:
        found: dict[str, Reread] = {}
        for first in range(0, len(document_ids), _READ_AT_ONCE):
            found |= await reread(self._database, document_ids[first : first + _READ_AT_ONCE])
        return found

    def _lacking(self, found: Iterable[Reread]) -> set[str]:
        """The contents that these documents need and the backup has not got yet."""
        needed = {sha256 for each in found for sha256 in each.subject.contents}
        return needed - {sha256 for sha256 in self._contents if sha256 in needed} | needed & self._copier.missing

    def _note(self, found: Reread) -> None:
        subject = found.subject
        is_whole = subject.id not in self._copier.unfinished
        self._later[subject.id] = found if is_whole else queued_anew(found)
        self._changed[subject.id] = subject.version if is_whole else 0

    def _lacks_bytes(self, found: Reread) -> bool:
        return not self._copier.missing.isdisjoint(found.subject.contents)

    def _forget(self, document_id: str) -> None:
        self._later.pop(document_id, None)
        self._changed[document_id] = None

    def _rivals(self) -> set[str]:
        """Documents with a content that another one of the store has by now, and may not: they have changed too."""
        if not self._later:
            return set()
        holders = {_key(each.subject): each.subject.id for each in self._later.values()}
        found = {each.subject.id for each in self._later.values()} - set(holders.values())
        for values in self._subjects:
            subject = Subject(**values)
            if subject.id not in self._changed and _key(subject) in holders:
                found.add(subject.id)
                self._chunks -= subject.chunks
        return found

    async def _later_rows(self) -> AsyncGenerator[bytes]:
        for table in ("files", "documents", "jobs"):
            rows = {row["id"]: row for each in self._later.values() for row in each.rows[table]}
            if rows:
                yield await self._packed_rows("later", table, list(rows.values()))

    async def _packed_rows(self, folder: str, table: str, rows: Sequence[Row]) -> bytes:
        name = f"{folder}/{table}/{self._batches[table]:08}.jsonl"
        self._batches[table] += 1
        return await asyncio.to_thread(lambda: self._entries.whole(name, _lines(rows)))

    def _manifest(self) -> Manifest:
        gone = sum(version is None for version in self._changed.values())
        return Manifest(
            origin=self._origin,
            rows=dict(self._rows),
            files=self._copier.files,
            file_bytes=self._copier.file_bytes,
            documents=self._documents - gone,
            chunks=self._chunks + sum(e.subject.chunks for e in self._later.values() if self._changed[e.subject.id]),
            changed=self._changed,
            left_out=self._left_out,
            entries=self._entries.count,
            digest=self._entries.digest,
        )


def _lines(rows: Sequence[Row]) -> bytes:
    return b"".join(json.dumps(row, ensure_ascii=False).encode() + b"\n" for row in rows)


def _as_values(subject: Subject) -> dict[str, object]:
    return {name: getattr(subject, name) for name in Subject.__slots__}


def _key(subject: Subject) -> tuple[str, str]:
    """What is there once: a content of a store, or a document that was attached, whatever it holds."""
    return subject.store_id, subject.id if subject.attached else subject.contents[0]
