"""Calls to one OpenAI-compatible server: time-outs, and every failure as an `UpstreamError`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
import httpx

from upstream.endpoint import Endpoint
from upstream.errors import UpstreamError, UpstreamInvalidResponseError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.failures import Refusal, read_report, read_retry_after

_MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""Twice what 2,048 vectors of 3,072 numbers take as decimal text."""
_MAX_ERROR_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Three clocks, since each phase of a call has its own idea of long."""

    connect_seconds: float
    """Until the connection stands, TLS included."""
    first_byte_seconds: float
    """From the start of the call until the headers of the answer, connecting included."""
    idle_seconds: float
    """Between two pieces of the answer's body."""


class Client:
    """Sends JSON to one server; tries once."""

    def __init__(self, http: httpx.AsyncClient, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._http = http
        self._endpoint = endpoint
        self._timeouts = timeouts

    async def post(self, path: str, body: Mapping[str, Any], *, texts: Sequence[str]) -> bytes:
        """The whole body of the answer. `texts` are those of the request: no error message repeats them."""
        async with self.stream(path, body, texts=texts) as chunks:
            return await _read_all(chunks, _MAX_ANSWER_BYTES)

    @asynccontextmanager
    async def stream(
        self, path: str, body: Mapping[str, Any], *, texts: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of the answer as it arrives; leaving the context before its end closes the connection."""
        with _translated():
            response = await self._send(path, body)
            try:
                if not response.is_success:
                    raise await self._refusal(response, texts)
                async with aclosing(self._chunks(response)) as chunks:
                    yield chunks
            finally:
                await response.aclose()

    async def _send(self, path: str, body: Mapping[str, Any]) -> httpx.Response:
        if self._http.is_closed:
            raise UpstreamUnavailableError("The service is stopping.")
        request = self._http.build_request(
            "POST",
            self._endpoint.url(path),
            json=body,
            headers=self._endpoint.headers(),
            timeout=httpx.Timeout(None, connect=self._timeouts.connect_seconds),
        )
        with _limited("start to answer", self._timeouts.first_byte_seconds, "first_byte_timeout_seconds"):
            async with asyncio.timeout(self._timeouts.first_byte_seconds):
                return await self._http.send(request, stream=True)

    async def _chunks(self, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        chunks = response.aiter_bytes()
        chunk: bytes | None = b""
        while chunk is not None:
            with _translated(), _limited("go on with its answer", self._timeouts.idle_seconds, "idle_timeout_seconds"):
                async with asyncio.timeout(self._timeouts.idle_seconds):
                    chunk = await anext(chunks, None)
            if chunk:
                yield chunk

    async def _refusal(self, response: httpx.Response, texts: Sequence[str]) -> UpstreamError:
        try:
            body = await _read_all(self._chunks(response), _MAX_ERROR_BYTES)
        except UpstreamError:
            body = b""
        return Refusal(
            response.status_code,
            read_report(body),
            retry_after_seconds=read_retry_after(response.headers),
            key_option=self._endpoint.key_option,
            key=self._endpoint.api_key.get_secret_value() if self._endpoint.api_key else "",
            texts=texts,
        ).error()


async def _read_all(chunks: AsyncIterator[bytes], limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit_bytes:
            raise UpstreamInvalidResponseError(f"The upstream's answer is longer than {limit_bytes:,} bytes.")
    return bytes(body)


@contextmanager
def _limited(deed: str, seconds: float, option: str) -> Iterator[None]:
    try:
        yield
    except TimeoutError as exc:
        message = f"The upstream did not {deed} within {seconds:g} s; try again later or raise `upstream.{option}`."
        raise UpstreamTimeoutError(message) from exc


@contextmanager
def _translated() -> Iterator[None]:
    """Failures of the connection as our own; httpx's aiohttp transport also lets some of aiohttp's own through."""
    try:
        yield
    except (httpx.HTTPError, aiohttp.ClientError, OSError) as exc:
        _forget_request(exc)
        raise _connection_error(exc) from exc


def _forget_request(exc: Exception) -> None:
    """Take the headers, and the key with them, out of an exception whose representation shows them."""
    if isinstance(exc, aiohttp.ClientResponseError):
        exc.request_info = exc.request_info._replace(headers=cast("Any", {}))
        exc.args = ()


def _connection_error(exc: Exception) -> UpstreamError:
    # The transport reports refused and lost connections as httpx.ConnectTimeout too; what it wraps tells them apart.
    cause = (exc.__cause__ or exc) if isinstance(exc, httpx.HTTPError) else exc
    if isinstance(cause, aiohttp.ServerTimeoutError):
        return UpstreamTimeoutError(
            "The upstream could not be reached in time; check `upstream.base_url` or raise"
            " `upstream.connect_timeout_seconds`."
        )
    if isinstance(cause, aiohttp.ClientResponseError):
        return UpstreamInvalidResponseError("The upstream does not answer in HTTP; check `upstream.base_url`.")
    if isinstance(cause, aiohttp.ClientConnectorError):
        return UpstreamUnavailableError(
            "The upstream cannot be reached; check that it runs and that `upstream.base_url` is right."
        )
    return UpstreamUnavailableError("The connection to the upstream was lost; try again later.")
