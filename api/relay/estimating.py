"""Guessing the tokens of a stream that ended before its upstream could report them.

Otherwise whoever leaves just before the end would have it for nothing. What it wrote is about its number of events:
upstreams send one for each token, or nearly.
"""

from api.relay.requests import Request

BYTES_PER_TOKEN = 4
"""Of English, and of Chinese nearly as many."""
_FILES = b";base64,"
"""Pictures and sound cost far fewer tokens than bytes."""


def estimated_input_tokens(request: Request, beginning: bytes) -> int | None:
    """About what a model reads of a streamed request; None where that, or whether a stream is wanted, is not known.

    `beginning` is that of a body which is not kept, where pictures show as a rule.
    """
    if not request.route.is_answer:
        return None
    if not isinstance(request.body, bytes):
        return 0 if _FILES in beginning else None
    if request.head.stream is not True:
        return None
    return 0 if _FILES in request.body else len(request.body) // BYTES_PER_TOKEN
