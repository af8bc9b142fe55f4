"""Calls to a Qdrant server: tried again when that can help, and with errors of our own."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc  # type: ignore[import-untyped]
from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from vectorstore.errors import VectorStoreError, VectorStoreUnavailableError

T = TypeVar("T")

_TRIES = 4
_FIRST_PAUSE_SECONDS = 0.1
_PASSING_CODES = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
}
_TOO_MANY_REQUESTS = 429
_CONFLICT = 409
_SERVER_ERROR = 500


async def call(request: Callable[[], Awaitable[T]], timeout_seconds: float) -> T:
    """The answer to a request that may be sent more than once.

    Raises `VectorStoreUnavailableError` when the server stays away, `VectorStoreError` when it refuses.
    """
    try:
        async with asyncio.timeout(timeout_seconds):
            return await _try_repeatedly(request)
    except TimeoutError as exc:
        message = "The Qdrant server took too long; check `qdrant.url` or raise `qdrant.timeout_seconds`."
        raise VectorStoreUnavailableError(message) from exc
    except (ApiException, ResourceExhaustedResponse, grpc.RpcError) as exc:
        if passes(exc):
            raise VectorStoreUnavailableError("The Qdrant server does not answer; check `qdrant.url`.") from exc
        raise VectorStoreError(f"The Qdrant server refused a request: {_summary(exc)}") from exc


async def _try_repeatedly(request: Callable[[], Awaitable[T]]) -> T:
    for attempt in range(1, _TRIES):
        try:
            return await request()
        except (ApiException, ResourceExhaustedResponse, grpc.RpcError) as exc:
            if not passes(exc):
                raise
            await asyncio.sleep(_pause_seconds(exc, attempt))
    return await request()


def passes(error: Exception) -> bool:
    """Whether trying again can help."""
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in _PASSING_CODES
    if isinstance(error, UnexpectedResponse):
        return error.status_code == _TOO_MANY_REQUESTS or (error.status_code or 0) >= _SERVER_ERROR
    return isinstance(error, ResourceExhaustedResponse | ResponseHandlingException)


def already_exists(error: BaseException | None) -> bool:
    """Whether the server refused to make what is there already."""
    if isinstance(error, grpc.aio.AioRpcError):
        return bool(error.code() == grpc.StatusCode.ALREADY_EXISTS)
    return isinstance(error, UnexpectedResponse) and error.status_code == _CONFLICT


def _pause_seconds(error: Exception, attempt: int) -> float:
    if isinstance(error, ResourceExhaustedResponse):
        return float(error.retry_after_s)
    # Jitter, so that processes that failed together do not come back together.
    longest: float = _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1)
    return longest * random.uniform(0.5, 1.0)  # noqa: S311


def _summary(error: Exception) -> str:
    # Not the server's text: it can repeat the request, which holds documents.
    if isinstance(error, grpc.aio.AioRpcError):
        return str(error.code().name)
    return f"HTTP {error.status_code}" if isinstance(error, UnexpectedResponse) else type(error).__name__
