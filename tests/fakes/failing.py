"""Refusals and broken connections of the fake server."""

import asyncio

from aiohttp import web


def error(status: int, message: str, *, parameter: str | None = None, code: str | None = None) -> web.Response:
    """An error in OpenAI's form."""
    detail = {"message": message, "type": "invalid_request_error", "param": parameter, "code": code}
    return web.json_response({"error": detail}, status=status)


def reset(request: web.Request) -> None:
    """Cut the connection without a goodbye; ends the handler."""
    assert isinstance(request.transport, asyncio.Transport)
    request.transport.abort()
    raise ConnectionResetError
