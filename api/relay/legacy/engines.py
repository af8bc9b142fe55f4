"""`/v1/engines`: models as they were once called, and their endpoints below them."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from api.relay.answers import Answer, composed
from api.relay.legacy.asking import Asker, read_object
from api.relay.request_head import read_head

ENDPOINTS = ("chat/completions", "completions", "edits", "embeddings", "moderations")
"""What there was below an engine, and still is below `/v1`."""


async def answer_engines(asker: Asker) -> Answer:
    """All models as engines."""
    answer = await asker.send("GET", "/models")
    if answer.status != HTTPStatus.OK:
        return answer
    listed = (await read_object(answer)).get("data")
    engines = [engine_of(model) for model in listed if isinstance(model, dict)] if isinstance(listed, list) else []
    return composed({"object": "list", "data": engines}, answer)


async def answer_engine(asker: Asker) -> Answer:
    """One model as an engine."""
    name = asker.request.target.partition("?")[0].removeprefix("/engines/")
    answer = await asker.send("GET", f"/models/{name}", model=asker.request.model)
    return answer if answer.status != HTTPStatus.OK else composed(engine_of(await read_object(answer)), answer)


async def answer_below(asker: Asker) -> Answer:
    """What the endpoint itself answers for the engine's model."""
    request = asker.request
    body = request.body
    assert isinstance(body, bytes)
    target = f"/{request.route.path}"
    query = request.target.partition("?")[2]
    return await asker.send(
        request.method,
        f"{target}?{query}" if query else target,
        with_model(body, request.route.model or ""),
        read_head(body).model_name or request.route.model,
    )


def with_model(body: bytes, model: str) -> bytes:
    """A JSON object that names the model; one that names one already stays as it is."""
    start = body.find(b"{") + 1
    if not start or read_head(body).model is not None:
        return body
    member = b'"model":' + json.dumps(model).encode()
    rest = body[start:]
    return body[:start] + member + (b"" if rest.lstrip().startswith(b"}") else b",") + rest


def engine_of(model: Mapping[str, Any]) -> dict[str, Any]:
    """A model in the shape of an engine."""
    return {
        "id": model.get("id"),
        "object": "engine",
        "created": model.get("created"),
        "owner": model.get("owned_by"),
        "permissions": None,
        "ready": True,
    }
