"""An OpenAI-compatible embeddings server that answers at once, so that what is measured is Footnote.

`python -m benchmarks.upstream --dimensions 1536 --latency-ms 0` prints its address. Vectors are sums of two out of 256
random ones, chosen by the text's hash: nearly every text has its own, and making them costs next to nothing. With
`--in-flight 8` no more than eight calls are served at a time: others wait their turn or, with `--refuse`, get a 429.
"""

import argparse
import asyncio
import base64
import json
import sys
import time
import zlib
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from typing import Any

import numpy as np

_POOL = 256
_HEADERS_END = b"\r\n\r\n"


@dataclass(slots=True)
class Seen:
    """What the server was asked so far."""

    calls: int = 0
    """Those that were answered with vectors."""
    texts: int = 0
    refused: int = 0
    in_flight: int = 0
    max_in_flight: int = 0
    busy_seconds: float = 0.0
    """Time that calls were served, each counted by itself; waiting for a turn is not part of it."""
    first_at: float = 0.0
    """When the first call came, by the system's monotonic clock."""


class Vectors:
    """The vector of a text, in base64 of little-endian float32."""

    def __init__(self, dimensions: int) -> None:
        self._pool = np.random.default_rng(0).standard_normal((_POOL, dimensions)).astype("<f4")

    def of(self, text: str) -> str:
        """Always the same for the same text."""
        digest = zlib.crc32(text.encode())
        return base64.b64encode(self._pool[digest % _POOL] + self._pool[digest // _POOL % _POOL]).decode()


class Desk:
    """Serves calls, each for as long, and only so many at a time."""

    def __init__(self, seen: Seen, latency_seconds: float, most: int | None, *, refuse: bool) -> None:
        self._seen = seen
        self._latency_seconds = latency_seconds
        self._most = most
        self._refuse = refuse
        self.served = 0
        self._waiting: deque[Callable[[], None]] = deque()

    def take(self, answer: Callable[[], None]) -> bool:
        """Call `answer` once the call is served; False when it is refused instead."""
        if self.served == self._most and self._refuse:
            return False
        if self.served == self._most:
            self._waiting.append(answer)
        else:
            self._serve(answer)
        return True

    def _serve(self, answer: Callable[[], None]) -> None:
        loop = asyncio.get_running_loop()
        self.served += 1
        loop.call_later(self._latency_seconds, self._end, loop.time(), answer)

    def _end(self, began: float, answer: Callable[[], None]) -> None:
        self._seen.busy_seconds += asyncio.get_running_loop().time() - began
        self.served -= 1
        if self._waiting:
            self._serve(self._waiting.popleft())
        answer()


class Connection(asyncio.Protocol):
    """One client; it waits for each answer before it asks again."""

    def __init__(self, vectors: Vectors, seen: Seen, desk: Desk) -> None:
        self._vectors = vectors
        self._seen = seen
        self._desk = desk
        self._buffer = b""
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to answer."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer once a request is whole."""
        self._buffer += data
        head, end, body = self._buffer.partition(_HEADERS_END)
        if not end or len(body) < _content_length(head):
            return
        self._buffer = b""
        if head.startswith(b"GET"):
            self._send(asdict(self._seen))
        else:
            self._embed(json.loads(body))

    def _embed(self, asked: dict[str, Any]) -> None:
        texts = [asked["input"]] if isinstance(asked["input"], str) else asked["input"]
        seen = self._seen
        seen.first_at = seen.first_at or time.monotonic()
        if not self._desk.take(partial(self._answer, asked["model"], texts)):
            seen.refused += 1
            self._send({"error": {"message": "Too many requests at a time."}}, status="429 Too Many Requests")
            return
        seen.in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, seen.in_flight)

    def _answer(self, model: str, texts: list[str]) -> None:
        self._seen.in_flight -= 1
        self._seen.calls += 1
        self._seen.texts += len(texts)
        data = [{"object": "embedding", "index": i, "embedding": self._vectors.of(t)} for i, t in enumerate(texts)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self._send({"object": "list", "data": data, "model": model, "usage": usage})

    def _send(self, answer: dict[str, Any], status: str = "200 OK") -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve(dimensions: int, latency_seconds: float, most: int | None, *, refuse: bool) -> None:
    """Serve on a free port, whose address goes to standard output, until standard input closes."""
    vectors, seen = Vectors(dimensions), Seen()
    desk = Desk(seen, latency_seconds, most, refuse=refuse)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(vectors, seen, desk), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, default=1536)
    parser.add_argument("--latency-ms", type=float, default=0)
    parser.add_argument("--in-flight", type=int, help="calls served at a time")
    parser.add_argument("--refuse", action="store_true", help="answer 429 to calls beyond --in-flight")
    options = parser.parse_args()
    asyncio.run(serve(options.dimensions, options.latency_ms / 1_000, options.in_flight, refuse=options.refuse))


if __name__ == "__main__":
    main()
