"""The connection to a Qdrant server."""

import contextlib
from collections.abc import AsyncIterator

from httpx_aiohttp import AiohttpTransport
from qdrant_client import AsyncQdrantClient

from settings.options import QdrantSettings

_SPARE_SECONDS = 1
"""What the client may take longer than we wait: our own time limit is the one that ends a call."""


@contextlib.asynccontextmanager
async def connected(options: QdrantSettings) -> AsyncIterator[AsyncQdrantClient]:
    """A client of the server at `options.url`, until the block ends. It connects at the first call."""
    client = AsyncQdrantClient(
        url=options.url,
        api_key=options.api_key.get_secret_value() if options.api_key else None,
        grpc_port=options.grpc_port,
        prefer_grpc=options.prefer_grpc,
        timeout=int(options.timeout_seconds) + _SPARE_SECONDS,
        # Half of httpx's own cost per call, and it keeps connections; the client's default for a server on this machine
        # is a new one for each call.
        transport=AiohttpTransport(),
        check_compatibility=False,  # a thread that only warns, and asks without our time limits
        cloud_inference=True,  # we have the server infer nothing; the client would look for texts in every vector
    )
    try:
        yield client
    finally:
        await client.close()
