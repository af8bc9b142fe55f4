"""A server that keeps what it is sent, to the byte, and answers as it is told: any path, any method, WebSockets too.

`with EchoServer() as echo:` runs it in a thread of its own. It asserts nothing. `echo.script(...)` says what happens to
the next requests, one reply each, in order of arrival; `echo.answering` (a function of the request) says what happens
to all others, and by default tells as JSON what was seen. WebSockets send messages back unless `echo.socket_script`
says otherwise; a scripted reply refuses the handshake.
"""

import asyncio
import ssl
import threading
import time
from collections import deque
from contextlib import suppress
from types import TracebackType
from typing import Self

from tests.fakes.echo.exchange import answer, read_body, read_head
from tests.fakes.echo.reply import (
    Answering,
    Fault,
    Recorded,
    Reply,
    digest,
    echo,
    error_reply,
    event_stream,
    json_reply,
    limited,
)
from tests.fakes.echo.socket import SocketScript, serve_socket
from tests.fakes.echo.wire import LostError, Wire
from tests.fakes.threaded import accept_no_more

__all__ = [
    "EchoServer",
    "Fault",
    "Recorded",
    "Reply",
    "SocketScript",
    "digest",
    "echo",
    "error_reply",
    "event_stream",
    "json_reply",
    "limited",
]


class EchoServer:
    """The server in a thread of its own; a context manager, for sync and async tests alike."""

    def __init__(self, answering: Answering = echo, *, tls: ssl.SSLContext | None = None) -> None:
        self.answering = answering
        self.socket_script = SocketScript()
        self.requests: list[Recorded] = []
        self.connections = 0
        """Connections that were ever made."""
        self.base_url = ""
        """Address up to and including `/v1`."""
        self._port = 0
        self._tls = tls
        self._in_flight = 0
        self._replies: deque[Reply] = deque()
        self._tasks: set[asyncio.Task[None]] = set()
        self._wires: set[Wire] = set()
        self._loop = asyncio.new_event_loop()
        self._released = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._thread = threading.Thread(target=self._loop.run_forever, name="echo-server", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def script(self, *replies: Reply) -> None:
        """What happens to the next requests, one reply each."""
        self._replies.extend(replies)

    def release(self) -> None:
        """Let every stalled answer go on, those to come included."""
        self._loop.call_soon_threadsafe(self._released.set)

    def stop(self) -> None:
        """Cut every connection and listen no more."""
        self._run(self._stop())

    def start(self) -> None:
        """Listen again after `stop`, at the same address."""
        self._run(self._listen())

    @property
    def max_in_flight(self) -> int:
        """Most requests that were ever under way side by side."""
        return max((request.in_flight for request in self.requests), default=0)

    @property
    def open_connections(self) -> int:
        """Connections that stand at this moment."""
        return len(self._wires)

    def _run(self, work: "asyncio.Future[None] | object") -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result()  # type: ignore[arg-type]

    async def _listen(self) -> None:
        self._server = await self._loop.create_server(
            self._connected, "127.0.0.1", self._port, backlog=1024, ssl=self._tls
        )
        self._port = self._server.sockets[0].getsockname()[1]
        self.base_url = f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}/v1"

    async def _stop(self) -> None:
        if self._server is not None:
            await accept_no_more(self._server.sockets)
            self._server.close()
            self._server = None
        for wire in self._wires:
            wire.transport.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(wire.lost.wait() for wire in self._wires))

    def _connected(self) -> Wire:
        return _Served(self)

    def serve(self, wire: Wire) -> None:
        """Begin to serve a connection that has just been made."""
        self.connections += 1
        self._wires.add(wire)
        task = self._loop.create_task(self._serve(wire, self.connections))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def lose(self, wire: Wire) -> None:
        """A connection has ended."""
        self._wires.discard(wire)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()

    async def _serve(self, wire: Wire, connection: int) -> None:
        try:
            with suppress(LostError):
                while await self._exchange(wire, connection):
                    pass
        finally:
            if not wire.transport.is_closing():
                wire.transport.close()

    async def _exchange(self, wire: Wire, connection: int) -> bool:
        head = await read_head(wire)
        self._in_flight += 1
        recorded = Recorded(*head, connection, self._in_flight)
        self.requests.append(recorded)
        outcome = recorded.outcome
        try:
            goes_on = await self._answer(wire, recorded)
            outcome = "done"
        except LostError:
            outcome = "left"
            raise
        finally:
            self._in_flight -= 1
            recorded.ended_at = time.monotonic()
            recorded.outcome = outcome
        return goes_on

    async def _answer(self, wire: Wire, recorded: Recorded) -> bool:
        scripted = self._replies.popleft() if self._replies else None
        if scripted is None and (recorded.header("upgrade") or b"").lower() == b"websocket":
            await serve_socket(wire, recorded, self.socket_script)
            return False
        await read_body(wire, recorded, scripted.body_bytes_read if scripted else None)
        return await answer(wire, recorded.method, scripted or self.answering(recorded), self._released)


class _Served(Wire):
    """A connection that is served as soon as it is made."""

    def __init__(self, server: EchoServer) -> None:
        super().__init__()
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._server.serve(self)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._server.lose(self)
