"""An upstream that answers from memory, fast enough never to be what is measured.

`python -m benchmarks.relay.stub` prints its base address and serves until standard input closes.
"""

import asyncio
import sys
from collections.abc import Iterator
from typing import cast

import uvloop

from benchmarks.relay.traffic import Answers, is_paced, is_stream, make_answers

PACE_SECONDS = 0.002
"""Between two events of a paced stream; all such streams move together."""
_HEADERS_END = b"\r\n\r\n"
_COMMON = (
    b"date: Mon, 06 Jul 2026 12:00:00 GMT\r\nopenai-organization: measured\r\nopenai-processing-ms: 312\r\n"
    b"openai-version: 2020-10-01\r\nx-ratelimit-limit-requests: 10000\r\nx-ratelimit-remaining-requests: 9999\r\n"
    b"x-request-id: req_6e0f4f0d9c1b4b7c8f6a\r\nstrict-transport-security: max-age=31536000\r\n"
)
_JSON_HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n" + _COMMON
_STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\n"
    + _COMMON
    + b"transfer-encoding: chunked\r\n\r\n"
)
_LAST_CHUNK = b"0\r\n\r\n"


class Written:
    """Answers as they go over the wire."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self.chat = _json_answer(answers.chat)
        self.embeddings = _json_answer(answers.embeddings)
        self._chunks = {events: tuple(map(_chunk, events)) for events in (answers.stream, answers.stream_with_usage)}
        self._wholes = {
            events: _STREAM_HEAD + b"".join(chunks) + _LAST_CHUNK for events, chunks in self._chunks.items()
        }

    def chunks(self, asked: bytes) -> tuple[bytes, ...]:
        """Of a paced stream."""
        return self._chunks[self._answers.events(asked)]

    def whole(self, asked: bytes) -> bytes:
        """A stream at once."""
        return self._wholes[self._answers.events(asked)]


class Ticker:
    """Sends the next event of every paced stream."""

    def __init__(self) -> None:
        self._streams: dict[asyncio.Transport, Iterator[bytes]] = {}

    def add(self, transport: asyncio.Transport, pieces: Iterator[bytes]) -> None:
        """Begin a stream, whose first piece goes out at the next tick."""
        if not self._streams:
            asyncio.get_running_loop().call_later(PACE_SECONDS, self._tick)
        self._streams[transport] = pieces

    def _tick(self) -> None:
        for transport, pieces in list(self._streams.items()):
            piece = next(pieces, None)
            if piece is None or transport.is_closing():
                del self._streams[transport]
            else:
                transport.write(piece)
        if self._streams:
            asyncio.get_running_loop().call_later(PACE_SECONDS, self._tick)


class Connection(asyncio.Protocol):
    """One client; it waits for each answer before it asks again."""

    def __init__(self, written: Written, ticker: Ticker) -> None:
        self._written = written
        self._ticker = ticker
        self._buffer = b""
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole."""
        self._buffer += data
        head, end, asked = self._buffer.partition(_HEADERS_END)
        if end and _is_whole(head, asked):
            self._buffer = b""
            self._answer(head, asked)

    def _answer(self, head: bytes, asked: bytes) -> None:
        line = head[: head.index(b"\r\n")]
        if b"/embeddings" in line:
            self._transport.write(self._written.embeddings)
        elif not is_stream(asked):
            self._transport.write(self._written.chat)
        elif is_paced(asked):
            self._transport.write(_STREAM_HEAD)
            self._ticker.add(self._transport, iter((*self._written.chunks(asked), _LAST_CHUNK)))
        else:
            self._transport.write(self._written.whole(asked))


def _is_whole(head: bytes, body: bytes) -> bool:
    lowered = head.lower()
    if b"\r\ntransfer-encoding: chunked" in lowered:
        return body.endswith(_LAST_CHUNK)
    _, _, rest = lowered.partition(b"\r\ncontent-length:")
    return len(body) >= int(rest.partition(b"\r\n")[0] or 0)


def _json_answer(body: bytes) -> bytes:
    return _JSON_HEAD + b"content-length: %d\r\n\r\n" % len(body) + body


def _chunk(event: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(event), event)


async def serve() -> None:
    """Serve on a free port, whose address goes to standard output, until standard input closes."""
    written, ticker = Written(make_answers()), Ticker()
    server = await asyncio.get_running_loop().create_server(lambda: Connection(written, ticker), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


if __name__ == "__main__":
    uvloop.run(serve())
