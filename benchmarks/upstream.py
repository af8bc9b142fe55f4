"""An OpenAI-compatible embeddings server that answers at once, so that what is measured is Footnote.

`python -m benchmarks.upstream --dimensions 1536 --latency-ms 0` prints its address. Vectors are sums of two out of 256
random ones, chosen by the text's hash: nearly every text has its own, and making them costs next to nothing.
"""

import argparse
import asyncio
import base64
import json
import sys
import zlib
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

_POOL = 256
_HEADERS_END = b"\r\n\r\n"


@dataclass(slots=True)
class Seen:
    """What the server was asked so far."""

    calls: int = 0
    texts: int = 0
    in_flight: int = 0
    max_in_flight: int = 0


class Vectors:
    """The vector of a text, in base64 of little-endian float32."""

    def __init__(self, dimensions: int) -> None:
        self._pool = np.random.default_rng(0).standard_normal((_POOL, dimensions)).astype("<f4")

    def of(self, text: str) -> str:
        """Always the same for the same text."""
        digest = zlib.crc32(text.encode())
        return base64.b64encode(self._pool[digest % _POOL] + self._pool[digest // _POOL % _POOL]).decode()


class Connection(asyncio.Protocol):
    """One client; it waits for each answer before it asks again."""

    def __init__(self, vectors: Vectors, seen: Seen, latency_seconds: float) -> None:
        self._vectors = vectors
        self._seen = seen
        self._latency_seconds = latency_seconds
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
        seen.calls += 1
        seen.texts += len(texts)
        seen.in_flight += 1
        seen.max_in_flight = max(seen.max_in_flight, seen.in_flight)
        asyncio.get_running_loop().call_later(self._latency_seconds, self._answer, asked["model"], texts)

    def _answer(self, model: str, texts: list[str]) -> None:
        self._seen.in_flight -= 1
        data = [{"object": "embedding", "index": i, "embedding": self._vectors.of(t)} for i, t in enumerate(texts)]
        usage = {"prompt_tokens": len(texts), "total_tokens": len(texts)}
        self._send({"object": "list", "data": data, "model": model, "usage": usage})

    def _send(self, answer: dict[str, Any]) -> None:
        body = json.dumps(answer).encode()
        head = f"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
        self._transport.write(head.encode() + body)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.partition(b":")[2])
    return 0


async def serve(dimensions: int, latency_seconds: float) -> None:
    """Serve on a free port, whose address goes to standard output, until standard input closes."""
    vectors, seen = Vectors(dimensions), Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(vectors, seen, latency_seconds), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1", flush=True)
    await asyncio.to_thread(sys.stdin.read)
    server.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dimensions", type=int, default=1536)
    parser.add_argument("--latency-ms", type=float, default=0)
    options = parser.parse_args()
    asyncio.run(serve(options.dimensions, options.latency_ms / 1_000))


if __name__ == "__main__":
    main()
