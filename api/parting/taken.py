"""What was read of a request to find out who is to answer it, and is there to be read as if it had not been."""

from collections import deque
from collections.abc import Callable

from starlette.types import Message, Receive

from api.parting.spool import Spool

_HEAD_BYTES = 65_536
"""Of a body that is not kept whole."""


class Taken:
    """The messages of one request: those that were taken come again, then the others."""

    __slots__ = ("_kept", "_receive", "_spool", "has_all")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._kept: deque[Message] = deque()
        self._spool: Spool | None = None
        self.has_all = False
        """Whether nothing more of the body is to come, be it that the client left."""

    async def beginning(self, keep_bytes: int, declared_bytes: Callable[[], int | None]) -> bytes:
        """All of the body where that is at most `keep_bytes`, else its beginning; it stays in memory.

        Args:
            keep_bytes: What may stay.
            declared_bytes: Tells how long the body is said to be; asked only where it does not come in one piece.
        """
        message = await self._receive()
        self._kept.append(message)
        body: bytes = message.get("body", b"")
        if message["type"] == "http.request" and message.get("more_body", False):
            return await self._gather(body, keep_bytes, declared_bytes())
        self.has_all = True
        return body

    async def _gather(self, body: bytes, keep_bytes: int, declared_bytes: int | None) -> bytes:
        wanted_bytes = _HEAD_BYTES if declared_bytes is not None and declared_bytes > keep_bytes else keep_bytes + 1
        pieces, size_bytes = [body], len(body)
        while not self.has_all and size_bytes < wanted_bytes:
            message = await self._receive()
            self._kept.append(message)
            self._look(message)
            pieces.append(message.get("body", b""))
            size_bytes += len(pieces[-1])
        return b"".join(pieces)

    async def piece(self) -> bytes:
        """The next piece of the body; where there are many, they stay on the disk."""
        message = await self._receive()
        self._look(message)
        if message["type"] != "http.request":
            self._kept.append(message)
            return b""
        if self._spool is None:
            self._spool = Spool()
        piece: bytes = message.get("body", b"")
        await self._spool.put(piece)
        return piece

    @property
    def spooled_bytes(self) -> int:
        """How much `piece` has given."""
        return 0 if self._spool is None else self._spool.size_bytes

    async def receive(self) -> Message:
        """The next message."""
        if self._spool is not None:
            piece = await self._spool.get()
            if piece:
                return {"type": "http.request", "body": piece, "more_body": True}
            self.close()
            if self.has_all and not self._kept:
                return {"type": "http.request", "body": b"", "more_body": False}
        return self._kept.popleft() if self._kept else await self._receive()

    def close(self) -> None:
        """Nothing more will be read."""
        if self._spool is not None:
            self._spool.close()
            self._spool = None

    def _look(self, message: Message) -> None:
        self.has_all = message["type"] != "http.request" or not message.get("more_body", False)
