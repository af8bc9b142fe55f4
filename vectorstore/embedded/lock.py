"""One process at a time: a lock on the data folder that the kernel lets go of when its holders are dead."""

import asyncio
import contextlib
import fcntl
import os
from collections.abc import AsyncIterator
from pathlib import Path

from vectorstore.errors import VectorStoreLockedError

_WAIT_SECONDS = 8.0
"""Time for the engine processes of a service that was just killed to flush and end, on a busy machine too. Who starts a
second service need not wait for it: the records are locked at once."""
_RETRY_SECONDS = 0.05


@contextlib.asynccontextmanager
async def locked(folder: Path) -> AsyncIterator[int]:
    """Hold the folder; yields the lock's descriptor, which engine processes inherit so that they hold it too.

    Raises `VectorStoreLockedError` when another process keeps holding it.
    """
    descriptor = await asyncio.to_thread(_open, folder)
    try:
        await _acquire(descriptor, folder)
        yield descriptor
    finally:
        os.close(descriptor)


async def _acquire(descriptor: int, folder: Path) -> None:
    deadline = asyncio.get_running_loop().time() + _WAIT_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as exc:
            if asyncio.get_running_loop().time() > deadline:
                message = f"Another process uses the vector data in {folder}; stop it or set another `data.dir`."
                raise VectorStoreLockedError(message) from exc
            await asyncio.sleep(_RETRY_SECONDS)
        else:
            return


def _open(folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    return os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
