"""What a fault run works with: Footnote before three upstreams that fail when told to, and one that does not exist."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fakes.echo.reply import Piece
from tests.fakes.echo_server import EchoServer, Recorded, Reply, event_stream, json_reply
from tests.relay.door import ADMIN_KEY, made_key
from tests.relay.families import CHAT
from tests.relay.faults.observing import Observed, observed
from tests.relay.raw import Answer, Connection, Request
from tests.relay.streaming import WORDS, chat_stream, event

SOLE = "gpt-sole"
"""A model that only the first upstream has."""
SHARED = "gpt-shared"
"""A model that all three have."""
LOST = "gpt-lost"
"""A model of an upstream whose name nobody knows."""
SPARED = "gpt-spared"
"""A model of that one, and of the first for when it does not answer."""
_NAMES = ("one", "two", "three")
_OPTIONS: Mapping[str, str] = {
    "FOOTNOTE_KEYS_REQUIRED": "true",
    "FOOTNOTE_KEYS_ADMIN_KEY": ADMIN_KEY,
    "FOOTNOTE_RELAY_CONNECT_TIMEOUT_SECONDS": "1",
    "FOOTNOTE_RELAY_FIRST_BYTE_TIMEOUT_SECONDS": "0.75",
    "FOOTNOTE_RELAY_IDLE_TIMEOUT_SECONDS": "0.75",
    "FOOTNOTE_RELAY_RETRY_SECONDS": "2",
    "FOOTNOTE_RELAY_BREAKER_SECONDS": "0.5",
    "FOOTNOTE_USAGE_FLUSH_SECONDS": "0.05",
    "FOOTNOTE_UPSTREAMS_ONE_MODELS": f"{SOLE},{SHARED},{SPARED}",
    "FOOTNOTE_UPSTREAMS_TWO_MODELS": SHARED,
    "FOOTNOTE_UPSTREAMS_THREE_MODELS": SHARED,
    "FOOTNOTE_UPSTREAMS_LOST_BASE_URL": "http://upstream.invalid/v1",
    "FOOTNOTE_UPSTREAMS_LOST_MODELS": f"{LOST},{SPARED}",
    "FOOTNOTE_UPSTREAMS_LOST_WEIGHT": "1000",
}
_PATIENCE_SECONDS = 30.0
_LEDGER_SECONDS = 5.0


@dataclass(slots=True)
class Course:
    """A fault run under way."""

    service: Observed
    key: str
    upstreams: Sequence[EchoServer]
    sent: int = 0
    """Calls so far."""

    @property
    def sole(self) -> EchoServer:
        """The upstream of `SOLE`."""
        return self.upstreams[0]

    def request(self, *, model: str = SOLE, stream: bool = False) -> Request:
        """A chat call."""
        body = {"model": model, "messages": [{"role": "user", "content": "hi"}], "stream": stream}
        return Request("POST", "/v1/chat/completions", self.headers, json.dumps(body).encode())

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """Of a call with a JSON body."""
        return [(b"authorization", f"Bearer {self.key}".encode()), (b"content-type", b"application/json")]

    async def connect(self) -> Connection:
        """A new client, for one call."""
        self.sent += 1
        return await Connection.open(self.service.address)

    async def call(self, request: Request) -> Answer:
        """One call by a client of its own."""
        connection = await self.connect()
        try:
            return await connection.exchange(request)
        finally:
            connection.leave()

    async def calls(self, request: Request, count: int, in_flight: int = 16) -> list[Answer]:
        """The same call so many times, so many side by side."""
        places = asyncio.Semaphore(in_flight)

        async def one() -> Answer:
            async with places:
                return await self.call(request)

        return list(await asyncio.gather(*(one() for _ in range(count))))

    def answer_with(self, answering: Callable[[Recorded], Reply]) -> None:
        """What all upstreams do from now on."""
        for upstream in self.upstreams:
            upstream.answering = answering

    async def missing_rows(self) -> int:
        """How many calls have no row in the ledger, when there was time enough to write them."""
        headers = {"authorization": f"Bearer {self.key}"}
        deadline = asyncio.get_running_loop().time() + _LEDGER_SECONDS
        async with httpx.AsyncClient(base_url=self.service.address, headers=headers, trust_env=False) as http:
            while True:
                answer = await http.get("/usage", params={"group_by": "endpoint"})
                groups = answer.raise_for_status().json()["data"]
                missing = self.sent - sum(int(group["calls"]) for group in groups if " /v1/" in group["endpoint"])
                if not missing or asyncio.get_running_loop().time() > deadline:
                    return missing
                await asyncio.sleep(0.05)

    async def recover(self) -> bool:
        """Whether every upstream is used again once all of them answer, within a time."""
        self.answer_with(well)
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            before = [len(upstream.requests) for upstream in self.upstreams]
            answers = await self.calls(self.request(model=SHARED), 16, 8)
            answers.append(await self.call(self.request()))
            used = [len(upstream.requests) > count for upstream, count in zip(self.upstreams, before, strict=True)]
            if all(used) and all(answer.status == 200 for answer in answers):
                return True
            await asyncio.sleep(0.1)
        return False


def well(recorded: Recorded) -> Reply:
    """What an upstream answers that is well."""
    asked: Any = json.loads(recorded.body)
    return chat_stream(recorded) if asked.get("stream") else json_reply(CHAT)


def broken_stream(*end: Piece) -> Reply:
    """A stream that breaks off after some words, as `end` says."""
    chunks = [event({"id": "c", "object": "chat.completion.chunk", "choices": [_choice(word)]}) for word in WORDS]
    return event_stream([*chunks, *end])


def _choice(word: str) -> Mapping[str, Any]:
    return {"index": 0, "delta": {"content": word}, "finish_reason": None}


@asynccontextmanager
async def course(folder: Path) -> AsyncIterator[Course]:
    """Start everything, in a folder of its own."""
    with ExitStack() as stack:
        upstreams = [stack.enter_context(EchoServer(well)) for _ in _NAMES]
        urls = {
            f"FOOTNOTE_UPSTREAMS_{name.upper()}_BASE_URL": upstream.base_url
            for name, upstream in zip(_NAMES, upstreams, strict=True)
        }
        service = stack.enter_context(observed(folder, {**_OPTIONS, **urls}))
        yield Course(service, made_key(service.address), upstreams)
