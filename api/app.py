"""The application: routes, errors and the services behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI
from starlette.types import ASGIApp

from api import asking, backing_up, control, documents, errors, events, health, jobs, reembedding, searching, stores
from api.body_limits import BodyLimits
from api.cross_site import SameSiteOnly, allowed_hosts
from api.request_ids import RequestIds
from api.services import Services, open_services
from settings import Settings

_DESCRIPTION = """\
Answers questions from your own documents and footnotes every claim: document, page, exact quote.

Errors have OpenAI's shape; every answer carries an `x-request-id`.
"""


class _App(FastAPI):
    def build_middleware_stack(self) -> ASGIApp:
        """Request ids around everything: middleware that is added sees no answer to an unforeseen exception."""
        return RequestIds(super().build_middleware_stack())


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_services(settings) as services:
            yield {"services": services}

    app = _App(title="Footnote", version=version("footnote"), description=_DESCRIPTION, lifespan=lifespan)
    for part in (documents, control, jobs, events, searching, asking, stores, reembedding, backing_up, health):
        app.include_router(part.router)
    errors.install(app)
    app.add_middleware(BodyLimits, max_form_bytes=settings.server.max_request_bytes)
    app.add_middleware(SameSiteOnly, allowed_hosts=allowed_hosts(settings.server))
    return app
