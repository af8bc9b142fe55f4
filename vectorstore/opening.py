"""Opening the vector store that the settings ask for."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

from vectorstore.interface import VectorStore

if TYPE_CHECKING:  # engine processes import this package too; reading settings would triple the time they take to start
    from settings.options import QdrantSettings


@contextlib.asynccontextmanager
async def open_vector_store(qdrant: "QdrantSettings", folder: Path) -> AsyncIterator[VectorStore]:
    """The vector store until the block ends: a server when `qdrant.url` is set, else the embedded engine in `folder`.

    Raises `VectorStoreLockedError` when another process uses the folder.
    """
    # Imported where needed: the client takes a second to import, and no engine process wants it.
    if qdrant.url is None:
        from vectorstore.embedded.store import open_embedded  # noqa: PLC0415

        async with open_embedded(qdrant, folder) as embedded:
            yield embedded
    else:
        from vectorstore.server.store import open_server  # noqa: PLC0415

        async with open_server(qdrant) as server:
            yield server
