"""HTTP/1.1 as bytes: what is sent is what was given, what came is what is shown."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

Headers = Sequence[tuple[bytes, bytes]]
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent; `content-length` and `host` come by themselves."""

    method: str
    target: str
    """Path and query as they go into the request line."""
    headers: Headers = ()
    body: bytes | None = None
    chunks: Sequence[bytes] = ()
    """The body in chunks, in place of `body`."""

    def written(self, host: str) -> bytes:
        """The bytes."""
        lines = [f"{self.method} {self.target} HTTP/1.1".encode(), b"host: " + host.encode()]
        lines += [name + b": " + value for name, value in self.headers]
        if self.body is not None:
            lines.append(b"content-length: %d" % len(self.body))
        if self.chunks:
            lines.append(b"transfer-encoding: chunked")
        chunked = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in self.chunks)
        body = chunked + b"0\r\n\r\n" if self.chunks else self.body or b""
        return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass(frozen=True, slots=True)
class Answer:
    """What came."""

    status: int
    headers: Headers
    """Names in small letters."""
    body: bytes
    complete: bool = True
    """Whether the body came to its end."""

    def values(self, name: bytes) -> list[bytes]:
        """Every value of a header."""
        return [value for key, value in self.headers if key == name]


class Connection:
    """One connection, over which one request goes after the other."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str) -> None:
        self._reader = reader
        self._writer = writer
        self._host = host

    @classmethod
    async def open(cls, address: str) -> "Connection":
        """Connect to `http://host:port`."""
        parts = urlsplit(address)
        reader, writer = await asyncio.open_connection(parts.hostname, parts.port, limit=1 << 20)
        return cls(reader, writer, parts.netloc)

    async def exchange(self, request: Request) -> Answer:
        """Send a request and take in its answer."""
        await self.send(request)
        return await self.answer(request.method)

    async def answer(self, method: str = "POST", seconds: float = PATIENCE_SECONDS) -> Answer:
        """Take in the answer to what was sent."""
        async with asyncio.timeout(seconds):
            return await self._answer(method)

    async def send(self, request: Request) -> None:
        """Send a request."""
        self._writer.write(request.written(self._host))
        await self._writer.drain()

    async def send_long(self, request: Request, chunks: Iterable[bytes], *, pause_seconds: float = 0.0) -> None:
        """Send a request whose body comes in chunks, none before the last was taken, with a pause after each."""
        lines = [f"{request.method} {request.target} HTTP/1.1".encode(), b"host: " + self._host.encode()]
        lines += [name + b": " + value for name, value in (*request.headers, (b"transfer-encoding", b"chunked"))]
        self._writer.write(b"\r\n".join(lines) + b"\r\n\r\n")
        for chunk in chunks:
            self._writer.write(b"%x\r\n" % len(chunk))
            self._writer.write(chunk)
            self._writer.write(b"\r\n")
            await self._writer.drain()
            await asyncio.sleep(pause_seconds)
        self._writer.write(b"0\r\n\r\n")
        await self._writer.drain()

    async def head(self) -> tuple[int, Headers]:
        """Status and headers of an answer, interim ones skipped."""
        while True:
            status = int((await self._line()).split(b" ", 2)[1])
            headers = []
            while line := await self._line():
                name, _, value = line.partition(b":")
                headers.append((name.lower(), value.strip()))
            if status >= 200:
                return status, headers

    async def chunk(self) -> bytes:
        """The next chunk of a body that comes so; empty at its end."""
        size = int(await self._line(), 16)
        piece = await self._reader.readexactly(size)
        await self._line()
        return piece

    def leave(self) -> None:
        """Go without a word."""
        self._writer.transport.abort()

    async def close(self) -> None:
        """Go in good order."""
        self._writer.close()
        await self._writer.wait_closed()

    async def _answer(self, method: str) -> Answer:
        status, headers = await self.head()
        answer = Answer(status, headers, b"")
        if method == "HEAD" or status in {204, 304}:
            return answer
        pieces: list[bytes] = []
        try:
            if answer.values(b"transfer-encoding") == [b"chunked"]:
                while piece := await self.chunk():
                    pieces.append(piece)
            else:
                length = int(answer.values(b"content-length")[0])
                pieces.append(await self._reader.readexactly(length))
        except (asyncio.IncompleteReadError, ConnectionError):
            return Answer(status, headers, b"".join(pieces), complete=False)
        return Answer(status, headers, b"".join(pieces))

    async def _line(self) -> bytes:
        line = await self._reader.readuntil(b"\r\n")
        return line[:-2]
