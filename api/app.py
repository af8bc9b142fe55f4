"""The application: routes, errors and the services behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from api import (
    asking,
    backing_up,
    control,
    documents,
    errors,
    events,
    health,
    jobs,
    keys,
    metrics,
    reembedding,
    searching,
    stores,
    usage,
)
from api.accounting.counting import Counting
from api.authorising import Authorising, keys_are_required
from api.body_limits import BodyLimits
from api.cross_site import SameSiteOnly, allowed_hosts
from api.door import Door
from api.mcp import route as mcp_route
from api.openai import ROUTERS
from api.openai.store_models import find
from api.parting import Parting
from api.parting.questions import Questions
from api.request_ids import RequestIds
from api.services import open_services
from settings import Settings

_LARGEST_FORM_BYTES = 1 << 30
"""Of one that may be for an upstream: twice as much as OpenAI's largest file, whose purpose may stand behind it."""
_DESCRIPTION = """\
Answers questions from your own documents and footnotes every claim: document, page, exact quote.

Errors have OpenAI's shape; every answer carries an `x-request-id`.
"""


class _App(FastAPI):
    """Has layers before FastAPI's own, which see every answer, also to unforeseen exceptions, and what is relayed."""

    front: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        await self.front(scope, receive, send)

    def stand_behind(self, settings: Settings) -> None:
        """Put the layers in place."""
        questions = Questions(settings.models, lambda name: find(settings, name) is not None)
        parting = Parting(questions, max_form_bytes=max(settings.server.max_request_bytes, _LARGEST_FORM_BYTES))
        door = Door(Counting(super().__call__), parting)
        known = Authorising(door, required=keys_are_required(settings.keys, settings.server))
        self.front = RequestIds(SameSiteOnly(known, allowed_hosts=allowed_hosts(settings.server)))


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Any]]:
        async with open_services(settings) as services:
            yield {"services": services}

    app = _App(title="Footnote", version=version("footnote"), description=_DESCRIPTION, lifespan=lifespan)
    app.stand_behind(settings)
    # One route after the other is compared with a request's path, so what is asked for most comes first.
    for part in (searching, asking, documents, control, jobs, events, stores, reembedding, keys, usage):
        app.include_router(part.router)
    for part in (backing_up, health, metrics, mcp_route):
        app.include_router(part.router)
    for router in ROUTERS:
        app.include_router(router)
    errors.install(app)
    app.add_middleware(BodyLimits, max_form_bytes=settings.server.max_request_bytes)
    return app
