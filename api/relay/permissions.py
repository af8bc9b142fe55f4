"""What a caller may ask of upstreams."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from api.callers import Caller
from api.errors import ApiError
from api.relay.request_head import RequestHead
from api.relay.routes import Route

_MODEL = b'"model"'


def check_route(caller: Caller, route: Route) -> None:
    """Refuse what the caller's key is not for.

    Raises:
        ApiError: It may not use upstreams, or not their administration, or the path leads out of the upstream's.
    """
    if not caller.may("relay"):
        message = "This key may not use what is under /v1: it needs the permission `relay`. An admin can add it."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied")
    if route.is_administration and caller.models is not None and not caller.may("admin"):
        message = "This key is for some models only, and not for the account at the upstream."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied")
    if route.leads_elsewhere:
        message = "The path must not hold `.` or `..` between its slashes."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_path")


def check_models(caller: Caller, route: Route, models: Sequence[str]) -> None:
    """Refuse models that the caller may not use, in OpenAI's words.

    Raises:
        ApiError: One of them is not for the caller, or none is named where one may be put to work.
    """
    if caller.models is None:
        return
    for model in models:
        if not caller.may_use_model(model):
            raise no_such_model(model)
    if route.needs_model and (not models or route.hides_models):
        message = (
            "This key is for some models only, and the model of this request could not be found. Name it in `model`, "
            "in front of large members of the body; jobs whose models are in a file need a key for all models."
        )
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="model_not_named", param="model")


def no_such_model(model: str) -> ApiError:
    """The error for a model that is not there, or not there for the caller, as OpenAI tells it."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return ApiError(HTTPStatus.NOT_FOUND, message, code="model_not_found", param="model")


def models_named(body: bytes, head: RequestHead, *, is_whole: bool) -> list[str]:
    """Every model that a JSON body may be taken to name.

    Readers of JSON differ in which of two equal members counts, and whether small and capital letters do; where it
    could matter all of them are looked at. Of a body that is not whole nothing is known for certain.
    """
    if not is_whole:
        return []
    if head.model_name is not None and body.lower().count(_MODEL) == 1 and b"\\u00" not in body:
        return [head.model_name]
    members: list[tuple[str, Any]] = []

    def keep(pairs: list[tuple[str, Any]]) -> None:
        members[:] = pairs  # the outermost object comes last

    try:
        json.loads(body, object_pairs_hook=keep)
    except (ValueError, RecursionError):
        return []
    return [str(value) for name, value in members if name.lower() == "model" and value is not None]
