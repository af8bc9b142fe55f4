"""Starting the service from the terminal. Imported only by the commands that do: it loads everything."""

import gc
from collections.abc import Coroutine
from typing import Any

import typer
import uvloop

from api import AddressTakenError, configure_logging, running, until_stopped
from cli.client import ClientError
from cli.ending import exit_with
from ingest import WorkerDiedError
from records.errors import RecordsError
from settings import Settings, SettingsError
from upstream import UpstreamError
from vectorstore import VectorStoreError

_FAILURES = (
    AddressTakenError,
    ClientError,
    SettingsError,
    RecordsError,
    VectorStoreError,
    UpstreamError,
    WorkerDiedError,
)


def run_or_exit(work: Coroutine[Any, Any, None]) -> None:
    """Run to the end; what keeps the service from starting ends the command with its message."""
    try:
        uvloop.run(work)
    except _FAILURES as error:
        exit_with(error)
    except OSError as error:  # such as a data folder that cannot be made
        exit_with(OSError(f"The service cannot run: {error}"))


async def serve_until_stopped(settings: Settings) -> None:
    """Run the service until SIGINT or SIGTERM."""
    configure_logging(settings.log)
    async with running(settings, show_key) as address:
        stopped = until_stopped()  # before anybody is told, and may send a signal
        spare_the_collector()
        typer.echo(f"Footnote serves on {address} (API: {address}/docs). Ctrl-C stops it.", err=True)
        await stopped


def show_key(key: str) -> None:
    """Print the admin key that the first start has made: to the terminal, never to the log."""
    typer.echo(
        f"This is the admin key of this service. It is shown this once, so keep it:\n\n  {key}\n\n"
        f"The commands take it from the environment: export FOOTNOTE_API_KEY={key}\n"
        "Programs send it as `Authorization: Bearer …`; `footnote keys create` makes one for each of them.",
        err=True,
    )


def spare_the_collector() -> None:
    """Set aside what is loaded by now: it stays to the end, and collecting garbage need not look at it each time.

    It then looks at the rest less often than every 700 objects, since a document makes thousands (measured: a tenth of
    the CPU of ingest).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)
