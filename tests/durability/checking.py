"""What must be true when all is done, whatever was killed on the way: looked up in the real data."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

import anyio
import numpy as np
import sqlalchemy as sa

from ingest.collections import collection_of
from ingest.removal import finish_due
from ingest.writing import embedded_text
from records import Records, documents, jobs, open_records, stores
from records.blobs import names
from records.clock import now
from records.documents import Document, Status
from records.ids import DocumentId
from records.jobs import Job
from records.leases import CRASHED
from records.schema import documents as document_table
from records.schema import embeddings, files, removals
from records.schema import jobs as job_table
from records.stores import Store
from search import Request, Searcher
from settings import SearchSettings
from tests.durability.runner import STORE, Setup
from tests.durability.workload import Asked, Content
from tests.fakes.embedding import embed
from upstream import Upstream, open_upstream
from vectorstore import Chunk, VectorStore, open_vector_store

_PAGE = 500
_STEP = 64
_SAME_DIRECTION = 0.9999
_PATIENCE_SECONDS = 30.0


@dataclass(slots=True)
class Findings:
    """Counts, and everything that is not as it should be."""

    statuses: Counter[str] = field(default_factory=Counter)
    """How many documents ended how."""
    parked: list[str] = field(default_factory=list)
    """Documents that were given up since their readers died too often."""
    lost: int = 0
    """Documents that were taken in and are not there, or have not ended."""
    points_expected: int = 0
    points_found: int = 0
    found_by_search: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Opened:
    """The parts of Footnote, while nobody works."""

    records: Records
    vectors: VectorStore
    upstream: Upstream
    store: Store


async def check(setup: Setup, asked: Sequence[Asked]) -> Findings:
    """Compare what was asked for with what is there."""
    settings = setup.settings
    async with (
        open_records(settings.data, settings.database) as records,
        open_vector_store(settings.qdrant, settings.data.dir / "vectors") as vectors,
        open_upstream(settings.upstream) as upstream,
    ):
        store = await records.database.read(lambda c: stores.find(c, STORE))
        assert store is not None
        checker = Checker(Opened(records, vectors, upstream, store), asked)
        await checker.run()
    return checker.findings


class Checker:
    """Goes through rows, files, texts, points and searches."""

    def __init__(self, opened: Opened, asked: Sequence[Asked]) -> None:
        self.findings = Findings()
        self._opened = opened
        self._records = opened.records
        self._asked = asked
        self._rows: dict[str, Document] = {}
        self._parked: set[DocumentId] = set()

    async def run(self) -> None:
        """Everything, in turn."""
        await self._finish_removals()
        await self._check_documents()
        await self._check_leftovers()
        chunks = await self._check_points()
        await self._check_texts(chunks)
        await self._check_searches()

    def _complain(self, problem: str) -> None:
        self.findings.problems.append(problem)

    async def _finish_removals(self) -> None:
        """Those that wait for their time are carried out then; none may be left."""
        with anyio.fail_after(_PATIENCE_SECONDS):
            while await self._count(removals):
                await finish_due(self._records, self._opened.vectors)
                if not await self._count(removals, removals.c.due_at > now()):
                    break
                await anyio.sleep(0.1)
        if left := await self._count(removals):
            self._complain(f"{left} removals were due and are left")

    async def _count(self, table: sa.Table, *conditions: sa.ColumnElement[bool]) -> int:
        query = sa.select(sa.func.count()).select_from(table).where(*conditions)
        return int(await self._records.database.read(lambda c: c.execute(query).scalar_one()))

    async def _check_documents(self) -> None:
        rows = await self._records.database.read(
            lambda c: documents.page(c, self._opened.store.id, status=None, after=None, limit=1_000_000)
        )
        self._rows = {row.id: row for row in rows}
        self.findings.statuses.update(row.status.value for row in rows)
        ids = [one.id for one in self._asked if one.state != "deleted"]
        if unknown := self._rows.keys() - set(ids):
            self._complain(f"documents that nobody asked for: {unknown}")
        if len(ids) != len(set(ids)) or len({one.id for one in self._asked}) != len(self._asked):
            self._complain("two uploads have become one document")
        page = await self._records.database.read(lambda c: jobs.page(c, limit=1_000_000))
        self._parked = {job.document_id for job in page if job.error and job.error.code == CRASHED.code}
        for one in self._asked:
            self._check_document(one)
        self._check_jobs(page)

    def _check_document(self, one: Asked) -> None:
        row = self._rows.get(one.id)
        if one.state == "deleted":
            self.findings.statuses["deleted"] += 1
            if row is not None:
                self._complain(f"{one.id} was deleted and is there")
        elif row is None or row.status in {Status.QUEUED, Status.IN_PROGRESS}:
            self.findings.lost += 1
            self._complain(f"{one.id} is lost: {row.status if row else 'gone'}")
        elif one.id in self._parked:
            self.findings.parked.append(row.id)
            self._check_parked(one, row)
        elif problem := _unexpected(one, row):
            self._complain(f"{one.id} {one.state} {one.content.kind}: {problem}")

    def _check_parked(self, one: Asked, row: Document) -> None:
        """A version from before the file that was given up stays visible."""
        status = Status.COMPLETED if row.version else Status.FAILED
        if row.status is not status or (row.version and _visible(one, row) not in one.earlier):
            self._complain(f"{one.id} was given up and is {row.status}, version {row.version}")

    def _check_jobs(self, page: Sequence[Job]) -> None:
        self._complain_of("jobs that have not ended", [job.id for job in page if job.is_active])
        self._complain_of("jobs held by workers", [job.id for job in page if job.owner is not None])
        self._complain_of("jobs of no document", [job.id for job in page if job.document_id not in self._rows])
        if len(page) != len(self._rows):
            self._complain(f"{len(page)} jobs for {len(self._rows)} documents")

    def _complain_of(self, what: str, those: Sequence[str]) -> None:
        if those:
            self._complain(f"{what}: {those}")

    async def _check_leftovers(self) -> None:
        """No file, no row of a file and no vector of anything that is gone."""
        used = sa.select(document_table.c.file_id).union(sa.select(job_table.c.file_id))
        if left := await self._count(files, files.c.id.not_in(used)):
            self._complain(f"{left} rows of files that nothing uses")
        known = sa.select(document_table.c.id)
        if left := await self._count(embeddings, embeddings.c.document_id.not_in(known)):
            self._complain(f"{left} vectors of documents that are gone")
        contents = await self._records.database.read(lambda c: set(c.execute(sa.select(files.c.sha256)).scalars()))
        kept = {name async for name in self._records.blobs.names(names.FILES)}
        self._compare("files", {names.file(sha256) for sha256 in contents}, kept)

    def _compare(self, what: str, expected: set[str], found: set[str]) -> None:
        if missing := expected - found:
            self._complain(f"{what} that are missing: {sorted(missing)[:5]} and so on, {len(missing)}")
        if left := found - expected:
            self._complain(f"{what} that should be gone: {sorted(left)[:5]} and so on, {len(left)}")

    async def _check_points(self) -> dict[tuple[str, int], list[Chunk]]:
        """The points of each visible version, whole and once, with the right vectors, and no others."""
        expected: dict[tuple[str, int], int] = {
            (row.id, row.version): row.chunks for row in self._rows.values() if row.version
        }
        found: dict[tuple[str, int], list[Chunk]] = {}
        after: str | None = None
        collection, scroll = collection_of(self._opened.store), self._opened.vectors.scroll
        while True:
            page = await scroll(collection, after=after, limit=_PAGE, with_vectors=True)
            for position, chunk in enumerate(page.chunks):
                found.setdefault((chunk.document_id, chunk.version), []).append(chunk)
                if page.vectors is None or not _is_right(chunk, page.vectors[position]):
                    self._complain(f"a wrong vector: {chunk.document_id}, {chunk.version}, {chunk.index}")
            if (after := page.after) is None:
                break
        self.findings.points_expected = sum(expected.values())
        self.findings.points_found = sum(map(len, found.values()))
        for key in expected.keys() | found.keys():
            indices = sorted(chunk.index for chunk in found.get(key, []))
            if indices != list(range(expected.get(key, 0))):
                self._complain(f"points of {key}: {len(indices)} instead of {expected.get(key, 0)}")
        return found

    async def _check_texts(self, found: dict[tuple[str, int], list[Chunk]]) -> None:
        """The text of each visible version, from which its chunks are cut, and no other."""
        visible = [row for row in self._rows.values() if row.version]
        expected = {names.text(row.id, row.version) for row in visible}
        expected |= {names.layout(row.id, row.version) for row in visible if row.chunks > _STEP}
        self._compare("texts", expected, {name async for name in self._records.blobs.names(names.TEXTS)})
        for row in visible:
            text = await self._records.blobs.text(DocumentId(row.id), row.version) or ""
            if any(text[c.start : c.end] != c.text for c in found.get((row.id, row.version), [])):
                self._complain(f"chunks of {row.id} are not in its text")

    async def _check_searches(self) -> None:
        """Each visible document is found by a word that no other has; what was replaced or deleted is not."""
        opened = self._opened
        searcher = Searcher(opened.records.database, opened.vectors, opened.upstream, SearchSettings())
        visible = {one.id: one for one in self._asked if one.id in self._rows and self._rows[one.id].version}
        for one in visible.values():
            content = _visible(one, self._rows[one.id]) or one.content
            hits = await searcher.search(Request(opened.store, content.codeword, limit=10))
            if any(hit.chunk.document_id == one.id and content.codeword in hit.chunk.text for hit in hits):
                self.findings.found_by_search += 1
            else:
                self._complain(f"{one.id} is not found")


def _visible(one: Asked, row: Document) -> Content | None:
    """Which of its contents is to be seen."""
    return next((content for content in (one.content, *one.earlier) if content.sha256 == row.sha256), None)


def _unexpected(one: Asked, row: Document) -> str | None:
    """What is wrong with how a document ended."""
    if row.version and row.sha256 != one.content.sha256:
        return "another content is visible than the last one taken in"
    if row.status is Status.COMPLETED and row.version and row.error is None:
        return None if one.content.kind != "unreadable" and one.state != "cancelled" else "completed"
    if row.status is Status.CANCELLED and not row.version:
        return None if one.state in {"cancelled", "perhaps cancelled"} else "cancelled by nobody"
    if row.status is Status.FAILED and not row.version and row.error and row.error.code == "unsupported_type":
        return None if one.content.kind == "unreadable" else "it could have been read"
    return f"{row.status}, version {row.version}, {row.error}"


def _is_right(chunk: Chunk, vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> bool:
    wanted = embed(embedded_text(chunk), len(vector))
    length = float(np.linalg.norm(vector))
    return bool(np.isfinite(vector).all()) and length > 0 and float(wanted @ vector) / length > _SAME_DIRECTION
