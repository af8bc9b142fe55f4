"""The relay alone on a real socket, with a plain ledger and plain limits."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from api.accounting.entry import Entry
from api.callers import LOCAL, Caller
from api.errors import ApiError
from api.relay import RelayApp
from records.database import open_database
from settings import DatabaseSettings, RelaySettings, UpstreamSettings
from settings.options import UpstreamServer
from tests.serving import in_thread
from upstream import open_upstream

_PATIENCE_SECONDS = 20.0


@dataclass
class Admitted:
    headers: Sequence[tuple[bytes, bytes]] = ()


@dataclass
class Door:
    """What the relay is given, and what it left behind."""

    url: str = ""
    """Address without `/v1`."""
    caller: Caller = LOCAL
    refusal: ApiError | None = None
    admission_headers: Sequence[tuple[bytes, bytes]] = ()
    waits: bool = False
    """Whether limits have to be awaited, as those that processes share."""
    entries: list[Entry] = field(default_factory=list)
    spent_tokens: list[int] = field(default_factory=list)
    revoked: set[str | None] = field(default_factory=set)
    """Ids of keys that are no longer valid."""
    tasks: int = 0
    loop: asyncio.AbstractEventLoop | None = None

    def add(self, entry: Entry) -> None:
        self.entries.append(entry)

    def admit(self, _caller: Caller) -> Any:
        if self.refusal is not None:
            raise self.refusal
        admitted = Admitted(self.admission_headers)
        return _later(admitted) if self.waits else admitted

    def spent(self, _caller: Caller, tokens: int) -> None:
        self.spent_tokens.append(tokens)

    def still_lets(self, caller: Caller) -> bool:
        """Whether the caller's key was not revoked."""
        return caller.key_id not in self.revoked

    def entry(self, count: int = 1) -> Entry:
        """The last of so many rows, which come just after the answers."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(self.entries) < count and time.monotonic() < deadline:
            time.sleep(0.005)
        assert len(self.entries) == count
        return self.entries[-1]

    def tasks_left(self) -> int:
        """Tasks of requests that go on though nobody waits."""
        deadline = time.monotonic() + 5
        while (left := self._tasks()) and time.monotonic() < deadline:
            time.sleep(0.01)
        return left

    def _tasks(self) -> int:
        return len(self.tasks_now()) - self.tasks

    def tasks_now(self) -> set["asyncio.Task[Any]"]:
        """All tasks of the event loop."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(_count(), self.loop).result()


async def _later(admitted: Admitted) -> Admitted:
    await asyncio.sleep(0)
    return admitted


async def _no_models(_caller: Caller) -> list[dict[str, Any]]:
    return []


async def _count() -> set["asyncio.Task[Any]"]:
    return asyncio.all_tasks()


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def door(
    folder: Path,
    base_url: str | None = None,
    upstreams: Mapping[str, UpstreamServer] | None = None,
    *,
    chat_model: str | None = "chat-model",
    **relay: Any,
) -> Iterator[Door]:
    """Serve the relay in a thread.

    Args:
        folder: For the database.
        base_url: Of the only upstream; `upstreams` for several.
        relay: Options of `RelaySettings`.
    """
    settings = RelaySettings(**{"max_retries": 1, "retry_seconds": 5, **relay})
    own = UpstreamSettings(base_url=base_url, chat_model=chat_model)

    @asynccontextmanager
    async def opening() -> AsyncIterator[Door]:
        async with (
            open_database(DatabaseSettings(), folder) as database,
            open_upstream(own, upstreams or {}, settings) as upstream,
        ):
            opened = Door()
            app = RelayApp(
                upstream.relay,
                settings,
                opened,
                opened,
                database,
                still_lets=opened.still_lets,
                our_models=_no_models,
                chat_model=chat_model,
            )
            async with _serving(app, opened):
                yield opened

    with in_thread(opening) as opened:
        opened.tasks = len(opened.tasks_now())
        yield opened


@asynccontextmanager
async def _serving(app: ASGIApp, opened: Door) -> AsyncIterator[None]:
    sock = socket.create_server(("127.0.0.1", 0))
    opened.url = f"http://127.0.0.1:{sock.getsockname()[1]}"
    config = uvicorn.Config(_with_state(app, opened), lifespan="off", log_config=None, server_header=False)
    server = _Server(config)
    serving = asyncio.create_task(server.serve(sockets=[sock]))
    opened.loop = asyncio.get_running_loop()
    try:
        yield
    finally:
        server.should_exit = True
        await serving


def _with_state(app: ASGIApp, opened: Door) -> ASGIApp:
    async def with_state(scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {}).update(caller=opened.caller, request_id="req_1")
        await app(scope, receive, send)

    return with_state
