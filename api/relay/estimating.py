"""Guessing the tokens of a stream that ended before its upstream could report them.

Otherwise whoever leaves just before the end would have it for nothing. What it wrote is about its number of events:
upstreams send one for each token, or nearly.
"""

from api.relay.requests import Request

_BYTES_PER_TOKEN = 4
"""Of English, and of Chinese nearly as many."""
_FILES = b";base64,"
"""Pictures and sound cost far fewer tokens than bytes."""


def estimated_input_tokens(request: Request) -> int | None:
    """About what a model reads of a streamed request; None where no model answers, or no stream is wanted."""
    if not (request.route.is_answer and request.head.stream is True and isinstance(request.body, bytes)):
        return None
    return 0 if _FILES in request.body else len(request.body) // _BYTES_PER_TOKEN
