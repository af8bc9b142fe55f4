"""The ASGI application for everything under `/v1`."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.types import Receive, Scope, Send

from api.callers import Caller, caller_of
from api.relay.answering import Answering
from api.relay.conversation import Conversation
from api.relay.dispatching import Dispatching
from api.relay.exchange import Exchange
from api.relay.fetching import fetch
from api.relay.legacy import Legacy
from api.relay.legacy.edits import Edits
from api.relay.listing import Listing, OurModels
from api.relay.parts import Ledger, Limits, Parts
from api.relay.routes import Routes
from api.relay.whereabouts import Whereabouts
from records.database import Database
from settings import RelaySettings
from upstream.relay import Relay


class RelayApp:
    """Passes requests on to upstreams; raw ASGI, since a framework would cost more than the work.

    Reads `caller` and `request_id` from the scope's state.

    Args:
        relay: The upstreams; None where there are none, which the answers tell then.
        limits: What admits callers and hears what they spend.
        ledger: What keeps a row for each call.
        still_lets: Whether a caller's key is still as it was when the call came.
        our_models: What is listed beside the models of the upstreams.
        chat_model: For old requests that name a model that is no more.
    """

    def __init__(
        self,
        relay: Relay | None,
        settings: RelaySettings,
        limits: Limits,
        ledger: Ledger,
        database: Database,
        *,
        still_lets: Callable[[Caller], bool],
        our_models: OurModels,
        chat_model: str | None = None,
    ) -> None:
        self._relay = relay
        routes = Routes()
        answering = None
        if relay is not None and settings.enabled:
            dispatching = Dispatching(relay, Whereabouts(database), asks_usage=settings.stream_usage)
            edits = Edits(settings.edit_model, chat_model)
            legacy = Legacy(settings.legacy, edits, routes, lambda model: [*relay.resolved(model)] != [model])
            answering = Answering(dispatching, Listing(relay, dispatching, our_models), legacy)
        self._parts = Parts(settings, limits, ledger, routes, answering, still_lets)

    @property
    def is_active(self) -> bool:
        """Whether there is an upstream that anything can pass on to."""
        return self._parts.answering is not None

    async def files(self, connection: Scope, query: Mapping[str, str]) -> Mapping[str, Any] | None:
        """The upstream's own page of files for the caller of a request.

        Returns:
            None where there is no upstream, the caller may not use it, or it gives no such page.
        """
        caller, answering = caller_of(connection), self._parts.answering
        if answering is None or not caller.may("relay"):
            return None
        target = f"/files?{urlencode(query)}" if query else "/files"
        return await fetch(answering, self._parts.routes, caller, target)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or WebSocket."""
        if scope["type"] == "websocket":
            await Conversation(self._parts, self._relay, scope, receive, send).run()
        else:
            await Exchange(self._parts, scope, receive, send).run()
