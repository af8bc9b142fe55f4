"""One request over one connection: read it, answer it as told."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator, Sequence

from tests.fakes.echo.reply import KEPT_BYTES, Fault, Headers, Piece, Recorded, Reply
from tests.fakes.echo.wire import LostError, Wire

_READ_BYTES = 256 * 1024
_REASONS = {200: b"OK", 404: b"Not Found", 429: b"Too Many Requests", 500: b"Internal Server Error"}
_WITHOUT_BODY = {204, 304}


async def read_head(wire: Wire) -> tuple[str, str, Headers]:
    """Method, target and headers of the next request. Raises `LostError` when there is none."""
    method, target, _ = (await wire.line()).decode("latin-1").split(" ", 2)
    headers = []
    while line := await wire.line():
        name, _, value = line.partition(b":")
        headers.append((name, value.strip(b" \t")))
    return method, target, tuple(headers)


async def read_body(wire: Wire, recorded: Recorded, most: int | None) -> None:
    """Take the body in, at most so many bytes of it, into the record."""
    if (recorded.header("expect") or b"").lower() == b"100-continue":
        await wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    sha256 = hashlib.sha256()
    kept = bytearray()
    async for piece in _pieces(wire, recorded):
        sha256.update(piece)
        recorded.body_bytes += len(piece)
        if recorded.body_bytes <= KEPT_BYTES:
            kept += piece
        if most is not None and recorded.body_bytes >= most:
            return
    recorded.sha256 = sha256.hexdigest()
    recorded.kept = bytes(kept) if recorded.body_bytes <= KEPT_BYTES else None


async def _pieces(wire: Wire, recorded: Recorded) -> AsyncGenerator[bytes, None]:
    if (recorded.header("transfer-encoding") or b"").lower() == b"chunked":
        while size := int(await wire.line(), 16):
            recorded.chunks += 1
            async for piece in _exactly(wire, size):
                yield piece
            await wire.line()
        await wire.line()
    else:
        async for piece in _exactly(wire, int(recorded.header("content-length") or 0)):
            yield piece


async def _exactly(wire: Wire, size: int) -> AsyncGenerator[bytes, None]:
    while size:
        piece = await wire.some(min(size, _READ_BYTES))
        size -= len(piece)
        yield piece


async def answer(wire: Wire, method: str, reply: Reply, released: asyncio.Event) -> bool:
    """Send the answer; whether the connection can serve another request."""
    for piece in reply.before:
        if not await _play(wire, piece, released, chunked=False):
            return False
    if reply.framing != "raw":
        await wire.write(_head(reply))
    if method == "HEAD" or reply.status in _WITHOUT_BODY:
        return True
    chunked = reply.framing == "chunked"
    for piece in reply.pieces:
        if not await _play(wire, piece, released, chunked=chunked):
            return False
    if chunked:
        await wire.write(b"0\r\n\r\n")
    return reply.framing in {"length", "chunked"} and reply.declared_bytes is None


def _head(reply: Reply) -> bytes:
    lines = [b"HTTP/1.1 %d %s" % (reply.status, _REASONS.get(reply.status, b"Scripted"))]
    lines += [name + b": " + value for name, value in reply.headers]
    if reply.framing == "chunked":
        lines.append(b"transfer-encoding: chunked")
    elif reply.framing == "close":
        lines.append(b"connection: close")
    elif reply.status not in _WITHOUT_BODY:
        lines.append(b"content-length: %d" % _length(reply))
    return b"\r\n".join(lines) + b"\r\n\r\n"


def _length(reply: Reply) -> int:
    if reply.declared_bytes is not None:
        return reply.declared_bytes
    assert isinstance(reply.pieces, Sequence), "a body without a known length needs another framing"
    return sum(len(piece) for piece in reply.pieces if isinstance(piece, bytes))


async def _play(wire: Wire, piece: Piece, released: asyncio.Event, *, chunked: bool) -> bool:
    """Do what one piece says; whether the answer goes on after it."""
    match piece:
        case bytes():
            await wire.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
        case Fault.RESET:
            wire.reset()
            return False
        case Fault.CLOSE:
            return False
        case Fault.HALF_CLOSE:
            wire.transport.write_eof()
            await wire.lost.wait()
            raise LostError
        case Fault.STALL:
            await _until_released(wire, released)
        case float() | int():
            if await wire.until_lost(piece):
                raise LostError
    return True


async def _until_released(wire: Wire, released: asyncio.Event) -> None:
    waits = [asyncio.ensure_future(event.wait()) for event in (wire.lost, released)]
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
    if wire.lost.is_set():
        raise LostError
