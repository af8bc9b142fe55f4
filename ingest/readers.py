"""Where files are read: the pool's places for all, and one more for what is urgent while those are taken."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from ingest.parsing import ParserPool, Place, open_parser_pool
from settings import IngestSettings


class Readers:
    """Places to read files at."""

    def __init__(self, pool: ParserPool, spare: ParserPool) -> None:
        self._pool = pool
        self._spare = spare

    @property
    def places(self) -> int:
        """How many files can be read side by side, the one more for urgent ones aside."""
        return self._pool.processes

    def place(self, *, urgent: bool) -> AbstractAsyncContextManager[Place]:
        """Wait for a place; an urgent file never waits for one that is not.

        Raises:
            ParserStartError: the process that reads files cannot be started.
        """
        return self._spare.place() if urgent and self._pool.is_full else self._pool.place()

    async def start(self) -> None:
        """Start a process that reads files, so that the first need not wait for it. Raises ParserStartError."""
        async with self._pool.place():
            return

    async def warm(self) -> None:
        """Start the others too. Raises ParserStartError."""
        await self._pool.warm()


@asynccontextmanager
async def open_readers(settings: IngestSettings) -> AsyncIterator[Readers]:
    """Open the places; their processes end with them."""
    spare = settings.model_copy(update={"parse_processes": 1})
    async with open_parser_pool(settings) as pool, open_parser_pool(spare) as urgent:
        yield Readers(pool, urgent)
