"""One connection's bytes: read by need, written with back-pressure, its loss noticed at once."""

import asyncio
import socket
import struct
from typing import cast

_HIGH_WATER_BYTES = 256 * 1024
_LINGER_OF_A_RESET = struct.pack("ii", 1, 0)


class LostError(Exception):
    """The client has left."""


class Wire(asyncio.Protocol):
    """Reading stops while more than a little waits, so that a server that does not read slows its client down."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        """Set once the client has left."""
        self.waiting = bytearray()
        """Bytes that came and were not read yet."""
        self._came = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._transport: asyncio.Transport | None = None

    @property
    def transport(self) -> asyncio.Transport:
        assert self._transport is not None
        return self._transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        self.waiting += data
        self._came.set()
        if len(self.waiting) > _HIGH_WATER_BYTES:
            self.transport.pause_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()
        self._came.set()
        self._writable.set()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    async def line(self) -> bytes:
        """A line without its end. Raises `LostError`."""
        while (end := self.waiting.find(b"\r\n")) < 0:
            await self._more()
        line = bytes(self.waiting[:end])
        del self.waiting[: end + 2]
        return line

    async def some(self, most: int) -> bytes:
        """At least one byte, at most so many. Raises `LostError`."""
        while not self.waiting:
            await self._more()
        piece = bytes(self.waiting[:most])
        del self.waiting[:most]
        if not self.transport.is_closing():
            self.transport.resume_reading()
        return piece

    async def write(self, data: bytes) -> None:
        """Send, or wait until the client has taken enough of what was sent before. Raises `LostError`."""
        await self._writable.wait()
        if self.lost.is_set():
            raise LostError
        self.transport.write(data)

    async def until_lost(self, seconds: float) -> bool:
        """Whether the client left within so many seconds."""
        try:
            async with asyncio.timeout(seconds):
                await self.lost.wait()
        except TimeoutError:
            return False
        return True

    def reset(self) -> None:
        """Cut the connection without waiting for what is under way. Raises `LostError`."""
        if self.lost.is_set() or self.transport.is_closing():
            raise LostError
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_OF_A_RESET)
        self.transport.abort()

    async def _more(self) -> None:
        if self.lost.is_set():
            raise LostError
        self._came.clear()
        await self._came.wait()
