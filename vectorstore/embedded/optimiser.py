"""Optimising a copy of a collection in a process of its own."""

import asyncio
import socket
from pathlib import Path

from vectorstore.embedded.process import Popen, spawn
from vectorstore.errors import VectorStoreError


async def optimise_folder(folder: Path, dimensions: int) -> None:
    """Optimise the data in a folder that nobody serves. Cancelling ends the process.

    Raises `VectorStoreError` when it fails.
    """
    ours, theirs = socket.socketpair()
    with ours:
        with theirs:
            popen = spawn("vectorstore.embedded.optimising", theirs, [str(folder), str(dimensions)])
        try:
            status = await _wait(ours, popen)
        except asyncio.CancelledError:
            popen.kill()
            popen.wait()
            raise
    if status != 0:
        raise VectorStoreError(f"The optimising process ended with {status}.")


async def _wait(connection: socket.socket, popen: Popen) -> int:
    # The process never writes; the end of the stream is its end.
    connection.setblocking(False)
    await asyncio.get_running_loop().sock_recv(connection, 1)
    return await asyncio.to_thread(popen.wait)
