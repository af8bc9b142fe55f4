"""`POST /mcp`: requests of the Model Context Protocol (streamable HTTP)."""

import asyncio
from importlib import import_module

from fastapi import APIRouter, Response
from starlette.types import Receive, Scope, Send

from api.permissions import GuardedRoute, MaySearch

router = APIRouter(tags=["mcp"], route_class=GuardedRoute)


class _Handed(Response):
    """Lets the protocol's own server answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        serving = await asyncio.to_thread(import_module, "api.mcp.serving")
        await serving.serve(scope, receive, send)


@router.post("/mcp", include_in_schema=False)
async def serve(_caller: MaySearch) -> Response:
    """Serve one request. Streams that a GET would open have nothing to tell, so there are none."""
    return _Handed()
