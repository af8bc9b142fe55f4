"""One collection of the embedded engine: its process, the order of its writes, its optimising."""

import asyncio
import logging
from dataclasses import dataclass
from typing import Any

from settings.options import QdrantSettings
from vectorstore.embedded.finishing import finished
from vectorstore.embedded.generations import Generation, Generations
from vectorstore.embedded.messages import Flush, Ping, Read, Request, Upsert, Write, Written
from vectorstore.embedded.optimiser import optimise_folder
from vectorstore.embedded.process import EngineProcess, ProcessEndedError
from vectorstore.errors import VectorStoreError, VectorStoreUnavailableError

_log = logging.getLogger(__name__)

_REGROWTH = 4
"""A collection is optimised again when a quarter of it has been written or deleted since."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What collections share: options and the descriptor of the folder's lock."""

    options: QdrantSettings
    lock: int


class EmbeddedCollection:
    """One collection that is open, from `open` to `close`.

    Optimising never touches the data that is being searched: a copy is optimised in a process of its own at low
    priority while writes are also kept in a journal; these are replayed on the copy, and a fresh engine process that
    serves the copy takes over.
    """

    def __init__(self, generations: Generations, dimensions: int, surroundings: Surroundings) -> None:
        self._generations = generations
        self._dimensions = dimensions
        self._surroundings = surroundings
        self._writing = asyncio.Lock()
        self._restarting = asyncio.Lock()
        self._journal: list[Write] | None = None
        self._optimising: asyncio.Task[None] | None = None
        self._changes = 0
        self._chunk_count = 0

    async def open(self) -> None:
        """Start the engine on the current generation, or on a first one."""
        known = await asyncio.to_thread(self._generations.current)
        self._generation = await asyncio.to_thread(self._generations.new) if known is None else known
        self._process = await self._start(self._generation)
        if known is None:
            await asyncio.to_thread(self._generations.switch, self._generation)
        self._chunk_count = (await self._process.ask(Ping())).chunk_count
        self._changes = abs(self._chunk_count - self._generation.optimised_chunks)

    async def close(self) -> None:
        """Give up optimising, flush and end the process."""
        if self._optimising is not None:
            self._optimising.cancel()
            await asyncio.wait([self._optimising])
        await self._process.stop()

    @property
    def pid(self) -> int:
        """Process id of the engine."""
        return self._process.pid

    @property
    def generation(self) -> Generation:
        """The data that is being served."""
        return self._generation

    async def read(self, request: Read) -> Any:
        """Ask something that changes nothing; waits for one write at most, however many are due."""
        return await self._ask(request)

    async def write(self, request: Write) -> None:
        """Change something. One write is on its way at a time, so that questions can overtake the others."""
        async with self._writing:
            if self._journal is not None:
                self._journal.append(request)
            written: Written = await self._ask(request)
        self._note(request, written.chunk_count)

    async def optimised(self) -> None:
        """Wait until no optimising is under way."""
        if self._optimising is not None:
            await asyncio.wait([self._optimising])

    async def _start(self, generation: Generation) -> EngineProcess:
        folder, surroundings = self._generations.path(generation), self._surroundings
        return await EngineProcess.start(
            folder, self._dimensions, surroundings.options.flush_seconds, [surroundings.lock]
        )

    async def _ask(self, request: Request) -> Any:
        try:
            async with asyncio.timeout(self._surroundings.options.timeout_seconds):
                return await self._ask_twice(request)
        except TimeoutError as exc:
            message = "The vector engine took too long; raise `qdrant.timeout_seconds`."
            raise VectorStoreUnavailableError(message) from exc

    async def _ask_twice(self, request: Request) -> Any:
        process = self._process
        try:
            return await process.ask(request)
        except ProcessEndedError:
            # Every request has the same effect when it is carried out twice, so it may simply be sent again.
            _log.warning("A vector engine process ended unexpectedly; starting it again")
        await finished(self._restart(process))
        try:
            return await self._process.ask(request)
        except ProcessEndedError as exc:
            raise VectorStoreUnavailableError from exc

    async def _restart(self, dead: EngineProcess) -> None:
        async with self._restarting:
            if self._process is dead:
                await dead.stop()
                self._process = await self._start(self._generation)

    def _note(self, request: Write, chunk_count: int) -> None:
        written = len(request.chunks) if isinstance(request, Upsert) else 0
        self._changes += max(written, abs(chunk_count - self._chunk_count))
        self._chunk_count = chunk_count
        if self._is_due() and (self._optimising is None or self._optimising.done()):
            self._optimising = asyncio.create_task(self._optimise_while_due(), name="vectorstore-optimising")

    def _is_due(self) -> bool:
        enough = self._surroundings.options.optimize_after_points
        regrown = self._generation.optimised_chunks // _REGROWTH
        # A small collection too, when documents of it are replaced again and again: their old chunks take up room.
        return self._changes >= max(enough, regrown)

    async def _optimise_while_due(self) -> None:
        while self._is_due():
            await self._optimise()

    async def _optimise(self) -> None:
        # Also when it fails: another try comes after as many changes again, not at once.
        self._changes = 0
        target = await asyncio.to_thread(self._generations.new, self._chunk_count)
        try:
            await finished(self._copy(target))
            await optimise_folder(self._generations.path(target), self._dimensions)
            await finished(self._take_over(target))
        except (VectorStoreError, ProcessEndedError, OSError) as exc:
            _log.warning("Optimising a collection failed; it stays as it was: %s", exc)
        finally:
            self._journal = None
            if self._generation is not target:
                await finished(asyncio.to_thread(self._generations.remove, target))

    async def _copy(self, target: Generation) -> None:
        async with self._writing:
            await self._ask(Flush())
            await asyncio.to_thread(self._generations.copy, self._generation, target)
            self._journal = []

    async def _take_over(self, target: Generation) -> None:
        process = await self._start(target)
        old = process
        try:
            while self._journal:
                await self._replay(process)
            async with self._writing:
                await self._replay(process)
                await process.ask(Flush())
                async with self._restarting:
                    await asyncio.to_thread(self._generations.switch, target)
                    replaced, self._generation = self._generation, target
                    old, self._process = self._process, process
                self._journal = None
        finally:
            await old.stop()
        await asyncio.to_thread(self._generations.remove, replaced)

    async def _replay(self, process: EngineProcess) -> None:
        writes, self._journal = self._journal or [], []
        for write in writes:
            await process.ask(write)
