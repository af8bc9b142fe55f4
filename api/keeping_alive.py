"""Keeping a quiet stream of server-sent events open."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing

_QUIET_SECONDS = 15.0
"""Proxies close connections that are silent for longer, often after 30 or 60 seconds."""


async def with_comments(events: AsyncGenerator[str], quiet_seconds: float = _QUIET_SECONDS) -> AsyncIterator[str]:
    """The events, with an SSE comment in every long silence; clients skip comments."""
    async with aclosing(events):
        coming = asyncio.ensure_future(anext(events, None))
        try:
            while True:
                done, _ = await asyncio.wait([coming], timeout=quiet_seconds)
                if not done:
                    yield ": still working\n\n"
                    continue
                event = coming.result()
                if event is None:
                    return
                yield event
                coming = asyncio.ensure_future(anext(events, None))
        finally:
            coming.cancel()
            await asyncio.wait([coming])
