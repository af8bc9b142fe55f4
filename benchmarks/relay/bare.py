"""The least a Python relay can do: raw ASGI above, aiohttp below. `python -m benchmarks.relay.bare URL`."""

import sys
from collections.abc import Sequence

import aiohttp
from starlette.types import Receive, Scope, Send
from yarl import URL

from benchmarks.relay.listening import serve

_DROPPED = {b"host", b"connection", b"transfer-encoding", b"keep-alive"}
_OWN_HEADERS = ("user-agent", "accept", "accept-encoding", "content-type")


class Bare:
    """Passes calls on; knows neither keys nor limits, errors nor clients that leave."""

    def __init__(self, base_url: str) -> None:
        self._base_url = base_url.removesuffix("/v1")
        self._session: aiohttp.ClientSession

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call."""
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        else:
            await self._relay(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        await receive()
        connector = aiohttp.TCPConnector(limit=0)
        jar = aiohttp.DummyCookieJar()
        async with aiohttp.ClientSession(
            connector=connector, cookie_jar=jar, auto_decompress=False, skip_auto_headers=_OWN_HEADERS
        ) as self._session:
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})

    async def _relay(self, scope: Scope, receive: Receive, send: Send) -> None:
        url = URL(self._base_url + scope["raw_path"].decode(), encoded=True)
        headers = [(name.decode(), value.decode("latin-1")) for name, value in scope["headers"] if name not in _DROPPED]
        body = await _body(receive)
        async with self._session.request(scope["method"], url, headers=headers, data=body) as answer:
            await send({"type": "http.response.start", "status": answer.status, "headers": _kept(answer.raw_headers)})
            while piece := await answer.content.readany():
                await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _body(receive: Receive) -> bytes:
    pieces, more = [], True
    while more:
        message = await receive()
        pieces.append(message.get("body", b""))
        more = message.get("more_body", False)
    return b"".join(pieces)


def _kept(headers: Sequence[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _DROPPED]


if __name__ == "__main__":
    serve(Bare(sys.argv[1]))
