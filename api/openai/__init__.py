"""What OpenAI offers for files, stores and answers from them, under its own paths and in its own shapes."""

from collections.abc import Sequence

from fastapi import APIRouter

from api.openai import (
    chat,
    file_batches,
    files,
    models,
    store_files,
    store_search,
    uploads,
    vector_stores,
)
from api.openai.responses import routes as responses

ROUTERS: Sequence[APIRouter] = (
    files.router,
    uploads.router,
    vector_stores.router,
    store_files.router,
    file_batches.router,
    store_search.router,
    responses.router,
    chat.router,
    models.router,
)
