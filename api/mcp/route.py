"""`POST /mcp`: requests of the Model Context Protocol (streamable HTTP)."""

from fastapi import APIRouter, Request, Response
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from starlette.types import Receive, Scope, Send

from api.permissions import GuardedRoute, MaySearch

router = APIRouter(tags=["mcp"], route_class=GuardedRoute)


class _Handed(Response):
    """Lets the protocol's own server answer."""

    def __init__(self, server: StreamableHTTPSessionManager) -> None:
        super().__init__()
        self._server = server

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        await self._server.handle_request(scope, receive, send)


@router.post("/mcp", include_in_schema=False)
async def serve(request: Request, _caller: MaySearch) -> Response:
    """Serve one request. Streams that a GET would open have nothing to tell, so there are none."""
    return _Handed(request.state.mcp)
