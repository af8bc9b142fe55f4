"""An upstream's answer, as its bytes arrive."""

import asyncio
from typing import Final

import aiohttp
from aiohttp.connector import Connection
from aiohttp.streams import StreamReader

from upstream.connections import coming, taken
from upstream.errors import UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.relay.server import Server

RawHeaders = tuple[tuple[bytes, bytes], ...]
_HOP_BY_HOP: Final = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-connection",
        b"set-cookie",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)


class Answer:
    """Status and headers are here; the body is read piece by piece, and nothing is read ahead without limit.

    Whoever has an answer closes it, whatever happens; reading to the end closes it too.
    """

    __slots__ = (
        "_connection",
        "_front",
        "_idle_seconds",
        "_is_open",
        "_key",
        "_loop",
        "_lost",
        "_payload",
        "_server",
        "_timer",
        "_upload",
        "_waits_since",
        "headers",
        "model",
        "status",
        "tries",
        "upstream",
    )

    def __init__(
        self,
        status: int,
        raw_headers: RawHeaders,
        payload: StreamReader,
        connection: Connection,
        server: Server,
        *,
        key: int,
        model: str | None,
        idle_seconds: float,
        upload: asyncio.Task[None] | None,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        self.status = status
        self.headers = _passed_on(raw_headers)
        """Names in small letters and values as they came, less what belongs to the connection, and cookies."""
        self.upstream = server.name
        self.tries = 1
        """How often the call was sent, this answer's included."""
        self.model = model
        """What the upstream calls the model; None where the call named none."""
        self._payload = payload
        self._connection = connection
        self._server = server
        self._key = key
        self._is_open = True
        self._idle_seconds = idle_seconds
        self._upload = upload
        self._loop = loop
        self._front = b""
        self._timer: asyncio.TimerHandle | None = None
        self._waits_since: float | None = None
        self._lost: asyncio.Future[None] | None = None
        payload.on_eof(self._complete)

    @property
    def secret(self) -> str:
        """The server's key, to look for in what it says; never to be shown."""
        return self._server.keyring.authorization(self._key).decode("latin-1").removeprefix("Bearer ")

    async def read(self) -> bytes:
        """The next piece of the body, at least a byte; nothing at its end.

        Cancelling it closes the answer.

        Raises:
            UpstreamTimeoutError: The upstream has been silent for too long.
            UpstreamUnavailableError: It broke off.
        """
        if self._front:
            piece, self._front = self._front, b""
            return piece
        try:
            piece = taken(self._payload)
            if not piece and not self._payload.at_eof():
                piece = await self._wait()
        except (aiohttp.ClientError, OSError) as exc:
            self.close()
            raise UpstreamUnavailableError(
                "The upstream broke off in the middle of its answer; try again later."
            ) from exc
        except BaseException:
            self.close()
            raise
        if not piece:
            self.close()
        return piece

    async def peek(self, limit_bytes: int, seconds: float) -> bytes:
        """The beginning of the body, all of it when it is short and comes in time; `read` gives it once more."""
        try:
            async with asyncio.timeout(seconds):
                while len(self._front) < limit_bytes and (piece := await self._next()):
                    self._front += piece
        except (TimeoutError, UpstreamError):
            pass
        return self._front

    def spend(self, tokens: int) -> None:
        """Count the call's tokens to its server's minute; they are only known when the answer is over."""
        self._server.spend(self._loop.time(), tokens)

    def close(self) -> None:
        """Cut the connection when there is more to come, else give it back; doing it again does no harm."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._lost is not None:
            self._lost.remove_done_callback(self._lose)
            self._lost.remove_done_callback(_ignore)
            self._lost.add_done_callback(_ignore)  # the connection may live on, and its end is no news then
            self._lost = None
        if self._is_open:
            self._is_open = False
            self._server.leave()
        self._drop_connection()

    async def _next(self) -> bytes:
        """As `read`, but a cancelled wait leaves the answer as it is."""
        try:
            piece = taken(self._payload)
            if not piece and not self._payload.at_eof():
                self._hear_of_loss()
                piece = await coming(self._payload)
        except (aiohttp.ClientError, OSError) as exc:
            raise UpstreamUnavailableError from exc
        return piece

    async def _wait(self) -> bytes:
        now = self._loop.time()
        self._waits_since = now
        if self._timer is None:
            self._timer = self._loop.call_at(now + self._idle_seconds, self._look)
            self._hear_of_loss()
        piece = await coming(self._payload)
        self._waits_since = None
        return piece

    def _hear_of_loss(self) -> None:
        """Aiohttp's parser tells nobody who waits for more when it meets what is not HTTP, and cuts the connection."""
        if self._lost is not None:
            return
        protocol = self._connection.protocol
        lost = None if protocol is None else protocol.closed
        if lost is None:
            self._lose(None)
        else:
            self._lost = lost
            lost.add_done_callback(self._lose)

    def _lose(self, lost: "asyncio.Future[None] | None") -> None:
        if lost is not None and not lost.cancelled():
            lost.exception()  # it is told by the payload
        if not self._payload.is_eof() and self._payload.exception() is None:
            self._payload.set_exception(aiohttp.ClientPayloadError("The connection was lost."))

    def _look(self) -> None:
        """End a wait that has lasted too long: one timer for the whole answer, set anew when it goes off early."""
        now = self._loop.time()
        ends = (now if self._waits_since is None else self._waits_since) + self._idle_seconds
        if now < ends:
            self._timer = self._loop.call_at(ends, self._look)
            return
        self._timer = None
        self._payload.set_exception(
            UpstreamTimeoutError(
                f"The upstream did not go on with its answer within {self._idle_seconds:g} s; try again later."
            )
        )

    def _complete(self) -> None:
        """The upstream has sent everything: the connection can serve another call, if the request is sent too."""
        if self._upload is None or _went_well(self._upload):
            self._connection.release()
        else:
            self._drop_connection()

    def _drop_connection(self) -> None:
        if self._upload is not None:
            self._upload.cancel()
            self._upload = None
        abort(self._connection)


def _ignore(lost: "asyncio.Future[None]") -> None:
    if not lost.cancelled():
        lost.exception()


def abort(connection: Connection) -> None:
    """Cut a connection at once, whatever waits to be sent; one that was given back stays as it is."""
    if connection.protocol is not None:
        connection.protocol.abort()
    connection.close()


def _went_well(upload: asyncio.Task[None]) -> bool:
    return upload.done() and not upload.cancelled() and upload.exception() is None


def _passed_on(raw_headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    headers = []
    named: list[bytes] = []
    for raw_name, value in raw_headers:
        name = raw_name.lower()
        if name not in _HOP_BY_HOP:
            headers.append((name, value))
        elif name == b"connection" and value.lower() not in {b"keep-alive", b"close"}:
            named += [token.strip().lower() for token in value.split(b",")]
    return [header for header in headers if header[0] not in named] if named else headers
