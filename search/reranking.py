"""Hits in a better order, by a model that reads each passage together with the question."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from search.judging import ChatJudge
from search.refining import Found
from settings import SearchSettings
from upstream import Reranker, Upstream, UpstreamError
from vectorstore import Hit

_log = logging.getLogger(__name__)


class Reranking(Protocol):
    """A way to rerank."""

    async def scores(self, question: str, hits: Sequence[Hit]) -> Sequence[float]:
        """How well each hit answers the question, 0 to 1, in the order of the hits.

        Raises:
            UpstreamError: It could not be told, or not in time.
        """


class _ByUpstream:
    """A model behind an upstream's `/rerank`."""

    def __init__(self, reranker: Reranker) -> None:
        self._reranker = reranker

    async def scores(self, question: str, hits: Sequence[Hit]) -> Sequence[float]:
        """What the model says; it reads the headings too."""
        return await self._reranker.scores(question, [hit.chunk.words for hit in hits])


def reranking_of(upstream: Upstream, settings: SearchSettings) -> Reranking | None:
    """The way to rerank that the options name; None where there is none."""
    seconds = settings.rerank_timeout_seconds
    if settings.rerank == "chat":
        if upstream.chat is not None:
            return ChatJudge(upstream.chat, timeout_seconds=seconds, max_tokens=settings.context_max_tokens)
        _log.warning("Nothing is reranked: `search.rerank` is `chat`, and there is no chat model.")
    if settings.rerank == "upstream" and settings.rerank_model:
        if reranker := upstream.reranker(settings.rerank_model, timeout_seconds=seconds):
            return _ByUpstream(reranker)
        _log.warning("Nothing is reranked: no upstream serves `search.rerank_model`.")
    return None


async def reranked(reranking: Reranking, question: str, hits: Sequence[Hit]) -> Found:
    """The hits by the reranker's scores; as they were where it fails. Equal ones keep their order."""
    if not hits:
        return Found(hits, reranked=True)
    try:
        scores = await reranking.scores(question, hits)
    except UpstreamError as failure:
        _log.warning("hits keep the order they had, for they could not be reranked: %s", failure)
        return Found(hits, reranked=False)
    ranked = [replace(hit, score=score) for hit, score in zip(hits, scores, strict=True)]
    return Found(sorted(ranked, key=lambda hit: -hit.score), reranked=True)
