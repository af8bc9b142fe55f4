"""Writing a backup's files, texts and chunks into the storages that are open."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Coroutine, Iterator, Mapping
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

from backup.chunks import Batch, has_vectors, only, unpacked
from backup.errors import DamagedBackupError
from backup.reading import Entry, entries
from records import Records
from records.blobs import names
from vectorstore import VectorStore

_CHUNKS, _VECTORS = "chunks/", ".f32"
_AT_ONCE = 8
"""Small files written side by side: each waits for the disk or the network."""
_SMALL_BYTES = 1 << 20


async def load_contents(path: Path, records: Records, vectors: VectorStore, changed: Mapping[str, int | None]) -> None:
    """Write everything but the rows.

    What belongs to another version of a changed document than the one that is kept (`changed`) is left out.
    """
    writing = _Writing()
    try:
        async with aclosing(_each(path)) as found:
            async for entry in found:
                if entry.name.startswith(_CHUNKS):
                    await _upsert(vectors, await _batch(entry, found), changed)
                elif entry.name.startswith((names.FILES, names.TEXTS)) and _is_wanted(entry.name, changed):
                    await _keep(records, entry, writing)
        await writing.finish()
    finally:
        await writing.stop()


async def _each(path: Path) -> AsyncGenerator[Entry]:
    with closing(entries(path)) as found:
        while (entry := await asyncio.to_thread(next, found, None)) is not None:
            yield entry


async def _keep(records: Records, entry: Entry, writing: "_Writing") -> None:
    if entry.size_bytes > _SMALL_BYTES:
        await records.blobs.write(entry.name, _in_threads(entry.pieces()))
    else:
        data = await asyncio.to_thread(entry.whole)
        await writing.add(records.blobs.write(entry.name, _at_once(data)))


def _is_wanted(name: str, changed: Mapping[str, int | None]) -> bool:
    if not name.startswith(names.TEXTS):
        return True
    document_id, _, rest = name.removeprefix(names.TEXTS).partition("/")
    return document_id not in changed or str(changed[document_id]) == rest.partition(".")[0]


async def _batch(entry: Entry, following: AsyncIterator[Entry]) -> Batch:
    chunks, vectors = await asyncio.to_thread(entry.whole), None
    if has_vectors(chunks):
        other = await anext(following, None)
        if other is None or other.name != entry.name.rpartition(".")[0] + _VECTORS:
            raise DamagedBackupError
        vectors = await asyncio.to_thread(other.whole)
    return await asyncio.to_thread(unpacked, chunks, vectors)


async def _upsert(vectors: VectorStore, batch: Batch, changed: Mapping[str, int | None]) -> None:
    wanted = [changed.get(chunk.document_id, chunk.version) == chunk.version for chunk in batch.chunks]
    kept = only(batch, wanted)
    if kept.chunks:
        await vectors.upsert(kept.collection, kept.chunks, kept.vectors)


async def _in_threads(pieces: Iterator[bytes]) -> AsyncIterator[bytes]:
    while (piece := await asyncio.to_thread(next, pieces, None)) is not None:
        yield piece


async def _at_once(data: bytes) -> AsyncIterator[bytes]:
    yield data


class _Writing:
    """Writes under way, a few side by side."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    async def add(self, work: Coroutine[Any, Any, None]) -> None:
        """Start one, once there is room; raises what an earlier one raised."""
        self._tasks.add(asyncio.create_task(work))
        while len(self._tasks) >= _AT_ONCE:
            await self._wait(asyncio.FIRST_COMPLETED)

    async def finish(self) -> None:
        """Wait for all; raises what one of them raised."""
        while self._tasks:
            await self._wait(asyncio.ALL_COMPLETED)

    async def stop(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _wait(self, until: str) -> None:
        done, self._tasks = await asyncio.wait(self._tasks, return_when=until)
        for task in done:
            task.result()
