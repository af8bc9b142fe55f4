"""Every error as OpenAI's clients expect it: `{"error": {"message", "type", "param", "code"}}`."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from ingest import (
    ChangeUnderWayError,
    DuplicateError,
    NoChangeError,
    NothingToCancelError,
    NothingToRetryError,
    SameModelError,
    StillRemovingError,
    StoreExpiredError,
    StoreGoneError,
    UnknownFileError,
)
from records.blobs import BlobTooLargeError, StorageError
from records.errors import NameTakenError, RecordsUnavailableError, UnfitError
from records.keys import LastAdminError, RevokedError
from upstream import (
    ModelUnavailableError,
    UpstreamAuthenticationError,
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
)
from vectorstore import InvalidFilterError, VectorStoreUnavailableError

_log = logging.getLogger(__name__)


class ApiError(HTTPException):
    """A request that cannot be served as it is.

    An HTTPException, for these alone come through unchanged when a body is refused while FastAPI reads it.
    """

    def __init__(
        self,
        status: HTTPStatus,
        message: str,
        *,
        code: str,
        param: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.param = param
        super().__init__(status, message, headers)


def not_found(what: str, name: str, hint: str = "", *, param: str | None = None) -> ApiError:
    """The error for a name or id that leads nowhere."""
    message = f"There is no {what.replace('_', ' ')} {name!r}.{' ' + hint if hint else ''}"
    return ApiError(HTTPStatus.NOT_FOUND, message, code=f"{what}_not_found", param=param or what)


@dataclass(frozen=True, slots=True)
class _Rule:
    status: HTTPStatus
    code: str


_RULES: Mapping[type[Exception], _Rule] = {
    BlobTooLargeError: _Rule(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "file_too_large"),
    StorageError: _Rule(HTTPStatus.INSUFFICIENT_STORAGE, "storage_failed"),
    StoreGoneError: _Rule(HTTPStatus.NOT_FOUND, "store_not_found"),
    StoreExpiredError: _Rule(HTTPStatus.BAD_REQUEST, "vector_store_expired"),
    UnknownFileError: _Rule(HTTPStatus.NOT_FOUND, "file_not_found"),
    NameTakenError: _Rule(HTTPStatus.CONFLICT, "name_taken"),
    DuplicateError: _Rule(HTTPStatus.CONFLICT, "duplicate"),
    SameModelError: _Rule(HTTPStatus.CONFLICT, "same_model"),
    ChangeUnderWayError: _Rule(HTTPStatus.CONFLICT, "change_under_way"),
    StillRemovingError: _Rule(HTTPStatus.CONFLICT, "still_removing"),
    NoChangeError: _Rule(HTTPStatus.CONFLICT, "no_change"),
    NothingToCancelError: _Rule(HTTPStatus.CONFLICT, "nothing_to_cancel"),
    NothingToRetryError: _Rule(HTTPStatus.CONFLICT, "nothing_to_retry"),
    LastAdminError: _Rule(HTTPStatus.CONFLICT, "last_admin_key"),
    RevokedError: _Rule(HTTPStatus.CONFLICT, "key_revoked"),
    InvalidFilterError: _Rule(HTTPStatus.BAD_REQUEST, "invalid_filter"),
    ModelUnavailableError: _Rule(HTTPStatus.SERVICE_UNAVAILABLE, "embedding_model_unavailable"),
    UnfitError: _Rule(HTTPStatus.BAD_REQUEST, "invalid_value"),
    RecordsUnavailableError: _Rule(HTTPStatus.SERVICE_UNAVAILABLE, "database_unavailable"),
    VectorStoreUnavailableError: _Rule(HTTPStatus.SERVICE_UNAVAILABLE, "vector_store_unavailable"),
    UpstreamRateLimitedError: _Rule(HTTPStatus.TOO_MANY_REQUESTS, "upstream_rate_limited"),
    UpstreamTimeoutError: _Rule(HTTPStatus.GATEWAY_TIMEOUT, "upstream_timeout"),
    UpstreamAuthenticationError: _Rule(HTTPStatus.BAD_GATEWAY, "upstream_authentication"),
    UpstreamRejectedError: _Rule(HTTPStatus.BAD_GATEWAY, "upstream_rejected"),
    UpstreamError: _Rule(HTTPStatus.BAD_GATEWAY, "upstream_failed"),
}
"""HTTP statuses of errors from below; the first class that fits counts."""


_KINDS = frozenset({"bool", "comparison", "compound", "float", "int", "str"})
"""Parts of a location that name no field, but which of several kinds of value was tried."""


def install(app: FastAPI) -> None:
    """Answer every exception in OpenAI's shape."""
    app.add_exception_handler(RequestValidationError, _on_validation)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(Exception, _on_exception)
    kinds: list[type[Exception]] = [ApiError, *_RULES]
    for kind in kinds:
        app.add_exception_handler(kind, _on_exception)


def describe(error: Exception) -> tuple[HTTPStatus, dict[str, Any]]:
    """The status and the body for an error; what nobody foresaw is logged, and told without its text."""
    if isinstance(error, ApiError):
        return error.status, _body(error.status, error.detail, error.param, error.code)
    for kind, rule in _RULES.items():
        if isinstance(error, kind):
            _log.warning("%s: %s", rule.code, error)
            return rule.status, _body(rule.status, str(error), None, rule.code)
    _log.error("a request failed for a reason nobody foresaw", exc_info=error)
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    message = "Something went wrong inside Footnote. Its log has the details under the id in x-request-id."
    return status, _body(status, message, None, "internal_error")


def answer(error: Exception) -> JSONResponse:
    """The answer to a request that ended in an error."""
    status, body = describe(error)
    headers = dict(error.headers or {}) if isinstance(error, ApiError) else {}
    if isinstance(error, UpstreamRateLimitedError) and error.retry_after_seconds:
        headers["Retry-After"] = str(int(error.retry_after_seconds) + 1)
    return JSONResponse(body, status, headers)


def _body(status: int, message: str, param: str | None, code: str | None) -> dict[str, Any]:
    kind = "server_error" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else "invalid_request_error"
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        kind = "rate_limit_error"
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


async def _on_exception(_request: Request, error: Exception) -> JSONResponse:
    return answer(error)


async def _on_http(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    code = HTTPStatus(error.status_code).name.lower()
    body = _body(error.status_code, _hint(error.status_code) or str(error.detail), None, code)
    return JSONResponse(body, error.status_code, error.headers)


def _hint(status: int) -> str | None:
    return {
        HTTPStatus.NOT_FOUND: "There is nothing at this path. /docs lists what there is.",
        HTTPStatus.METHOD_NOT_ALLOWED: "This path does not take this method. /docs lists what it takes.",
    }.get(HTTPStatus(status))


async def _on_validation(_request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, RequestValidationError)
    first = error.errors()[0]
    # The first part says where: body, query, path.
    param = ".".join(str(part) for part in first["loc"][1:] if part not in _KINDS) or None
    if first["type"] == "json_invalid":
        param, text = None, f"The body is not JSON: {first.get('ctx', {}).get('error', 'it cannot be read')}."
    else:
        text = f"{param or 'The request'}: {first['msg']}."
    return JSONResponse(_body(HTTPStatus.BAD_REQUEST, text, param, first["type"]), HTTPStatus.BAD_REQUEST)
