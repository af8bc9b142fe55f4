"""Reading files in processes of their own, so that a hostile file harms only itself."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from ingest.chunking.splitting import Span
from ingest.parsing.child import Child
from ingest.parsing.errors import ParseCrashedError, ParseTimeoutError
from ingest.parsing.extracted import Extracted
from ingest.parsing.wire import Reply, Request
from settings.options import IngestSettings

_MAX_FILES_PER_PROCESS = 500
_MAX_DEFAULT_PROCESSES = 4


class ParserPool:
    """Up to `parse_processes` processes, started when first needed and kept warm."""

    def __init__(self, settings: IngestSettings) -> None:
        self._settings = settings
        self._slots = asyncio.Semaphore(settings.parse_processes or _default_processes())
        self._idle: list[Child] = []

    async def parse(
        self, path: Path, filename: str, *, max_tokens: int, overlap_tokens: int
    ) -> tuple[Extracted, list[Span]]:
        """Read and chunk one file; waits while all processes are busy. Cancelling kills the process.

        Raises a child of ParseError: that of `ingest.parsing.parser.parse`, ParseTimeoutError or ParseCrashedError.
        """
        request = Request(str(path), filename, max_tokens, overlap_tokens)
        async with self._slots:
            child = await self._take()
            reply: Reply | None = None
            try:
                reply = await self._ask(child, request)
            finally:
                await self._put_back(child, keep=reply is not None and not reply.retire)
        if reply.error is not None:
            raise reply.error
        assert reply.extracted is not None
        return reply.extracted, reply.spans

    async def warm(self) -> None:
        """Start a process, so that the first file need not wait for it. Raises ParserStartError."""
        async with self._slots:
            self._idle.append(await self._take())

    async def close(self) -> None:
        """End all idle processes; files under way end with their tasks."""
        while self._idle:
            await self._idle.pop().kill()

    async def _ask(self, child: Child, request: Request) -> Reply:
        try:
            async with asyncio.timeout(self._settings.parse_timeout_seconds):
                return await child.ask(request)
        except TimeoutError as exc:
            raise ParseTimeoutError from exc
        except (asyncio.IncompleteReadError, OSError, ValueError, TypeError, KeyError) as exc:
            raise ParseCrashedError from exc

    async def _take(self) -> Child:
        while self._idle:
            child = self._idle.pop()
            if child.is_alive:
                return child
            await child.kill()
        return await Child.start(self._settings)

    async def _put_back(self, child: Child, *, keep: bool) -> None:
        if keep and child.files < _MAX_FILES_PER_PROCESS:
            self._idle.append(child)
        else:
            await child.kill()


@asynccontextmanager
async def open_parser_pool(settings: IngestSettings) -> AsyncIterator[ParserPool]:
    """Open the pool; its processes end with it, and with this process however that ends."""
    pool = ParserPool(settings)
    try:
        yield pool
    finally:
        await pool.close()


def _default_processes() -> int:
    return min(_MAX_DEFAULT_PROCESSES, len(os.sched_getaffinity(0)))
