"""POST /v1/chat/completions of the fake server."""

import asyncio
import json
import re
from typing import Any

from aiohttp import web

from tests.fakes.answering import answer
from tests.fakes.failing import reset
from tests.fakes.script import Behaviour

_CHUNK = re.compile(r".{1,8}", re.DOTALL)


async def complete(
    request: web.Request, body: dict[str, Any], behaviour: Behaviour | None, released: asyncio.Event
) -> web.StreamResponse:
    """The scripted reply or one from the passages, at once or streamed."""
    text = str(behaviour.body) if behaviour and behaviour.kind == "reply" else answer(body["messages"])
    if body.get("stream"):
        return await _stream(request, body, text, behaviour, released)
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return web.json_response(_envelope(body, "chat.completion") | {"choices": [choice], "usage": _usage(body, text)})


async def _stream(
    request: web.Request, body: dict[str, Any], text: str, behaviour: Behaviour | None, released: asyncio.Event
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"content-type": "text/event-stream", "cache-control": "no-cache"})
    await response.prepare(request)
    await _send(response, _chunk(body, {"role": "assistant", "content": ""}))
    for number, piece in enumerate(_CHUNK.findall(text)):
        if number == 1 and not await _goes_on(request, response, behaviour, released):
            return response
        if behaviour and behaviour.kind == "slow_stream":
            await asyncio.sleep(behaviour.seconds)
        await _send(response, _chunk(body, {"content": piece}))
    await _send(response, _chunk(body, {}, finish_reason="stop"))
    if body.get("stream_options", {}).get("include_usage"):
        await _send(response, _envelope(body, "chat.completion.chunk") | {"choices": [], "usage": _usage(body, text)})
    await response.write(b"data: [DONE]\n\n")
    return response


async def _goes_on(
    request: web.Request, response: web.StreamResponse, behaviour: Behaviour | None, released: asyncio.Event
) -> bool:
    """What happens after the first piece of text; False ends the stream there."""
    match behaviour.kind if behaviour else None:
        case "stall_stream":
            await released.wait()
        case "reset_stream":
            reset(request)
        case "truncate_stream":
            return False
        case "malformed_stream":
            await response.write(b'data: {"choices": [{"delta": \n\n')
        case "error_event":
            assert behaviour is not None
            await _send(response, behaviour.body)
            return False
    return True


def _chunk(body: dict[str, Any], delta: dict[str, str], finish_reason: str | None = None) -> dict[str, Any]:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return _envelope(body, "chat.completion.chunk") | {"choices": [choice]}


def _envelope(body: dict[str, Any], kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-fake", "object": kind, "created": 0, "model": body["model"]}


def _usage(body: dict[str, Any], text: str) -> dict[str, int]:
    read = sum(len(str(message.get("content", "")).split()) for message in body["messages"])
    written = len(text.split())
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


async def _send(response: web.StreamResponse, event: Any) -> None:
    await response.write(b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n")
