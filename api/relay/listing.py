"""The list of models: of all upstreams together, and only those that the caller may use."""

from collections.abc import Awaitable, Callable, Sequence
from http import HTTPStatus
from typing import Any

from api.callers import Caller
from api.relay.answers import Answer, composed, json_of, read_all
from api.relay.dispatching import Dispatching
from api.relay.requests import Request
from api.relay.stripping import uncompressed
from upstream.relay import Relay

_NO_LIST = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.NOT_IMPLEMENTED})
"""How servers answer that cannot list their models."""
OurModels = Callable[[Caller], Awaitable[Sequence[dict[str, Any]]]]
"""Models that Footnote answers as itself, those that the caller may ask."""


class Listing:
    """Answers `GET /v1/models` and `GET /v1/models/{model}` where the upstream's own answer will not do."""

    def __init__(self, relay: Relay, dispatching: Dispatching, our_models: OurModels) -> None:
        self._relay = relay
        self._dispatching = dispatching
        self._our_models = our_models
        self._merges = len(relay.names) > 1 or relay.has_aliases

    async def answer(self, request: Request) -> Answer | None:
        """The answer; None where the upstream's own will do.

        Raises:
            UpstreamError: There is no answer.
        """
        if request.method != "GET" or request.route.first_part != "models":
            return None
        merges = self._merges and request.upstream is None
        if request.route.model is not None:
            return await self._one(request.route.model) if merges else None
        ours = [] if request.upstream is not None else await self._our_models(request.caller)
        if merges:
            models = [*_visible(await self._relay.models(), request.caller), *ours]
            return composed({"object": "list", "data": models}) if models else None
        return await self._filtered(request, ours) if ours or request.caller.models is not None else None

    async def _one(self, model: str) -> Answer | None:
        found = next((one for one in await self._relay.models() if one.get("id") == model), None)
        return composed(found) if found is not None else None

    async def _filtered(self, request: Request, ours: Sequence[dict[str, Any]]) -> Answer:
        request.headers = uncompressed(request.headers)
        answer = (await self._dispatching.answer(request)).answer
        if answer.status != HTTPStatus.OK:
            return composed({"object": "list", "data": ours}, answer) if ours and answer.status in _NO_LIST else answer
        body = await read_all(answer)
        listed = json_of(body)
        if listed is None or not isinstance(listed.get("data"), list):
            return composed({"object": "list", "data": ours}, answer)
        return composed({**listed, "data": [*_visible(listed["data"], request.caller), *ours]}, answer)


def _visible(models: list[Any], caller: Caller) -> list[Any]:
    return [one for one in models if isinstance(one, dict) and caller.may_use_model(str(one.get("id")))]
