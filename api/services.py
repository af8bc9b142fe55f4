"""Everything a request may use, opened once when the service starts."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends, Request

from ingest import Worker, open_worker
from records import Records, open_records
from search import Answerer, Searcher
from settings import Settings
from upstream import Upstream, open_upstream
from vectorstore import VectorStore, open_vector_store


@dataclass(frozen=True, slots=True)
class Services:
    """The parts of Footnote, ready to work."""

    settings: Settings
    records: Records
    vectors: VectorStore
    upstream: Upstream
    worker: Worker
    searcher: Searcher
    answerer: Answerer


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open every part, lowest floor first; they are closed in reverse."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records = await enter(open_records(settings.data, settings.database))
        vectors = await enter(open_vector_store(settings.qdrant, settings.data.dir / "vectors"))
        upstream = await enter(open_upstream(settings.upstream))
        worker = await enter(open_worker(settings.ingest, records, vectors, upstream))
        searcher = Searcher(records.database, vectors, upstream, settings.search)
        answerer = Answerer(searcher, upstream.chat, settings.search)
        yield Services(settings, records, vectors, upstream, worker, searcher, answerer)


def _of_request(request: Request) -> Services:
    return cast("Services", request.state.services)


Opened = Annotated[Services, Depends(_of_request)]
"""A parameter of this type gives a route the services."""
