"""Calls to OpenAI-compatible servers for embeddings and chat, and the local embedding model."""

from upstream.chat import Chat, Message
from upstream.embedder import Embedder, Vectors
from upstream.errors import (
    ModelUnavailableError,
    UpstreamAuthenticationError,
    UpstreamConfigurationError,
    UpstreamError,
    UpstreamInvalidResponseError,
    UpstreamQuotaError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from upstream.local_embedder import LocalEmbedder
from upstream.opening import Upstream, open_upstream
from upstream.remote_embedder import RemoteEmbedder
from upstream.tokens import count_tokens, cut_to_tokens

__all__ = [
    "Chat",
    "Embedder",
    "LocalEmbedder",
    "Message",
    "ModelUnavailableError",
    "RemoteEmbedder",
    "Upstream",
    "UpstreamAuthenticationError",
    "UpstreamConfigurationError",
    "UpstreamError",
    "UpstreamInvalidResponseError",
    "UpstreamQuotaError",
    "UpstreamRateLimitedError",
    "UpstreamRejectedError",
    "UpstreamTimeoutError",
    "UpstreamUnavailableError",
    "Vectors",
    "count_tokens",
    "cut_to_tokens",
    "open_upstream",
]
