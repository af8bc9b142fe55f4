"""The application: routes, errors and the services behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

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
from api.request_ids import RequestIds
from api.services import Services, open_services
from settings import Settings

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
        door = Door(Counting(super().__call__))
        known = Authorising(door, required=keys_are_required(settings.keys, settings.server))
        self.front = RequestIds(SameSiteOnly(known, allowed_hosts=allowed_hosts(settings.server)))


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_services(settings) as services:
            yield {"services": services}

    app = _App(title="Footnote", version=version("footnote"), description=_DESCRIPTION, lifespan=lifespan)
    app.stand_behind(settings)
    for part in (documents, control, jobs, events, searching, asking, stores, reembedding, keys, usage):
        app.include_router(part.router)
    for part in (backing_up, health, metrics):
        app.include_router(part.router)
    errors.install(app)
    app.add_middleware(BodyLimits, max_form_bytes=settings.server.max_request_bytes)
    return app
