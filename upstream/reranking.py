"""Passages ranked by a model that reads each together with the question."""

import asyncio
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from upstream.cleaning import clean
from upstream.client import Client
from upstream.errors import UpstreamError, UpstreamGarbledError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.metering import count_reported
from upstream.relay.breaker import Breaker
from upstream.retrying import Retries
from upstream.wire import Ranked, RerankAnswer, parse

_PATH = "/rerank"
_BREAKER_FAILURES = 3
_BREAKER_SECONDS = 15.0
"""A search would wait for the whole time-out each time that a reranker hangs."""

_LARGE = 700.0
"""About the largest number whose exponential can be written."""


class Reranker:
    """One model behind `/rerank`, as Cohere, Jina, Voyage, vLLM, Infinity and others offer it.

    It is given little time, so it is tried again only as far as that allows; after three failures in a row that are the
    server's, it is left alone for 15 seconds.
    """

    def __init__(self, client: Client, retries: Retries, *, model: str, timeout_seconds: float) -> None:
        self.model = model
        self._client = client
        self._retries = replace(retries, max_delay_seconds=min(retries.max_delay_seconds, timeout_seconds))
        self._timeout_seconds = timeout_seconds
        self._breaker = Breaker(_BREAKER_FAILURES, _BREAKER_SECONDS, sole=True)

    async def scores(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """How relevant each text is to the question, 0 to 1, in the order of the texts.

        Raises:
            UpstreamError: It did not answer in time, or not so that one could rely on it.
        """
        loop = asyncio.get_running_loop()
        if not self._breaker.admits(loop.time()):
            raise UpstreamUnavailableError("The reranker failed several times in a row and is left alone for a while.")
        probe = self._breaker.enter(loop.time())
        try:
            scores = await self._in_time(clean(question), [clean(text) for text in texts])
        except UpstreamError as failure:
            if failure.retryable:
                self._breaker.failed(loop.time(), probe=probe)
            raise
        self._breaker.succeeded()
        return scores

    async def _in_time(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._retries.run(lambda: self._send(question, texts))
        except TimeoutError as exc:
            raise UpstreamTimeoutError(
                f"The reranker took longer than `search.rerank_timeout_seconds` ({self._timeout_seconds:g} s)."
            ) from exc

    async def _send(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        request = {"model": self.model, "query": question, "documents": texts, "top_n": len(texts)}
        body = await self._client.post(_PATH, request, texts=[question, *texts])
        answer = parse(RerankAnswer, body, UpstreamGarbledError)
        count_reported(self.model, _usage(answer))
        return _scores(answer.results, len(texts))


def _scores(results: Sequence[Ranked], count: int) -> Sequence[float]:
    """The scores in the order of the texts; a text that the server left out, as one that does not matter, has 0."""
    found = {one.index: one.relevance_score for one in results}
    if len(found) != len(results) or not all(0 <= index < count for index in found):
        raise UpstreamGarbledError("The reranker's answer names passages twice, or some that it was not given.")
    if not found or not all(map(math.isfinite, found.values())):
        raise UpstreamGarbledError("The reranker's answer has no scores, or some that are no numbers.")
    if min(found.values()) < 0 or max(found.values()) > 1:
        found = {index: _logistic(score) for index, score in found.items()}
    return [found.get(index, 0.0) for index in range(count)]


def _logistic(score: float) -> float:
    """What such models are trained to turn their outputs into; some servers leave that to their callers."""
    return 1 / (1 + math.exp(min(-score, _LARGE)))


def _usage(answer: RerankAnswer) -> Any:
    """What was used, in OpenAI's words, where the server says it in any."""
    usage = answer.usage
    if usage is None and isinstance(answer.meta, Mapping):
        usage = answer.meta.get("tokens")
    if isinstance(usage, Mapping) and not usage.get("prompt_tokens") and "total_tokens" in usage:
        return {"prompt_tokens": usage["total_tokens"]}
    return usage
