"""Asking an upstream for what an old endpoint is made of."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from api.errors import ApiError
from api.relay.answers import Answer, json_of, read_all
from api.relay.request_head import read_head
from api.relay.requests import Request
from api.relay.routes import Routes
from api.relay.stripping import uncompressed
from upstream.relay import Replay

Ask = Callable[[Request], Awaitable[Answer]]

_ABOUT_THE_BODY = frozenset({b"content-type", b"content-encoding"})
_JSON = (b"content-type", b"application/json")


class Asker:
    """Makes requests to newer endpoints out of one to an old endpoint, and sends them."""

    def __init__(self, request: Request, ask: Ask, routes: Routes, is_alias: Callable[[str], bool]) -> None:
        self.request = request
        self.is_alias = is_alias
        """Whether the options make another model of a name."""
        self._ask = ask
        self._routes = routes

    def members(self) -> dict[str, Any]:
        """What the old request says.

        Raises:
            ApiError: It is no JSON object.
        """
        body = self.request.body
        members = json_of(body) if isinstance(body, bytes) else None
        if members is None:
            raise ApiError(HTTPStatus.BAD_REQUEST, "The body is not a JSON object.", code="json_invalid")
        return members

    async def send(self, method: str, target: str, body: bytes = b"", model: str | None = None) -> Answer:
        """The answer of a newer endpoint; `target` is its path below `/v1` and query."""
        headers = [header for header in uncompressed(self.request.headers) if header[0] not in _ABOUT_THE_BODY]
        old = self.request
        return await self._ask(
            replace(
                old,
                method=method,
                target=target,
                route=self._routes.route(method, f"/v1{target.partition('?')[0]}".encode("latin-1")),
                headers=[*headers, _JSON] if body else headers,
                body=body,
                content_length=len(body) if body else None,
                head=read_head(body),
                model=model,
                replay=Replay.ALWAYS if method == "GET" else old.replay,
            )
        )

    async def post(self, target: str, members: Mapping[str, Any]) -> Answer:
        """The answer to a JSON request, routed by its model."""
        model = members.get("model")
        body = json.dumps(members).encode()
        return await self.send("POST", target, body, model if isinstance(model, str) else None)

    async def get(self, target: str) -> dict[str, Any] | None:
        """What is at a path; None where there is nothing that can be read."""
        answer = await self.send("GET", target)
        if answer.status != HTTPStatus.OK:
            answer.close()
            return None
        return json_of(await read_all(answer))


async def read_object(answer: Answer) -> dict[str, Any]:
    """The body of an answer that says it went well.

    Raises:
        ApiError: It is no JSON object.
        UpstreamError: It broke off.
    """
    value = json_of(await read_all(answer))
    if value is None:
        message = "The upstream's answer is not what the OpenAI API describes."
        raise ApiError(HTTPStatus.BAD_GATEWAY, message, code="upstream_failed")
    return value
