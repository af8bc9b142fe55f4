"""Server-sent events, as OpenAI's clients read them."""

import json
from collections.abc import AsyncGenerator, Mapping
from typing import Any

from fastapi.responses import StreamingResponse

from api.keeping_alive import with_comments

EVENTS: dict[int | str, dict[str, Any]] = {200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}}
"""For the description of a route that streams when it is asked to."""


def sse(data: Any, *, name: str | None = None) -> str:
    """One event."""
    # All in ASCII: some clients also end lines at U+2028, U+2029 or U+0085, which documents may hold.
    text = data if isinstance(data, str) else json.dumps(data)
    return f"event: {name}\ndata: {text}\n\n" if name else f"data: {text}\n\n"


def streamed(events: AsyncGenerator[str], more: Mapping[str, str]) -> StreamingResponse:
    """The answer that sends these events as they come, with `more` headers."""
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no", **more}
    return StreamingResponse(with_comments(events), media_type="text/event-stream", headers=headers)
