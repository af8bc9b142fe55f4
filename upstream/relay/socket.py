"""A WebSocket to an upstream."""

from dataclasses import dataclass
from typing import Final

import aiohttp

from upstream.relay.server import Server

_MESSAGES: Final = frozenset({aiohttp.WSMsgType.TEXT, aiohttp.WSMsgType.BINARY})
_ABNORMAL = 1006
_NO_STATUS = 1005


@dataclass(frozen=True, slots=True)
class Closed:
    """How the upstream ended the conversation."""

    code: int
    """Its code; 1005 where it gave none, 1006 where the connection was lost."""
    reason: str = ""


class Socket:
    """Messages in both directions; pings are answered here."""

    __slots__ = ("_closed", "_server", "_socket", "model", "subprotocol", "tries", "upstream")

    def __init__(
        self,
        socket: "aiohttp.ClientWebSocketResponse[bool]",
        server: Server,
        *,
        model: str | None,
        tries: int,
    ) -> None:
        self.subprotocol = socket.protocol
        """What the upstream chose of the subprotocols."""
        self.upstream = server.name
        self.model = model
        self.tries = tries
        self._server: Server | None = server
        self._socket = socket
        self._closed: Closed | None = None

    async def receive(self) -> str | bytes | Closed:
        """The next message, or how it ended; then ever again."""
        if self._closed is not None:
            return self._closed
        message = await self._socket.receive()
        if message.type in _MESSAGES:
            data: str | bytes = message.data
            return data
        is_told = message.type is aiohttp.WSMsgType.CLOSE
        code = message.data if is_told else self._socket.close_code  # answering it may have lost the connection since
        reason = message.extra if is_told and message.extra else ""
        self._closed = Closed(_ABNORMAL if code is None else code or _NO_STATUS, reason)
        return self._closed

    async def send(self, message: str | bytes) -> bool:
        """Send a message; whether the connection still stood."""
        try:
            if isinstance(message, str):
                await self._socket.send_str(message)
            else:
                await self._socket.send_bytes(message)
        except (aiohttp.ClientError, OSError):
            return False
        return True

    async def close(self, code: int = 1000, reason: str = "") -> None:
        """End the conversation; doing it again does no harm."""
        if self._server is not None:
            self._server.leave()
            self._server = None
        try:
            await self._socket.close(code=code, message=reason.encode())
        except (aiohttp.ClientError, OSError):
            return
