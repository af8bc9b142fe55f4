"""An OpenAI-compatible server without models, on a real socket of this machine, that fails when it is told to.

In tests `with FakeOpenAI() as fake:`; from a shell `python -m tests.fakes.openai_server --port 0`, which prints its
base address. Serves /v1/embeddings, /v1/chat/completions, /v1/rerank and /v1/models. It is told what to do with
`fake.script(...)` or POST /_script (a list of behaviours as JSON), lets stalled requests go on with `fake.release()` or
POST /_release, and shows what it saw in `fake.requests` or GET /_requests.
"""

import argparse
import asyncio
import socket
import sys
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from tests.fakes.chat_endpoint import complete
from tests.fakes.embeddings_endpoint import embeddings
from tests.fakes.failing import error, reset
from tests.fakes.rerank_endpoint import rerank
from tests.fakes.script import Behaviour, Character, Recorded
from tests.fakes.threaded import Threaded, accept_no_more

__all__ = ["Behaviour", "Character", "FakeOpenAI", "Recorded"]

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]
_Endpoint = Callable[[web.Request, Any, Behaviour | None], Awaitable[web.StreamResponse]]


class FakeOpenAI(Threaded):
    """The server in a thread of its own; a context manager, for sync and async tests alike."""

    def __init__(self, character: Character | None = None) -> None:
        super().__init__("fake-openai")
        self.character = character or Character()
        self.requests: list[Recorded] = []
        self.base_url = ""
        """Address up to and including `/v1`."""
        self.released = asyncio.Event()
        """Set to let stalled requests go on; only to be touched in the server's own thread."""
        self._peers: set[Any] = set()
        self._in_flight = 0
        self._behaviours: deque[Behaviour] = deque()
        self._runner = web.AppRunner(
            self._application(), handler_cancellation=True, access_log=None, shutdown_timeout=0.1
        )

    @property
    def max_in_flight(self) -> int:
        """Most requests that were ever under way side by side."""
        return max((request.in_flight for request in self.requests), default=0)

    @property
    def connections(self) -> int:
        """Connections over which requests came."""
        return len(self._peers)

    def script(self, *behaviours: Behaviour) -> None:
        """What happens to the next requests, one behaviour each."""
        self._behaviours.extend(behaviours)

    def release(self) -> None:
        """Let every stalled request go on, those to come included."""
        self._loop.call_soon_threadsafe(self.released.set)

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `base_url` is right afterwards."""
        await self._runner.setup()
        self._listening = socket.create_server((host, port), backlog=1024)
        await web.SockSite(self._runner, self._listening).start()
        self.base_url = f"http://{host}:{self._runner.addresses[0][1]}/v1"

    async def stop(self) -> None:
        """Cut every connection."""
        self.released.set()
        await accept_no_more([self._listening])
        await self._runner.cleanup()

    def _application(self) -> web.Application:
        application = web.Application(client_max_size=1 << 30)
        application.add_routes(
            [
                web.post("/v1/embeddings", self._recording(self._embeddings)),
                web.post("/v1/chat/completions", self._recording(self._complete)),
                web.post("/v1/rerank", self._recording(self._rerank)),
                web.get("/v1/models", self._models),
                web.post("/_script", self._take_script),
                web.post("/_release", self._release),
                web.get("/_requests", self._show_requests),
                web.route("*", "/v1/{path:.*}", self._unknown),
            ]
        )
        return application

    def _recording(self, endpoint: _Endpoint) -> _Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            body = await request.json()
            self._in_flight += 1
            recorded = Recorded(request.path, dict(request.headers), body, self._in_flight)
            self.requests.append(recorded)
            self._peers.add(request.transport.get_extra_info("peername") if request.transport else None)
            try:
                response = await self._answer(endpoint, request, body)
            except (asyncio.CancelledError, ConnectionResetError):
                recorded.outcome = "cancelled"
                raise
            finally:
                self._in_flight -= 1
            recorded.outcome = "done"
            return response

        return handle

    async def _answer(self, endpoint: _Endpoint, request: web.Request, body: Any) -> web.StreamResponse:
        if self.character.max_in_flight is not None and self._in_flight > self.character.max_in_flight:
            return error(429, "Too many concurrent requests.", code="rate_limit_exceeded")
        await asyncio.sleep(self.character.latency_seconds)
        if refusal := self._refusal(request, body):
            return refusal
        behaviour = self._behaviours.popleft() if self._behaviours else None
        match behaviour:
            case Behaviour(kind="status"):
                return _scripted_status(behaviour)
            case Behaviour(kind="reset"):
                reset(request)
            case Behaviour(kind="malformed_json"):
                return web.Response(body=b'{"data": [', content_type="application/json")
            case Behaviour(kind="stall_headers"):
                await self.released.wait()
        return await endpoint(request, body, behaviour)

    async def _embeddings(self, _: web.Request, body: Any, behaviour: Behaviour | None) -> web.StreamResponse:
        return embeddings(self.character, body, behaviour)

    async def _complete(self, request: web.Request, body: Any, behaviour: Behaviour | None) -> web.StreamResponse:
        return await complete(request, body, behaviour, self.released)

    async def _rerank(self, _: web.Request, body: Any, behaviour: Behaviour | None) -> web.StreamResponse:
        return rerank(body, behaviour)

    def _refusal(self, request: web.Request, body: Any) -> web.Response | None:
        key = self.character.api_key
        if key is not None and request.headers.get("authorization") != f"Bearer {key}":
            sent = request.headers.get("authorization", "")
            return error(401, f"Incorrect API key provided: {sent}", code="invalid_api_key")
        refused = sorted(self.character.refused_fields & body.keys())
        if refused:
            message = f"Unsupported parameter: '{refused[0]}' is not supported."
            return error(400, message, parameter=refused[0], code="unsupported_parameter")
        return None

    async def _models(self, _: web.Request) -> web.Response:
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "fake"} for name in ("embedder", "chat")]
        return web.json_response({"object": "list", "data": models})

    async def _unknown(self, request: web.Request) -> web.Response:
        return error(404, f"Unknown request URL: {request.method} {request.path}.", code="unknown_url")

    async def _take_script(self, request: web.Request) -> web.Response:
        self.script(*(Behaviour(**behaviour) for behaviour in await request.json()))
        return web.Response(status=204)

    async def _release(self, _: web.Request) -> web.Response:
        self.released.set()
        return web.Response(status=204)

    async def _show_requests(self, _: web.Request) -> web.Response:
        seen = {"requests": [asdict(request) for request in self.requests], "max_in_flight": self.max_in_flight}
        return web.json_response(seen)


def _scripted_status(behaviour: Behaviour) -> web.Response:
    body = behaviour.body or {"error": {"message": "Scripted failure.", "type": "server_error"}}
    return web.json_response(body, status=behaviour.status, headers=behaviour.headers)


async def _serve(host: str, port: int, character: Character) -> None:
    fake = FakeOpenAI(character)
    await fake.start(host, port)
    sys.stdout.write(fake.base_url + "\n")
    sys.stdout.flush()
    await asyncio.Event().wait()


def main() -> None:
    """Serve until interrupted."""
    parser = argparse.ArgumentParser(description="An OpenAI-compatible server without models, for tests.")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--dimensions", type=int, default=256)
    parser.add_argument("--api-key", help="key to ask for; without it everyone is served")
    options = parser.parse_args()
    character = Character(dimensions=options.dimensions, api_key=options.api_key)
    try:
        asyncio.run(_serve(options.host, options.port, character))
    except KeyboardInterrupt:
        return


if __name__ == "__main__":
    main()
