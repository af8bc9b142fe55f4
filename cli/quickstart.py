"""`footnote quickstart`: from nothing to a cited answer and a running service."""

import asyncio
from contextlib import closing
from importlib.resources import as_file, files
from pathlib import Path

from pydantic import SecretStr
from rich.console import Console

from api import configure_logging, running, until_stopped
from cli.adding import Adder
from cli.client import Client
from cli.reporting import show
from cli.showing import line, show_answer
from cli.starting import show_key
from cli.walking import files_in
from settings import LogSettings, Settings

_SAMPLE_STORE = "sample"
_SAMPLE_QUESTION = "How long can I keep a borrowed telescope?"
_FOLDER_QUESTION = "What are these documents about?"


class Quickstart:
    """Serves, adds documents, asks a question."""

    def __init__(self, settings: Settings, console: Console, folder: Path | None, question: str | None) -> None:
        self._settings = settings
        self._console = console
        self._folder = folder
        self._key = settings.api_key or settings.keys.admin_key
        self._store = "default" if folder else _SAMPLE_STORE
        self._question = question or (_FOLDER_QUESTION if folder else _SAMPLE_QUESTION)

    async def run(self, *, serve_on: bool) -> None:
        """Show the way once; then serve until stopped, or stop.

        Raises:
            ClientError, RecordsError, VectorStoreError, UpstreamError, AddressTakenError
        """
        configure_logging(LogSettings(level="warning"))
        async with running(self._settings, self._show_key) as address:
            stopped = until_stopped()
            line(self._console, f"Footnote serves on {address}")
            with closing(Client(address, self._key)) as client:
                shown = asyncio.create_task(asyncio.to_thread(self._show, client))
                await asyncio.wait([stopped, shown], return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                shown.add_done_callback(_ignore)  # its call was cut off, or its next one fails
                return
            await shown
            if serve_on:
                line(self._console, f"\n{self._how_to_go_on(address)}")
                await stopped

    def _show_key(self, key: str) -> None:
        show_key(key)
        self._key = SecretStr(key)

    def _show(self, client: Client) -> None:
        self._add(client)
        line(self._console, (f"\n{self._question}\n", "bold"))
        show_answer(client.ask({"question": self._question, "store": self._store}), self._console)

    def _add(self, client: Client) -> None:
        client.ensure_store(self._store)
        with as_file(files("cli") / "sample") as sample:
            found = list(files_in([self._folder or sample]))
            report = Adder(client, self._console, self._store, None).run(found)
        show(report, self._console)

    def _how_to_go_on(self, address: str) -> str:
        default = self._settings.url.rstrip("/") == address
        url = "" if default else f"FOOTNOTE_URL={address} "
        store = "" if self._store == "default" else f" --store {self._store}"
        return (
            f"Go on in another terminal:\n"
            f'  {url}footnote ask{store} "your question"\n'
            f"  {url}footnote add FOLDER\n"
            f"or over HTTP: {address}/docs. Ctrl-C stops the service."
        )


def _ignore(ended: asyncio.Task[None]) -> None:
    """Take the error, which would be logged otherwise."""
    if not ended.cancelled():
        ended.exception()
