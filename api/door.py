"""Where requests part: what is under `/v1` and not ours passes on to the upstreams, everything else to the routes."""

from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import caller_of
from api.parting import Parting, Taken
from api.services import Services

_SHARED = "/v1/"


class Door:
    """ASGI application in front of the routes; the relay is among the services that a connection's state has."""

    def __init__(self, routes: ASGIApp, parting: Parting) -> None:
        self._routes = routes
        self._parting = parting

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan" or not scope["path"].startswith(_SHARED):
            await self._routes(scope, receive, send)
            return
        services = cast("Services", scope["state"]["services"])
        if scope["type"] == "websocket" or not (self._parting.concerns(scope["path"]) and _has_things(scope)):
            scope["state"]["relayed"] = True
            await services.relay(scope, receive, send)
            return
        taken = Taken(receive)
        try:
            await self._part(services, scope, taken, send)
        finally:
            taken.close()

    async def _part(self, services: Services, scope: Scope, taken: Taken, send: Send) -> None:
        relays = services.relay.is_active and caller_of(scope).may("relay")
        is_ours = await self._parting.is_ours(scope, taken, services.records.database, relays=relays)
        scope["state"]["relayed"] = not is_ours
        await (self._routes if is_ours else services.relay)(scope, taken.receive, send)


def _has_things(scope: Scope) -> bool:
    """Whether there can be anything of ours for the caller; keys for the upstreams alone have all of theirs."""
    caller = caller_of(scope)
    return caller.may("search") or caller.may("documents") or not caller.may("relay")
