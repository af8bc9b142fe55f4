"""Bytes that are put down and picked up again: in memory while they are few, then in a file without a name."""

import asyncio
from collections.abc import Callable
from tempfile import SpooledTemporaryFile
from typing import TypeVar

from records.blobs import StorageError

T = TypeVar("T")
_FULL = "The folder for temporary files (TMPDIR) cannot hold the request while it comes in; is its disk full?"
_IN_MEMORY_BYTES = 1_048_576
_PIECE_BYTES = 262_144


class Spool:
    """First everything is put, then everything is got."""

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile[bytes](max_size=_IN_MEMORY_BYTES)
        self._is_being_read = False
        self.size_bytes = 0

    async def put(self, piece: bytes) -> None:
        """Put a piece behind the others. Raises StorageError when the disk does not take it."""
        self.size_bytes += len(piece)
        await self._run(lambda: self._file.write(piece))

    async def get(self) -> bytes:
        """The next bytes; empty at the end."""
        if not self._is_being_read:
            self._is_being_read = True
            self._file.seek(0)
        return await self._run(lambda: self._file.read(_PIECE_BYTES))

    def close(self) -> None:
        """Forget everything."""
        self._file.close()

    async def _run(self, work: Callable[[], T]) -> T:
        try:
            return await asyncio.to_thread(work) if self.size_bytes > _IN_MEMORY_BYTES else work()
        except OSError as error:
            raise StorageError(_FULL) from error
