"""aiohttp's pool of connections, less what it does in vain."""

import asyncio
from functools import partial
from typing import Any

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.streams import EMPTY_PAYLOAD, StreamReader

_FEW = 4


class Connector(aiohttp.TCPConnector):
    """Makes connections whose readers cost less."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._factory: Any = partial(_Protocol, loop=asyncio.get_running_loop())


class _Protocol(ResponseHandler):
    """One connection.

    aiohttp resumes reading after each piece that is taken from a body, paused or not, and runs the parser on nothing
    each time; of a stream that came at once, that is a fifth of all that it costs to relay it.
    """

    def resume_reading(self, resume_parser: bool = True) -> None:
        if self._reading_paused:
            super().resume_reading(resume_parser)

    def is_connected(self) -> bool:
        """Whether it can be used again: what a server says unasked must not become the answer to somebody's call."""
        return super().is_connected() and not self._buffer and not self._tail


async def coming(body: StreamReader) -> bytes:
    """What has come of a body and was not read yet, when something has; nothing at its end.

    As `readany`, which takes each of a hundred pieces by itself. Raises what aiohttp does when the connection breaks.
    """
    while True:
        first, ends_chunk = await body.readchunk()
        if first:
            return first if body.exception() is not None else first + taken(body)
        if not ends_chunk:
            return b""


def taken(body: StreamReader) -> bytes:
    """What has come of a body and was not read yet, nothing if that is nothing; see `coming`."""
    if body is EMPTY_PAYLOAD:
        return b""
    pieces = body._buffer
    if len(pieces) < _FEW or body.exception() is not None:
        return body.read_nowait()
    whole = b"".join(pieces)
    pieces.clear()
    body._size = 0
    body._cursor += len(whole)
    if body._http_chunk_splits:
        body._http_chunk_splits.clear()
    body._protocol.resume_reading()
    return whole
