"""Changes of documents and their jobs, read from the database in the order they happened, and as events on the wire."""

import json
import math
from collections.abc import AsyncIterator, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from pydantic import BaseModel

from api.progress import document_body, job_body, snapshots_of
from records import Connection, Database, documents, jobs
from records.clock import moment
from records.jobs import Job, Kind

EVERYTHING = ""
"""The topic of all changes; others are the id of a store, or of a document."""
_PAGE = 500
_TIE_SECONDS = 0.01
"""Several changes can bear the same time."""
_LATE_SECONDS = 3.0
"""With several writers, a change can be committed so long after the time that it bears."""


@dataclass(frozen=True, slots=True)
class Change:
    """A document or job as it has become, ready to be sent."""

    key: str
    """What it is about; a later change with the same key takes its place."""
    topics: Sequence[str]
    updated_at: float
    """When, by the database's clock; infinite where there is nothing to come after."""
    text: str
    """The event on the wire."""
    is_final: bool
    """Whether nothing more happens to it unless somebody asks for it."""


DELETED = Change("deleted", (), math.inf, 'event: deleted\ndata: {"deleted": true}\n\n', is_final=True)


@dataclass(slots=True)
class Window:
    """From when on one reader looks for changes, and what of that it has seen.

    `is_exact` is for a database with one writer at a time: there, what is committed later also bears a later time.
    """

    is_exact: bool
    since: float | None = None
    seen: dict[str, float] = field(default_factory=dict)

    def begin(self, connection: Connection) -> float:
        """The time to look from at first."""
        return (jobs.last_change(connection) if self.is_exact else moment(connection)) - self._overlap()

    def close(self, began: float) -> None:
        """Everything was seen of a look that began at this moment."""
        latest = max(self.seen.values(), default=self.since if self.since is not None else began)
        self.since = (min(latest, began) if self.is_exact else began) - self._overlap()
        self.seen = {job_id: time for job_id, time in self.seen.items() if time > self.since}

    def _overlap(self) -> float:
        return overlap_seconds(is_exact=self.is_exact)


@dataclass(frozen=True, slots=True)
class _Page:
    began: float
    found: Sequence[Job]
    changes: Sequence[Change]
    goes_on_at: float | None


def overlap_seconds(*, is_exact: bool) -> float:
    """How far before the last change that was seen there may be some that were not."""
    return _TIE_SECONDS if is_exact else _LATE_SECONDS


async def changed_since(database: Database, window: Window) -> AsyncIterator[Sequence[Change]]:
    """What changed since the window was closed, in pages; moves the window on."""
    since = window.since if window.since is not None else await database.read(window.begin)
    page = await database.read(partial(_page, since, window.seen, None))
    began = page.began
    while True:
        window.seen |= {job.id: job.updated_at for job in page.found}
        yield page.changes
        if page.goes_on_at is None:
            break
        page = await database.read(partial(_page, page.goes_on_at, window.seen, None))
    window.close(began)


async def missed(database: Database, since: float, store_ids: Collection[str] | None) -> AsyncIterator[Change]:
    """What changed since a moment and has not changed again, in the order of the changes."""
    goes_on_at: float | None = since
    seen: dict[str, float] = {}
    while goes_on_at is not None:
        page = await database.read(partial(_page, goes_on_at, seen, store_ids))
        seen = {job.id: job.updated_at for job in page.found}
        for change in page.changes:
            yield change
        goes_on_at = page.goes_on_at


def changes_of(connection: Connection, found: Sequence[Job]) -> Iterator[Change]:
    """These jobs and their documents as they are now."""
    now = moment(connection)
    ingested = [job.document_id for job in found if job.kind is Kind.INGEST]
    shown = {one.document.id: one for one in snapshots_of(connection, ingested)}
    for job in found:
        if job.kind is not Kind.INGEST:
            text = event("job", job_body(job, now), job.updated_at)
            yield Change(job.id, (job.store_id, EVERYTHING), job.updated_at, text, is_final=not job.is_active)
        elif (snapshot := shown.get(job.document_id)) and (latest := snapshot.job):
            text = event("document", document_body(snapshot), latest.updated_at)
            topics = job.document_id, job.store_id, EVERYTHING
            yield Change(job.document_id, topics, latest.updated_at, text, is_final=not latest.is_active)


def gone(connection: Connection, document_ids: Sequence[str]) -> Sequence[str]:
    """Those of these documents that were deleted."""
    there: set[str] = set()
    for start in range(0, len(document_ids), _PAGE):
        there |= documents.versions(connection, document_ids[start : start + _PAGE]).keys()
    return [document_id for document_id in document_ids if document_id not in there]


def event(name: str, body: BaseModel, updated_at: float) -> str:
    """An event on the wire, with the moment of the change as its id."""
    # All in ASCII: some clients also end lines at U+2028, U+2029 or U+0085, which names may hold.
    return f"id: {updated_at:.6f}\nevent: {name}\ndata: {json.dumps(_plain(body))}\n\n"


def _plain(body: BaseModel) -> Mapping[str, Any]:
    return body.model_dump(mode="json")


def _page(since: float, seen: Mapping[str, float], store_ids: Collection[str] | None, connection: Connection) -> _Page:
    began = moment(connection)
    found = jobs.changed(connection, since, store_ids=store_ids, limit=_PAGE)
    fresh = [job for job in found if seen.get(job.id) != job.updated_at]
    goes_on_at = None
    if len(found) == _PAGE:
        last = found[-1].updated_at
        goes_on_at = last - _TIE_SECONDS if last - _TIE_SECONDS > since else last
    return _Page(began, found, list(changes_of(connection, fresh)), goes_on_at)
