"""A stand-in for a Qdrant server on a real socket of this machine, which many processes can share.

In tests `with FakeQdrant(folder) as fake:`; from a shell `python -m tests.fakes.qdrant_server --folder DIR --port 0`,
which prints its address and serves until it is ended. The vectors are searched by Qdrant's own engine, exactly and
without an index; payload indexes are real. Requests are checked by the models of Qdrant's own client. REST only:
`prefer_grpc` must be off. It fails when told to, by `fake.fail(Fault(...))` or POST /_faults (a list of faults as JSON;
DELETE takes them back), and shows the calls it got in `fake.calls` or GET /_calls.
"""

import argparse
import asyncio
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from tests.fakes.qdrant.faults import Fault, Faults, Handler
from tests.fakes.qdrant.routes import Collections
from tests.fakes.threaded import Threaded, accept_no_more

__all__ = ["FakeQdrant", "Fault"]

_FLUSH_SECONDS = 1.0


class FakeQdrant(Threaded):
    """The server; as a context manager in a thread of its own, for sync and async tests alike."""

    def __init__(self, folder: Path) -> None:
        super().__init__("fake-qdrant")
        self.url = ""
        self.calls: list[str] = []
        """Method and path of every call, failed ones too."""
        self._peers: set[Any] = set()
        self._folder = folder
        self._faults = Faults()

    @property
    def connections(self) -> int:
        """Connections over which calls came."""
        return len(self._peers)

    def fail(self, *faults: Fault) -> None:
        """Fail some of the next calls."""
        for fault in faults:
            self._faults.add(fault)

    def recover(self) -> None:
        """Fail no more calls."""
        self._faults.clear()

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `url` is right afterwards."""
        self._collections = Collections(self._folder)
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )
        await self._runner.setup()
        self._listening = socket.create_server((host, port), backlog=1024)
        await web.SockSite(self._runner, self._listening).start()
        self.url = f"http://{host}:{self._runner.addresses[0][1]}"
        self._flushing = asyncio.create_task(self._flush_repeatedly())

    async def stop(self) -> None:
        """Cut every connection and flush."""
        self._flushing.cancel()
        await accept_no_more([self._listening])
        await self._runner.cleanup()
        self._collections.close()

    async def _flush_repeatedly(self) -> None:
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            self._collections.flush()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=1 << 30, middlewares=[self._failing()])
        application.add_routes(self._collections.routes())
        application.add_routes(
            [
                web.post("/_faults", self._take_faults),
                web.delete("/_faults", self._drop_faults),
                web.get("/_calls", self._show_calls),
            ]
        )
        return application

    def _failing(self) -> Middleware:
        @web.middleware
        async def fail(request: web.Request, handler: Handler) -> web.StreamResponse:
            if request.path.startswith("/_"):
                return await handler(request)
            self.calls.append(f"{request.method} {request.path}")
            self._peers.add(request.transport.get_extra_info("peername") if request.transport else None)
            return await self._faults.carry_out(request, handler)

        return fail

    async def _take_faults(self, request: web.Request) -> web.Response:
        self.fail(*(Fault(**fault) for fault in await request.json()))
        return web.Response(status=204)

    async def _drop_faults(self, _: web.Request) -> web.Response:
        self.recover()
        return web.Response(status=204)

    async def _show_calls(self, _: web.Request) -> web.Response:
        return web.json_response(self.calls)


async def _serve(folder: Path, host: str, port: int) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    fake = FakeQdrant(folder)
    await fake.start(host, port)
    sys.stdout.write(fake.url + "\n")
    sys.stdout.flush()
    await ended.wait()
    await fake.stop()


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(description="A stand-in for a Qdrant server, for tests.")
    parser.add_argument("--folder", type=Path, required=True, help="where collections are kept; made when missing")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    options = parser.parse_args()
    asyncio.run(_serve(options.folder, options.host, options.port))


if __name__ == "__main__":
    main()
