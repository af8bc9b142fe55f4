"""The list of models: of all upstreams together, and only those that the caller may use."""

from typing import Any

from api.callers import Caller
from api.relay.answers import Answer, composed, json_of, read_all, whole
from api.relay.dispatching import Dispatching
from api.relay.requests import Request
from api.relay.stripping import uncompressed
from upstream.relay import Relay

_OK = 200


class Listing:
    """Answers `GET /v1/models` and `GET /v1/models/{model}` where the upstream's own answer will not do."""

    def __init__(self, relay: Relay, dispatching: Dispatching) -> None:
        self._relay = relay
        self._dispatching = dispatching
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
        if merges:
            models = await self._relay.models()
            return composed({"object": "list", "data": _visible(models, request.caller)}) if models else None
        return await self._filtered(request) if request.caller.models is not None else None

    async def _one(self, model: str) -> Answer | None:
        found = next((one for one in await self._relay.models() if one.get("id") == model), None)
        return composed(found) if found is not None else None

    async def _filtered(self, request: Request) -> Answer:
        request.headers = uncompressed(request.headers)
        answer = (await self._dispatching.answer(request)).answer
        if answer.status != _OK:
            return answer
        body = await read_all(answer)
        listed = json_of(body)
        if listed is None or not isinstance(listed.get("data"), list):
            return whole(b'{"object": "list", "data": []}', answer, status=_OK, headers=answer.headers)
        return composed({**listed, "data": _visible(listed["data"], request.caller)}, answer)


def _visible(models: list[Any], caller: Caller) -> list[Any]:
    return [one for one in models if isinstance(one, dict) and caller.may_use_model(str(one.get("id")))]
