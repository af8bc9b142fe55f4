"""Where requests part: what is under `/v1` and not ours passes on to the upstreams, everything else to the routes."""

from typing import cast

from starlette.types import ASGIApp, Receive, Scope, Send

from api.callers import caller_of
from api.errors import answer
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
        scope = _with_plain_path(scope)
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
        try:
            is_ours = await self._parting.is_ours(scope, taken, services.records.database, relays=relays)
        except Exception as error:  # noqa: BLE001  nothing behind the door has heard of it, and it must be answered
            await answer(error)(scope, taken.receive, send)
            return
        scope["state"]["relayed"] = not is_ours
        await (self._routes if is_ours else services.relay)(scope, taken.receive, send)


def _with_plain_path(scope: Scope) -> Scope:
    """The request without empty parts in its path, which many servers overlook; upstreams get it as it came."""
    path: str = scope["path"]
    if "//" not in path and path[-1] != "/":
        return scope
    return {**scope, "path": _SHARED + "/".join(part for part in path.split("/")[2:] if part)}


def _has_things(scope: Scope) -> bool:
    """Whether there can be anything of ours for the caller; keys for the upstreams alone have all of theirs."""
    caller = caller_of(scope)
    return caller.may("search") or caller.may("documents") or not caller.may("relay")
