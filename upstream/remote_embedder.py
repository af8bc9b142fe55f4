"""Embeddings from an OpenAI-compatible server."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upstream.budget import Rates
from upstream.cleaning import clean
from upstream.embedder import BatchLimits, Prepared, Vectors
from upstream.embeddings_call import EmbeddingsCall
from upstream.errors import UpstreamError, UpstreamGarbledError
from upstream.packing import pack
from upstream.places import Places
from upstream.remote_place import RemotePlace
from upstream.retrying import Retries
from upstream.tokens import at_most_tokens, count_tokens, cut_to_tokens
from upstream.window import Window

_LONG_CHARACTERS = 16_384
"""Text that takes some two milliseconds to count, so that a thread should do it."""
_LEARNING_CALLS = 4
_DIFFERENT_LENGTHS = "The upstream answers with vectors of different lengths; ask whoever runs it."


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may hold, how many run at once, and how many in a minute."""

    max_batch_inputs: int
    max_batch_tokens: int
    max_input_tokens: int
    concurrency: int
    rates: Rates | None = None


class RemoteEmbedder:
    """Embeds over HTTP, texts packed into as few calls as the limits allow and several calls side by side."""

    def __init__(self, call: EmbeddingsCall, names: Sequence[str], retries: Retries, limits: Limits) -> None:
        self.model = call.model
        self.variant = _variant(names, call)
        self.window_tokens = limits.max_input_tokens - _longest_prefix(call)
        self.rates = limits.rates
        self.limits = BatchLimits(limits.max_batch_inputs, limits.max_batch_tokens)
        self._call = call
        self._retries = retries
        self._places = Places(Window(limits.concurrency), retries.max_delay_seconds)
        self._learning = asyncio.Lock()

    async def dimensions(self) -> int:
        """Length of the vectors; when nobody knows it, one word is embedded until two answers agree.

        One answer is not enough: were it a broken one, every right one after it would be refused.
        """
        async with self._learning:
            if self._call.dimensions is None:
                self._call.dimensions = await self._learn()
            return self._call.dimensions

    async def _learn(self) -> int:
        seen: Counter[int] = Counter()
        for _ in range(_LEARNING_CALLS):
            length = len(await self.embed_question("How long is this vector?"))
            seen[length] += 1
            if seen[length] > 1:
                return length
        raise UpstreamGarbledError(_DIFFERENT_LENGTHS)

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, shape (len(texts), dimensions); the first failure ends all calls under way.

        Urgent ones do not take one of the places that the others wait for.
        """
        batch = await self._prepare_aside(texts)
        counts = [prepared.tokens for prepared in batch]
        groups = pack(counts, max_inputs=self.limits.max_inputs, max_tokens=self.limits.max_tokens)
        embed = self._at_once if urgent else self._in_turn
        tasks: list[asyncio.Task[Vectors]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks.extend(group.create_task(embed(batch[r.start : r.stop])) for r in groups)
        except ExceptionGroup as failures:
            failure = failures.exceptions[0]
            raise failure from failure.__cause__
        return self._joined([task.result() for task in tasks])

    def _joined(self, parts: Sequence[Vectors]) -> Vectors:
        if len({part.shape[1] for part in parts}) > 1:
            raise UpstreamGarbledError(_DIFFERENT_LENGTHS)
        return np.concatenate(parts) if parts else np.empty((0, self._call.dimensions or 0), np.float32)

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question, shape (dimensions,); waits neither for a place nor out a silence that others caused."""
        vectors = await self._at_once(await self._prepare_aside([text]), questions=True)
        return np.asarray(vectors[0])

    def prepare(self, texts: Sequence[str]) -> list[Prepared]:
        """The texts as they will be sent; tokens are only counted where their number can matter."""
        return [self._prepare_one(text) for text in texts]

    async def place(self) -> RemotePlace:
        """Wait for the right to make a call."""
        return RemotePlace(self, self._call, self._places, await self._places.take(), self._retries)

    def remember(self, *, max_inputs: int | None = None, max_tokens: int | None = None) -> None:
        """The server takes no more than this at once; None is not known to matter."""
        known = self.limits
        self.limits = BatchLimits(
            min(known.max_inputs, max_inputs or known.max_inputs), min(known.max_tokens, max_tokens or known.max_tokens)
        )

    def _prepare_one(self, text: str) -> Prepared:
        cut = cut_to_tokens(clean(text), self.window_tokens) or " "
        at_most = at_most_tokens(cut)
        counts = self.rates is not None and self.rates.tokens_per_minute is not None
        if counts or at_most * self.limits.max_inputs > self.limits.max_tokens:
            return Prepared(cut, count_tokens(cut))
        return Prepared(cut, at_most)

    async def _prepare_aside(self, texts: Sequence[str]) -> list[Prepared]:
        if sum(map(len, texts)) < _LONG_CHARACTERS:
            return self.prepare(texts)
        return await asyncio.to_thread(self.prepare, texts)

    async def _in_turn(self, batch: Sequence[Prepared]) -> Vectors:
        place = await self.place()
        try:
            return await place.call(batch, urgent=False, budget=None)
        finally:
            place.release()

    async def _at_once(self, batch: Sequence[Prepared], *, questions: bool = False) -> Vectors:
        return await self._retries.run(lambda: self._send([prepared.text for prepared in batch], questions=questions))

    async def _send(self, texts: list[str], *, questions: bool) -> Vectors:
        """One try without a place; what it meets, those with a place are told."""
        try:
            return await self._call.send(texts, questions=questions)
        except UpstreamError as failure:
            if failure.congestion:
                self._places.congested(None, by_number=failure.retry_after_seconds is None)
                self._places.hold(failure.retry_after_seconds or 0.0, failure)
            raise


def _variant(names: Sequence[str], call: EmbeddingsCall) -> str:
    """What vectors of equal texts have in common: an alias that comes to mean another model gives other vectors."""
    name, dimensions = "|".join(names), call.requested_dimensions
    return (name if dimensions is None else f"{name}:{dimensions}") + call.wordings.mark


def _longest_prefix(call: EmbeddingsCall) -> int:
    wordings = call.wordings
    return max(count_tokens(wordings.question.prefix), count_tokens(wordings.document.prefix))
