"""Calls to a Qdrant server: tried again when that can help, and with errors of our own."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TypeVar

import grpc  # type: ignore[import-untyped]
from qdrant_client import models
from qdrant_client.common.client_exceptions import QdrantException, ResourceExhaustedResponse
from qdrant_client.http.exceptions import ApiException, ResponseHandlingException, UnexpectedResponse

from vectorstore.errors import VectorStoreError, VectorStoreUnavailableError

T = TypeVar("T")

_TRIES_WHILE_SOMEONE_WAITS = 4
_FIRST_PAUSE_SECONDS = 0.1
_LONGEST_PAUSE_SECONDS = 2.0
_PASSING_CODES = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
    grpc.StatusCode.ABORTED,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.INTERNAL,
}
_TOO_MANY_REQUESTS = 429
_NOT_FOUND = 404
_REQUEST_TIMEOUT = 408
_SERVER_ERROR = 500


class PendingError(Exception):
    """The server took a write but has not carried it out in the time it gives itself."""


_FAILURES = (ApiException, QdrantException, grpc.RpcError, PendingError)


class Caller:
    """Sends requests that may be sent more than once, each within the same time limit.

    Both methods raise `VectorStoreUnavailableError` when the server stays away, `VectorStoreError` when it refuses.
    """

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds

    async def ask(self, request: Callable[[], Awaitable[T]]) -> T:
        """For someone who waits: a server that is away is reported after a few tries, in less than a second."""
        return await self._call(request, _TRIES_WHILE_SOMEONE_WAITS)

    async def insist(self, request: Callable[[], Awaitable[T]]) -> T:
        """For work that nobody waits for: tried until the time is up, which outlasts a restart of the server."""
        return await self._call(request, None)

    async def _call(self, request: Callable[[], Awaitable[T]], tries: int | None) -> T:
        deadline = asyncio.get_running_loop().time() + self._timeout_seconds
        try:
            async with asyncio.timeout_at(deadline):
                return await _try_repeatedly(request, tries, deadline)
        except TimeoutError as exc:
            message = "The Qdrant server took too long; check `qdrant.url` or raise `qdrant.timeout_seconds`."
            raise VectorStoreUnavailableError(message) from exc
        except _FAILURES as exc:
            if passes(exc):
                raise VectorStoreUnavailableError("The Qdrant server does not answer; check `qdrant.url`.") from exc
            raise VectorStoreError(f"The Qdrant server refused a request: {_summary(exc)}") from exc


async def _try_repeatedly(request: Callable[[], Awaitable[T]], tries: int | None, deadline: float) -> T:
    attempt = 1
    while True:
        try:
            return await request()
        except _FAILURES as exc:
            pause_seconds = _pause_seconds(exc, attempt)
            is_too_late = asyncio.get_running_loop().time() + pause_seconds >= deadline
            if attempt == tries or is_too_late or not passes(exc):
                raise
        await asyncio.sleep(pause_seconds)
        attempt += 1


def passes(error: Exception) -> bool:
    """Whether trying again can help."""
    if isinstance(error, grpc.aio.AioRpcError):
        return error.code() in _PASSING_CODES
    if isinstance(error, UnexpectedResponse):
        status = error.status_code or 0
        return status in {_TOO_MANY_REQUESTS, _REQUEST_TIMEOUT} or status >= _SERVER_ERROR
    # Of its own errors the client raises one without a name only for a Retry-After that is a date.
    return isinstance(error, QdrantException | ResponseHandlingException | PendingError)


def is_missing(error: BaseException | None) -> bool:
    """Whether the server does not know what the request names."""
    if isinstance(error, grpc.aio.AioRpcError):
        return bool(error.code() == grpc.StatusCode.NOT_FOUND)
    return isinstance(error, UnexpectedResponse) and error.status_code == _NOT_FOUND


def carried_out(result: models.UpdateResult) -> models.UpdateResult:
    """A write that is done; raises `PendingError`, which passes, when the server only promises to do it."""
    if result.status != models.UpdateStatus.COMPLETED:
        raise PendingError
    return result


def _pause_seconds(error: Exception, attempt: int) -> float:
    if isinstance(error, ResourceExhaustedResponse):
        return float(error.retry_after_s)
    # Jitter, so that processes that failed together do not come back together.
    longest: float = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311


def _summary(error: Exception) -> str:
    # Not the server's text: it can repeat the request, which holds documents.
    if isinstance(error, grpc.aio.AioRpcError):
        return str(error.code().name)
    return f"HTTP {error.status_code}" if isinstance(error, UnexpectedResponse) else type(error).__name__
