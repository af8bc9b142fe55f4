"""Everything a request may use, opened once when the service starts."""

import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, cast

from fastapi import Depends, Request
from starlette.types import Scope

from api.accounting.ledger import Ledger, open_ledger
from api.accounting.prices import addresses_of
from api.authorising import keys_are_required
from api.feed import Feed
from api.keyring import Keyring, open_keyring
from api.limiting import Limits, open_limits
from api.relay.app import RelayApp
from api.storage import open_storage
from api.store_model_list import store_models
from ingest import Intake, Worker, open_worker
from records import Records
from search import Answerer, CachingAnswerer, Searcher
from settings import Settings
from upstream import Upstream, open_upstream
from vectorstore import VectorStore

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
    answerer: CachingAnswerer
    feed: Feed
    keys: Keyring
    ledger: Ledger
    limits: Limits
    relay: RelayApp

    def wake_worker(self) -> None:
        """Tell the worker of this process that a job was queued; others hear of it from the database."""
        if self.worker is not None:
            self.worker.wake()

    async def files_elsewhere(self, connection: Scope, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The upstream's page of files for the caller of a request; None where there is none for it."""
        return await self.relay.files(connection, query)


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Open every part, lowest floor first; they are closed in reverse.

    Raises:
        SettingsError: others can reach the service, and it is to take requests without keys.
        RecordsError, VectorStoreError, UpstreamError: a part cannot be opened.
    """
    keys_are_required(settings.keys, settings.server)  # before anything is made
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records, vectors = await enter(open_storage(settings))
        keys = await enter(open_keyring(records.database, settings.keys))
        ledger = await enter(open_ledger(records.database, settings.usage, addresses_of(settings)))
        upstream = await enter(
            open_upstream(settings.upstream, settings.upstreams, settings.relay, settings.embeddings)
        )
        worker = None
        if not settings.ingest.in_service and records.database.is_exclusive:
            _log.warning(
                "Nobody works on documents: ingest.in_service is off, and `footnote worker` needs a database.url."
            )
        if settings.ingest.in_service:
            worker = await enter(open_worker(settings.ingest, records, vectors, upstream))
        intake = Intake(records, vectors, settings.ingest, max_bytes=settings.server.max_upload_bytes)
        searcher = Searcher(records.database, vectors, upstream, settings.search)
        answering = Answerer(searcher, upstream.chat, settings.search, records.blobs.text)
        answerer = CachingAnswerer(answering, upstream.chat, records.database, settings.search)
        feed = Feed(records.database)
        stack.callback(feed.close)
        limits = await enter(open_limits(settings.keys, ledger.spent_usd))
        chat_model = upstream.chat.model if upstream.chat else None
        relay = RelayApp(
            upstream.relay,
            settings.relay,
            limits,
            ledger,
            records.database,
            still_lets=keys.still_lets,
            our_models=partial(store_models, records.database, settings),
            chat_model=chat_model,
        )
        yield Services(
            settings, records, vectors, upstream, intake, worker, searcher, answerer, feed, keys, ledger, limits, relay
        )


async def _of_request(request: Request) -> Services:
    # FastAPI would call a plain function in another thread, and wait for it.
    return cast("Services", request.state.services)


Opened = Annotated[Services, Depends(_of_request)]
"""A parameter of this type gives a route the services."""
