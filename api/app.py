"""The application: routes, errors and the services behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib.metadata import version

from fastapi import FastAPI

from api import asking, documents, errors, health, searching, stores
from api.request_ids import RequestIds
from api.services import Services, open_services
from settings import Settings

_DESCRIPTION = """\
Answers questions from your own documents and footnotes every claim: document, page, exact quote.

Errors have OpenAI's shape; every answer carries an `x-request-id`.
"""


def create_app(settings: Settings) -> FastAPI:
    """The ASGI application. Nothing is opened before its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[dict[str, Services]]:
        async with open_services(settings) as services:
            yield {"services": services}

    app = FastAPI(title="Footnote", version=version("footnote"), description=_DESCRIPTION, lifespan=lifespan)
    for part in (documents, searching, asking, stores, health):
        app.include_router(part.router)
    errors.install(app)
    app.add_middleware(RequestIds)
    return app
