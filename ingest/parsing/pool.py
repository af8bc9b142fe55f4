"""Reading files in processes of their own, so that a hostile file harms only itself."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from ingest.parsing.child import Child
from ingest.parsing.place import Place
from ingest.parsing.recognition import require_engine
from settings.options import IngestSettings

_MAX_FILES_PER_PROCESS = 5_000
_MAX_DEFAULT_PROCESSES = 2


class ParserPool:
    """Up to `parse_processes` processes, started when first needed and kept warm."""

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._processes = settings.parse_processes or _default_processes()
        self._slots = asyncio.Semaphore(self._processes)
        self._idle: list[Child] = []
        self._occupied = 0

    @property
    def processes(self) -> int:
        """How many files can be read side by side."""
        return self._processes

    @property
    def is_full(self) -> bool:
        """Whether another file would have to wait."""
        return self._slots.locked()

    @asynccontextmanager
    async def place(self) -> AsyncIterator[Place]:
        """Wait for a free place with a process that has loaded all it needs. Leaving by an error ends the process.

        Raises ParserStartError.
        """
        async with self._slots:
            self._occupied += 1
            try:
                place = Place(await self._take(), self._start, self._settings)
                try:
                    yield place
                finally:
                    await self._put_back(place)
            finally:
                self._occupied -= 1

    async def warm(self) -> None:
        """Start all processes, one after the other, so that no file need wait for it. Raises ParserStartError."""
        while len(self._idle) + self._occupied < self._processes:
            async with self._slots:
                self._occupied += 1
                try:
                    child = await self._start()
                finally:
                    self._occupied -= 1
                self._idle.append(child)

    async def close(self) -> None:
        """End all idle processes; files under way end with their tasks."""
        while self._idle:
            await self._idle.pop().kill()

    async def _start(self) -> Child:
        return await Child.start(self._settings)

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await child.kill()
        return await self._start()

    async def _put_back(self, place: Place) -> None:
        if place.is_reusable and place.child.is_alive and place.child.files < _MAX_FILES_PER_PROCESS:
            self._idle.append(place.child)
        else:
            await place.child.kill()


@asynccontextmanager
async def open_parser_pool(settings: IngestSettings) -> AsyncIterator[ParserPool]:
    """Open the pool; its processes end with it, and with this process however that ends.

    Raises ParserStartError where `ingest.ocr` asks for what is not installed.
    """
    if settings.ocr == "local":
        require_engine()
    pool = ParserPool(settings)
    try:
        yield pool
    finally:
        await pool.close()


def _default_processes() -> int:
    return min(_MAX_DEFAULT_PROCESSES, len(os.sched_getaffinity(0)))
