"""Clients that call as fast as they are answered, in a process of their own.

Reads orders from standard input, one JSON object a line, and prints what came of each.
"""

import asyncio
import json
import statistics
import sys
import time
from dataclasses import asdict, dataclass, field
from typing import Any, cast

import uvloop

from benchmarks.relay.traffic import Kind, body, path

_HEADERS_END = b"\r\n\r\n"
_LAST_CHUNK = b"0\r\n\r\n"
_TAIL = len(_LAST_CHUNK)


@dataclass(frozen=True, slots=True)
class Order:
    """What to send, where, and for how long."""

    host: str
    port: int
    kind: Kind
    in_flight: int
    seconds: float
    key: str = "sk-none"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came back; times are those of all calls but each client's first, 0 where there were no others."""

    calls: int
    errors: int
    """Answers other than 200, and connections that were lost."""
    seconds: float
    p50_ms: float
    p99_ms: float
    first_byte_p50_ms: float


@dataclass(slots=True)
class Course:
    """An order under way."""

    request: bytes
    until: float
    in_flight: int
    calls: int = 0
    errors: int = 0
    seconds: list[float] = field(default_factory=list)
    first_byte_seconds: list[float] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    def leave(self) -> None:
        """One client sends no more."""
        self.in_flight -= 1
        if not self.in_flight:
            self.ended.set()


class Client(asyncio.Protocol):
    """One connection; the next call goes out when the last is answered."""

    def __init__(self, course: Course) -> None:
        self._course = course
        self._transport: asyncio.Transport
        self._began = 0.0
        self._first_byte_at = 0.0
        self._is_warm = False
        self._buffer = b""
        self._left: int | None = None
        """Bytes of the body still to come; None while the head is, or when it comes in chunks."""
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Send the first call."""
        self._transport = cast("asyncio.Transport", transport)
        self._send()

    def data_received(self, data: bytes) -> None:
        """Read only what tells where the answer ends."""
        if self._in_body:
            self._read_body(data)
            return
        self._buffer += data
        head, end, rest = self._buffer.partition(_HEADERS_END)
        if end:
            self._first_byte_at = time.perf_counter()
            self._read_head(head)
            self._buffer = b""
            self._read_body(rest)

    def connection_lost(self, _: Exception | None) -> None:
        """Count it, unless we hung up."""
        if self._began:
            self._course.errors += 1
            self._course.leave()

    def _count(self, now: float) -> None:
        """The first call also makes connections, all clients at the same moment, so its time is left out."""
        self._course.calls += 1
        if self._is_warm:
            self._course.seconds.append(now - self._began)
            self._course.first_byte_seconds.append(self._first_byte_at - self._began)
        self._is_warm = True

    def _send(self) -> None:
        self._in_body, self._left = False, None
        self._began = time.perf_counter()
        self._transport.write(self._course.request)

    def _read_head(self, head: bytes) -> None:
        self._in_body = True
        self._course.errors += head[9:12] != b"200"
        _, found, rest = head.lower().partition(b"\r\ncontent-length:")
        self._left = int(rest.partition(b"\r\n")[0]) if found else None

    def _read_body(self, data: bytes) -> None:
        if self._left is not None:
            self._left -= len(data)
            if self._left <= 0:
                self._end()
            return
        self._buffer = (self._buffer + data)[-_TAIL:]
        if self._buffer == _LAST_CHUNK:
            self._end()

    def _end(self) -> None:
        now = time.perf_counter()
        self._count(now)
        self._buffer = b""
        if now < self._course.until:
            self._send()
            return
        self._began = 0.0
        self._transport.close()
        self._course.leave()


async def carry_out(order: Order) -> Outcome:
    """Call until the time is over and all is answered."""
    began = time.perf_counter()
    course = Course(request_of(order), began + order.seconds, order.in_flight)
    loop = asyncio.get_running_loop()
    for _ in range(order.in_flight):
        await loop.create_connection(lambda: Client(course), order.host, order.port)
    await course.ended.wait()
    took = time.perf_counter() - began
    milliseconds = [each * 1_000 for each in course.seconds] or [0.0]
    first = [each * 1_000 for each in course.first_byte_seconds] or [0.0]
    return Outcome(
        calls=course.calls,
        errors=course.errors,
        seconds=took,
        p50_ms=statistics.median(milliseconds),
        p99_ms=sorted(milliseconds)[int(len(milliseconds) * 0.99)],
        first_byte_p50_ms=statistics.median(first),
    )


def request_of(order: Order) -> bytes:
    """A call with the headers that OpenAI's own Python client sends."""
    content = body(order.kind)
    head = (
        f"POST /v1{path(order.kind)} HTTP/1.1\r\nhost: {order.host}:{order.port}\r\naccept: application/json\r\n"
        f"content-type: application/json\r\nuser-agent: OpenAI/Python 3.0.0\r\nx-stainless-lang: python\r\n"
        f"x-stainless-os: Linux\r\nx-stainless-arch: x64\r\nx-stainless-runtime: CPython\r\n"
        f"authorization: Bearer {order.key}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


async def obey() -> None:
    """Carry out one order after the other, until standard input closes."""
    while line := await asyncio.to_thread(sys.stdin.readline):
        asked: dict[str, Any] = json.loads(line)
        print(json.dumps(asdict(await carry_out(Order(**asked)))), flush=True)


if __name__ == "__main__":
    uvloop.run(obey())
