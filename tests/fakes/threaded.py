"""A server in a thread of its own, for sync and async tests alike."""

import asyncio
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable
from types import TracebackType
from typing import Final, Self

_TURNS: Final = 10
"""More turns of the loop than a connection takes from the kernel's queue to its protocol."""


class Threaded(ABC):
    """Serves while the context lasts."""

    def __init__(self, name: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self.start(), self._loop).result()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.run_coroutine_threadsafe(self.stop(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    @abstractmethod
    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen."""

    @abstractmethod
    async def stop(self) -> None:
        """Cut every connection."""


async def accept_no_more(listening: Iterable[socket.socket]) -> None:
    """Wait for the connections that are being accepted: closing a server between the steps of that leaks them."""
    for one in listening:
        asyncio.get_running_loop().remove_reader(one.fileno())
    for _ in range(_TURNS):
        await asyncio.sleep(0)
