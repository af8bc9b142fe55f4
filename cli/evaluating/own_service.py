"""A service for the length of a command. Imported only where it is started: it loads everything."""

import asyncio
from collections.abc import Callable
from contextlib import closing
from typing import Generic, TypeVar

from pydantic import SecretStr

from api import configure_logging, running, until_stopped
from cli.client import Client
from cli.starting import show_key, spare_the_collector
from settings import LogSettings, Settings

T = TypeVar("T")


class OwnService(Generic[T]):
    """Serves on a free port of this machine, works, stops."""

    def __init__(self, settings: Settings, work: Callable[[Client], T]) -> None:
        server = settings.server.model_copy(update={"host": "127.0.0.1", "port": 0})
        self.results: list[T] = []
        """What the work returned; nothing when it was stopped."""
        self._settings = settings.model_copy(update={"server": server})
        self._work = work
        self._key = settings.api_key or settings.keys.admin_key

    async def run(self) -> None:
        """Serve until the work is done, or SIGINT or SIGTERM stops it.

        Raises:
            RecordsError, VectorStoreError, UpstreamError: a part of the service cannot start; and what the work raises.
        """
        configure_logging(LogSettings(level="warning"))
        async with running(self._settings, self._show_key) as address:
            stopped = until_stopped()
            spare_the_collector()
            with closing(Client(address, self._key)) as client:
                done = asyncio.create_task(asyncio.to_thread(self._do, client))
                await asyncio.wait([stopped, done], return_when=asyncio.FIRST_COMPLETED)
            if stopped.done():
                done.add_done_callback(_ignore)  # its next call fails
                return
            await done

    def _do(self, client: Client) -> None:
        self.results.append(self._work(client))

    def _show_key(self, key: str) -> None:
        show_key(key)
        self._key = SecretStr(key)


def _ignore(ended: asyncio.Task[None]) -> None:
    """Take the error, which would be logged otherwise."""
    if not ended.cancelled():
        ended.exception()
