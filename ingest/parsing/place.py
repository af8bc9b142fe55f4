"""A place at which files are read: a slot of the pool with a live process in it."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

from ingest.chunking.splitting import Span
from ingest.parsing.child import Child
from ingest.parsing.errors import ParseTimeoutError
from ingest.parsing.extracted import Extracted
from ingest.parsing.wire import Reply, Request
from settings.options import IngestSettings

_BROKEN = (asyncio.IncompleteReadError, OSError, ValueError, TypeError, KeyError, IndexError)
"""The process died over the file, or answered nonsense."""


class Place:
    """One file after another; a process that a file harmed is replaced before the next."""

    def __init__(self, child: Child, start: Callable[[], Awaitable[Child]], settings: IngestSettings) -> None:
        self.child = child
        self._start = start
        self._settings = settings
        self.is_reusable = True
        """Whether the process may read another file."""

    async def parse(
        self, path: Path, filename: str, *, max_tokens: int, overlap_tokens: int
    ) -> tuple[Extracted, list[Span]]:
        """Read and chunk one file. Cancelling kills the process.

        Raises a child of ParseError: that of `ingest.parsing.parser.parse`, ParseTimeoutError or ParseCrashedError.
        """
        await self._renew()
        self.is_reusable = False
        reply = await self._ask(Request(str(path), filename, max_tokens, overlap_tokens))
        self.is_reusable = not reply.retire
        if reply.error is not None:
            raise reply.error
        assert reply.extracted is not None
        return reply.extracted, reply.spans

    async def _renew(self) -> None:
        if not (self.is_reusable and self.child.is_alive):
            await self.child.kill()
            self.child = await self._start()

    async def _ask(self, request: Request) -> Reply:
        try:
            async with asyncio.timeout(self._settings.parse_timeout_seconds) as timeout:
                return await self.child.ask(request, lambda: self._extend(timeout))
        except TimeoutError as exc:
            raise ParseTimeoutError from exc
        except _BROKEN as exc:
            raise await self.child.why_it_ended() from exc

    def _extend(self, timeout: asyncio.Timeout) -> None:
        timeout.reschedule(asyncio.get_running_loop().time() + self._settings.ocr_page_timeout_seconds)
