"""Starting the service from the terminal."""

import os
import sys

import typer

from api import AddressTakenError, configure_logging, running, until_stopped
from records.errors import RecordsError
from settings import Settings, SettingsError, load_settings
from upstream import UpstreamError
from vectorstore import VectorStoreError

START_ERRORS = (AddressTakenError, RecordsError, VectorStoreError, UpstreamError)
"""What can keep the service from starting; their messages are meant for people."""


def settings_or_exit() -> Settings:
    """The configuration; a wrong one ends the process with status 2 before anything is started."""
    try:
        return load_settings(os.environ)
    except SettingsError as error:
        typer.echo(str(error), err=True)
        sys.exit(2)


async def serve_until_stopped(settings: Settings) -> None:
    """Run the service until SIGINT or SIGTERM."""
    configure_logging(settings.log)
    async with running(settings) as address:
        typer.echo(f"Footnote serves on {address} (API: {address}/docs). Ctrl-C stops it.", err=True)
        await until_stopped()
