"""The models of several servers as one list."""

import asyncio
import json
from typing import TYPE_CHECKING, Any

from upstream.errors import UpstreamError
from upstream.relay.answer import Answer
from upstream.relay.call import Call, Replay
from upstream.relay.pool import Pool
from upstream.relay.server import Server

if TYPE_CHECKING:
    from upstream.relay.relaying import Relay

_MOST_BYTES = 16 * 1024 * 1024
_SECONDS = 10.0
_OK = 200

Model = dict[str, object]


async def list_models(relay: "Relay", pool: Pool) -> list[Model]:
    """The lists of all servers that answer in time, in the order of the servers; the first of equal ids counts.

    A server's models are those that are routed to it; for each alias of one of them there is a copy under that name.
    """
    lists = await asyncio.gather(*(_models_of(relay, server) for server in pool.servers))
    found: dict[str, Model] = {}
    for server, models in zip(pool.servers, lists, strict=True):
        for name, model in models.items():
            if server.resolve(name) is not None:
                found.setdefault(name, model)
        for alias in {**pool.aliases, **server.aliases}:
            target = pool.resolve(server, alias)
            if target in models:
                found.setdefault(alias, models[target] | {"id": alias})
    return list(found.values())


async def _models_of(relay: "Relay", server: Server) -> dict[str, Model]:
    call = Call("GET", "/models", ((b"accept", b"application/json"),), b"", None, Replay.ALWAYS, upstream=server.name)
    try:
        async with asyncio.timeout(_SECONDS):
            answer = await relay.send(call)
            try:
                body = await _read(answer) if answer.status == _OK else b""
            finally:
                answer.close()
    except (UpstreamError, TimeoutError):
        return {}
    return _parse(body)


async def _read(answer: Answer) -> bytes:
    body = bytearray()
    while (piece := await answer.read()) and len(body) < _MOST_BYTES:
        body += piece
    return bytes(body)


def _parse(body: bytes) -> dict[str, Model]:
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    items = value.get("data") if isinstance(value, dict) else None
    if not isinstance(items, list):
        return {}
    return {item["id"]: item for item in items if isinstance(item, dict) and isinstance(item.get("id"), str)}
