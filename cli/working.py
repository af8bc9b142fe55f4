"""`footnote worker`: working on documents beside a service. Imported only by that command: it loads everything."""

import logging
from contextlib import AsyncExitStack

import typer

from api import configure_logging, open_storage, until_stopped
from cli.starting import spare_the_collector
from ingest import open_worker
from settings import Settings, SettingsError
from upstream import open_upstream

_log = logging.getLogger(__name__)


async def work_until_stopped(settings: Settings) -> None:
    """Work until SIGINT or SIGTERM, then hand back what is under way.

    Raises:
        SettingsError: the settings name a database or an engine that only one process can have.
        RecordsError, VectorStoreError, UpstreamError: a part cannot be opened.
    """
    configure_logging(settings.log)
    _require_shared_parts(settings)
    stopped = until_stopped()  # before anything is taken, so that everything is handed back
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records, vectors = await enter(open_storage(settings))
        upstream = await enter(
            open_upstream(settings.upstream, settings.upstreams, settings.relay, settings.embeddings)
        )
        await enter(open_worker(settings.ingest, records, vectors, upstream))
        spare_the_collector()
        typer.echo("Footnote works on documents. Ctrl-C stops it.", err=True)
        await stopped


def _require_shared_parts(settings: Settings) -> None:
    problems = []
    if settings.database.url is None:
        problems.append("database.url (FOOTNOTE_DATABASE_URL): set it to a Postgres database; SQLite has one process.")
    if settings.qdrant.url is None:
        problems.append("qdrant.url (FOOTNOTE_QDRANT_URL): set it to a Qdrant server; the embedded engine has one too.")
    if problems:
        problems.append("A worker shares these with the service. `footnote serve` alone needs no worker.")
        raise SettingsError(problems)
    if settings.files.url is None:
        _log.warning(
            "Uploaded files are looked for in %s: the service and all workers must share that folder. Set files.url "
            "(FOOTNOTE_FILES_URL) to a bucket where they are on several machines.",
            settings.data.dir.absolute(),
        )
