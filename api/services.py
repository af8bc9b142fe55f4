"""Everything a request may use, opened once when the service starts."""

import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from api.feed import Feed
from ingest import Intake, Worker, open_worker
from records import Records, open_records
from search import Answerer, Searcher
from settings import Settings
from upstream import Upstream, open_upstream
from vectorstore import VectorStore, open_vector_store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of Footnote, ready to work."""

    settings: Settings
    records: Records
    vectors: VectorStore
    upstream: Upstream
    intake: Intake
    worker: Worker | None
    """None where only `footnote worker` works on documents."""
    searcher: Searcher
    answerer: Answerer
    feed: Feed

    def wake_worker(self) -> None:
        """Tell the worker of this process that a job was queued; others hear of it from the database."""
        if self.worker is not None:
            self.worker.wake()


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open every part, lowest floor first; they are closed in reverse."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records = await enter(open_records(settings.data, settings.database, settings.files))
        vectors = await enter(open_vector_store(settings.qdrant, settings.data.dir / "vectors"))
        upstream = await enter(open_upstream(settings.upstream))
        worker = None
        if not settings.ingest.in_service and records.database.is_exclusive:
            _log.warning(
                "Nobody works on documents: ingest.in_service is off, and `footnote worker` needs a database.url."
            )
        if settings.ingest.in_service:
            worker = await enter(open_worker(settings.ingest, records, vectors, upstream))
        intake = Intake(records, vectors, settings.ingest, max_bytes=settings.server.max_upload_bytes)
        searcher = Searcher(records.database, vectors, upstream, settings.search)
        answerer = Answerer(searcher, upstream.chat, settings.search)
        feed = Feed(records.database)
        stack.callback(feed.close)
        yield Services(settings, records, vectors, upstream, intake, worker, searcher, answerer, feed)


def _of_request(request: Request) -> Services:
    return cast("Services", request.state.services)


Opened = Annotated[Services, Depends(_of_request)]
"""A parameter of this type gives a route the services."""
