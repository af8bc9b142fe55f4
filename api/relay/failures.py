"""Errors of the relay in the words of the API."""

from http import HTTPStatus

from api.errors import ApiError
from api.relay.answers import TooLongError
from api.relay.permissions import no_such_model
from upstream import UpstreamRejectedError, UpstreamUnavailableError

_CODE = "upstream_unavailable"


def in_words(error: Exception, model: str | None) -> Exception:
    """The error to tell the client of, where the one that happened says too little; else that one."""
    if isinstance(error, UpstreamRejectedError) and error.status == HTTPStatus.NOT_FOUND:
        if error.code == "model_not_found" and model is not None:
            return no_such_model(model)
        return ApiError(HTTPStatus.NOT_FOUND, str(error), code=error.code or "upstream_not_found")
    if isinstance(error, UpstreamUnavailableError) and error.retry_after_seconds is not None:
        seconds = str(int(error.retry_after_seconds) + 1)
        return ApiError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), code=_CODE, headers={"Retry-After": seconds})
    if isinstance(error, TooLongError):
        return ApiError(HTTPStatus.BAD_GATEWAY, str(error.__doc__), code="upstream_failed")
    return error


def no_upstream() -> ApiError:
    """The error where there is nothing to pass requests on to."""
    message = (
        "There is no upstream to pass requests under /v1 on to. Set OPENAI_API_KEY or OPENAI_BASE_URL, or `[upstreams]`"
        " in the configuration, and leave `relay.enabled` on."
    )
    return ApiError(HTTPStatus.NOT_FOUND, message, code="no_upstream")
