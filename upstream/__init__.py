"""Calls to OpenAI-compatible servers for embeddings and chat, and the local embedding model."""

from upstream.budget import Budget, Rates
from upstream.chat import Chat, Ending, Message
from upstream.embedder import BatchLimits, BulkEmbedder, Embedder, Outcome, Place, Prepared, Vectors
from upstream.errors import (
    ModelUnavailableError,
    UpstreamAuthenticationError,
    UpstreamConfigurationError,
    UpstreamError,
    UpstreamGarbledError,
    UpstreamInvalidResponseError,
    UpstreamOverloadedError,
    UpstreamQuotaError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from upstream.local_embedder import LocalEmbedder
from upstream.opening import Upstream, open_upstream
from upstream.remote_embedder import RemoteEmbedder
from upstream.reranking import Reranker
from upstream.tokens import count_tokens, cut_to_tokens

__all__ = [
    "BatchLimits",
    "Budget",
    "BulkEmbedder",
    "Chat",
    "Embedder",
    "Ending",
    "LocalEmbedder",
    "Message",
    "ModelUnavailableError",
    "Outcome",
    "Place",
    "Prepared",
    "Rates",
    "RemoteEmbedder",
    "Reranker",
    "Upstream",
    "UpstreamAuthenticationError",
    "UpstreamConfigurationError",
    "UpstreamError",
    "UpstreamGarbledError",
    "UpstreamInvalidResponseError",
    "UpstreamOverloadedError",
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
