"""Asking the upstream for something that Footnote makes a part of an answer of its own."""

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from api.callers import Caller
from api.errors import ApiError
from api.relay.answering import Answering
from api.relay.answers import TooLongError, json_of, read_all
from api.relay.request_head import NO_HEAD
from api.relay.requests import Request
from api.relay.routes import Routes
from upstream import UpstreamError
from upstream.relay import Replay

_HEADERS = ((b"accept", b"application/json"), (b"accept-encoding", b"identity"))
_log = logging.getLogger(__name__)


async def fetch(answering: Answering, routes: Routes, caller: Caller, target: str) -> Mapping[str, Any] | None:
    """The JSON object that the upstream gives for a GET; None where it gives none, whatever the reason.

    Args:
        answering: What asks the upstreams.
        routes: What knows paths.
        caller: Who wants it.
        target: Path below `/v1` and query, percent-encoded.
    """
    request = Request(
        method="GET",
        target=target,
        route=routes.route("GET", b"/v1" + target.partition("?")[0].encode()),
        headers=_HEADERS,
        body=b"",
        content_length=None,
        head=NO_HEAD,
        model=None,
        caller=caller,
        replay=Replay.ALWAYS,
    )
    try:
        answer = (await answering.answer(request)).answer
        body = await read_all(answer)
    except (UpstreamError, ApiError, TooLongError) as error:
        _log.warning("the upstream gives no %s: %s", request.route.label, type(error).__name__)
        return None
    return json_of(body) if answer.status == HTTPStatus.OK else None
