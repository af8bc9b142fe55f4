"""Calls to one OpenAI-compatible server: time-outs, and every failure as an `UpstreamError`."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, cast

import aiohttp
from pydantic_core import to_json
from yarl import URL

from upstream.endpoint import Endpoint
from upstream.errors import UpstreamError, UpstreamInvalidResponseError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.failures import Refusal, read_report, read_retry_after
from upstream.proxies import proxy_of

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

    def __init__(self, session: aiohttp.ClientSession, endpoint: Endpoint, timeouts: Timeouts) -> None:
        self._session = session
        self._endpoint = endpoint
        self._timeouts = timeouts
        self._proxy = proxy_of(endpoint.base_url)
        self._headers = endpoint.headers() | {"content-type": "application/json"}
        if endpoint.base_url.scheme == "http":  # the proxy reads the request itself; with TLS it gets its own
            self._headers |= self._proxy.headers
        self._urls: dict[str, URL] = {}
        self._clocks = aiohttp.ClientTimeout(sock_connect=timeouts.connect_seconds)

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
                if not response.ok or response.status >= 300:  # noqa: PLR2004 - redirects are not followed
                    raise await self._refusal(response, texts)
                async with aclosing(self._chunks(response)) as chunks:
                    yield chunks
            finally:
                response.release()

    async def _send(self, path: str, body: Mapping[str, Any]) -> aiohttp.ClientResponse:
        if self._session.closed:
            raise UpstreamUnavailableError("The service is stopping.")
        with _limited("start to answer", self._timeouts.first_byte_seconds, "first_byte_timeout_seconds"):
            async with asyncio.timeout(self._timeouts.first_byte_seconds):
                return await self._session.post(
                    self._url(path),
                    data=to_json(body),
                    headers=self._headers,
                    timeout=self._clocks,
                    allow_redirects=False,
                    proxy=self._proxy.url,
                    proxy_headers=self._proxy.headers,
                )

    def _url(self, path: str) -> URL:
        if path not in self._urls:
            self._urls[path] = self._endpoint.url(path)
        return self._urls[path]

    async def _chunks(self, response: aiohttp.ClientResponse) -> AsyncGenerator[bytes, None]:
        while True:
            with _translated(), _limited("go on with its answer", self._timeouts.idle_seconds, "idle_timeout_seconds"):
                async with asyncio.timeout(self._timeouts.idle_seconds):
                    chunk = await response.content.readany()
            if not chunk:
                return
            yield chunk

    async def _refusal(self, response: aiohttp.ClientResponse, texts: Sequence[str]) -> UpstreamError:
        try:
            body = await _read_all(self._chunks(response), _MAX_ERROR_BYTES)
        except UpstreamError:
            body = b""
        return Refusal(
            response.status,
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
    except aiohttp.ServerTimeoutError:  # is a TimeoutError too, but of the connection
        raise
    except TimeoutError as exc:
        message = f"The upstream did not {deed} within {seconds:g} s; try again later or raise `upstream.{option}`."
        raise UpstreamTimeoutError(message) from exc


@contextmanager
def _translated() -> Iterator[None]:
    """Failures of the connection as our own."""
    try:
        yield
    except (aiohttp.ClientError, OSError) as exc:
        _forget_request(exc)
        raise _connection_error(exc) from exc


def _forget_request(exc: Exception) -> None:
    """Take the headers, and the key with them, out of an exception whose representation shows them."""
    if isinstance(exc, aiohttp.ClientResponseError):
        exc.request_info = exc.request_info._replace(headers=cast("Any", {}))
        exc.args = ()


def _connection_error(exc: Exception) -> UpstreamError:
    if isinstance(exc, aiohttp.ServerTimeoutError):
        return UpstreamTimeoutError(
            "The upstream could not be reached in time; check `upstream.base_url` or raise"
            " `upstream.connect_timeout_seconds`."
        )
    if isinstance(exc, aiohttp.ClientResponseError):
        return UpstreamInvalidResponseError("The upstream does not answer in HTTP; check `upstream.base_url`.")
    if isinstance(exc, aiohttp.ClientConnectorError):
        return UpstreamUnavailableError(
            "The upstream cannot be reached; check that it runs and that `upstream.base_url` is right."
        )
    return UpstreamUnavailableError("The connection to the upstream was lost; try again later.")
