"""Thin covers over the parts of Footnote that kill the own process at a chosen call."""

import asyncio
import inspect
import os
import signal
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any, cast

from records import Blobs, Connection, Database, Records
from tests.durability.kills import BLOBS, POISON_ALONE, POISON_BESIDE_OTHERS, VECTORS, WRITES, Kill, Moment
from vectorstore import VectorStore

_MODULES = {"leases", "embeddings", "stores", "budgets", "jobs", "documents", "removals", "self"}
_SHORTLY_SECONDS = 0.003


class Tripwire:
    """What kills the process."""

    def __init__(self, folder: Path, poison: str | None = None) -> None:
        self._note = folder / f"{os.getpid()}.died"
        self._kill: Kill | None = None
        self._passed = 0
        self.poison = poison
        """SHA-256 of a file whose reading is deadly."""

    def arm(self, kill: Kill | None) -> None:
        """Kill at this point from now on, or nowhere."""
        self._kill, self._passed = kill, 0

    def pass_by(self, operation: str, moment: Moment) -> None:
        """Die here if that is the point."""
        if self.is_at(operation, moment):
            self._passed += 1
            if self._kill is not None and self._passed >= self._kill.nth:
                self.note(self._kill.point)
                die()

    def note(self, point: str) -> None:
        """Leave word of where the process dies."""
        self._note.write_text(point)

    def is_at(self, operation: str, moment: Moment) -> bool:
        """Whether the point is here."""
        kill = self._kill
        return kill is not None and (kill.operation, kill.moment) == (operation, moment)

    def begin(self, operation: str) -> None:
        """Something starts that takes a while; die within if that is the point."""
        self.pass_by(operation, "before")
        if self.is_at(operation, "within"):
            asyncio.get_running_loop().call_later(_SHORTLY_SECONDS, self.pass_by, operation, "within")


def die() -> None:
    """End without any chance to tidy up."""
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)  # in a thread other than the main one the signal takes a moment


def watched_records(records: Records, tripwire: Tripwire) -> Records:
    """The records, to be killed at."""
    database = cast("Database", _WatchedDatabase(records.database, tripwire))
    return Records(database, cast("Blobs", _WatchedBlobs(records.blobs, BLOBS, tripwire)))


def watched_vectors(vectors: VectorStore, tripwire: Tripwire) -> VectorStore:
    """The vector store, to be killed at."""
    return cast("VectorStore", _Watched(vectors, VECTORS, tripwire))


def function_of(work: Callable[[Connection], Any]) -> str:
    """The name of the function that a piece of work for the database consists of."""
    if isinstance(work, partial):
        return str(work.func.__name__)
    if work.__name__ != "<lambda>":
        return work.__name__
    return next((name for name in work.__code__.co_names if name not in _MODULES), "")


class _WatchedDatabase:
    def __init__(self, database: Database, tripwire: Tripwire) -> None:
        self._database = database
        self._tripwire = tripwire

    def __getattr__(self, name: str) -> Any:
        return getattr(self._database, name)

    async def write(self, work: Callable[[Connection], Any]) -> Any:
        operation, _ = WRITES.get(function_of(work), ("", None))
        self._tripwire.pass_by(operation, "before")
        result = await self._database.write(partial(self._within, operation, work))
        self._tripwire.pass_by(operation, "after")
        return result

    def _within(self, operation: str, work: Callable[[Connection], Any], connection: Connection) -> Any:
        result = work(connection)
        self._tripwire.pass_by(operation, "within")
        return result


class _Watched:
    def __init__(self, inner: Any, operations: Any, tripwire: Tripwire) -> None:
        self._inner = inner
        self._operations = operations
        self._tripwire = tripwire

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._inner, name)
        if name not in self._operations:
            return member
        cover = self._calling if inspect.iscoroutinefunction(member) else self._calling_at_once
        return partial(cover, self._operations[name][0], member)

    async def _calling(self, operation: str, member: Callable[..., Any], *args: Any, **options: Any) -> Any:
        self._tripwire.begin(operation)
        result = await member(*args, **options)
        self._tripwire.pass_by(operation, "after")
        return result

    def _calling_at_once(self, operation: str, member: Callable[..., Any], *args: Any) -> Any:
        self._tripwire.pass_by(operation, "before")
        result = member(*args)
        self._tripwire.pass_by(operation, "after")
        return result


class _WatchedBlobs(_Watched):
    _open = 0
    """Files that are being read, or wait for it."""

    @asynccontextmanager
    async def local(self, sha256: str) -> AsyncIterator[Path]:
        """The file, open while it is being read."""
        operation, _ = BLOBS["local"]
        self._tripwire.begin(operation)
        if sha256 == self._tripwire.poison:
            self._tripwire.note(POISON_BESIDE_OTHERS if self._open else POISON_ALONE)
            asyncio.get_running_loop().call_later(_SHORTLY_SECONDS, die)
        self._open += 1
        try:
            async with self._inner.local(sha256) as path:
                yield path
        finally:
            self._open -= 1
        self._tripwire.pass_by(operation, "after")
