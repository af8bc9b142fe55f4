"""What an upstream refuses because of something that the client named."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from http import HTTPStatus

from api.errors import ApiError
from api.relay.permissions import no_such_model
from search import Event
from upstream import UpstreamRejectedError

_ABOUT_THE_REQUEST = {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}


async def in_words(events: AsyncGenerator[Event], model: str) -> AsyncGenerator[Event]:
    """The events of an answer; a refusal of the model or of an option is the client's error, not the upstream's.

    Raises:
        ApiError: 400 or 404, the upstream refuses what the client named.
        UpstreamError, VectorStoreError, RecordsError
    """
    try:
        async with aclosing(events):
            async for event in events:
                yield event
    except UpstreamRejectedError as refusal:
        if refusal.status == HTTPStatus.NOT_FOUND:
            raise no_such_model(model) from refusal
        if refusal.status in _ABOUT_THE_REQUEST:
            code = refusal.code or "upstream_rejected"
            raise ApiError(HTTPStatus.BAD_REQUEST, str(refusal), code=code, param=refusal.parameter) from refusal
        raise
