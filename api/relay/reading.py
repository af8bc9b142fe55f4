"""Understanding a request, from as little of it as that takes."""

from starlette.types import Scope

from api.callers import Caller
from api.relay.bodies import Body
from api.relay.forms import form_models, is_form, is_plain_form
from api.relay.permissions import check_models, models_named
from api.relay.request_head import NO_HEAD, RequestHead, read_head, read_partial_head
from api.relay.requests import Request
from api.relay.routes import Route
from api.relay.stripping import RequestHeaders
from settings import RelaySettings
from upstream.relay import Replay

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


async def read_request(scope: Scope, route: Route, caller: Caller, body: Body, settings: RelaySettings) -> Request:
    """What the client wants, with its body read as far as it is kept.

    Raises:
        ApiError: The caller may not use the model.
        ClientLeftError: The client left before the beginning of the body was here.
    """
    headers = RequestHeaders(scope["headers"])
    await body.read(headers.content_bytes, settings.replay_bytes, is_form=is_form(headers.content_type))
    head, in_form = _beginning(headers, body)
    if caller.models is not None:
        check_models(caller, route, _every_model(route, headers, body, head, in_form))
    return Request(
        method=scope["method"],
        target=_target(scope),
        route=route,
        headers=headers.kept,
        body=body.beginning if body.is_whole else body.stream(),
        content_length=headers.content_bytes,
        head=head,
        model=head.model_name or (in_form[0] if in_form else route.model),
        caller=caller,
        replay=_replay(scope["method"], route, headers, head),
        upstream=headers.upstream,
    )


def _beginning(headers: RequestHeaders, body: Body) -> tuple[RequestHead, list[str]]:
    """What a JSON body says of itself, or the models that a form names."""
    if not body.beginning:
        return NO_HEAD, []
    if is_form(headers.content_type):
        return NO_HEAD, form_models(headers.content_type, body.beginning)
    if body.beginning.lstrip()[:1] != b"{":  # whatever its type says: some servers do not look at that either
        return NO_HEAD, []
    return read_head(body.beginning) if body.is_whole else read_partial_head(body.beginning), []


def _every_model(route: Route, headers: RequestHeaders, body: Body, head: RequestHead, in_form: list[str]) -> list[str]:
    """All models that a request may be taken to name, by whoever reads it."""
    named = [route.model] if route.model is not None else []
    if is_form(headers.content_type):
        return [*named, *in_form] if is_plain_form(headers.content_type, body.beginning) else []
    return [*named, *models_named(body.beginning, head, is_whole=body.is_whole)]


def _replay(method: str, route: Route, headers: RequestHeaders, head: RequestHead) -> Replay:
    if method in _SAFE_METHODS or (route.is_answer and not head.has_effects):
        return Replay.ALWAYS
    return Replay.SAME if headers.is_idempotent else Replay.UNDONE


def _target(scope: Scope) -> str:
    path: bytes = scope["raw_path"].removeprefix(b"/v1")
    query: bytes = scope["query_string"]
    return (path + b"?" + query if query else path).decode("latin-1")
