"""Where requests part: what is under `/v1` passes on to the upstreams, everything else goes to the routes."""

from starlette.types import ASGIApp, Receive, Scope, Send

_RELAYED = "/v1/"


class Door:
    """ASGI application in front of the routes; the relay is among the services that a connection's state has."""

    def __init__(self, routes: ASGIApp) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "lifespan" and scope["path"].startswith(_RELAYED):
            await scope["state"]["services"].relay(scope, receive, send)
        else:
            await self._routes(scope, receive, send)
