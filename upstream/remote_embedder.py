"""Embeddings from an OpenAI-compatible server."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from upstream.cleaning import clean
from upstream.client import Client
from upstream.embedder import Vectors
from upstream.errors import UpstreamInvalidResponseError, UpstreamRejectedError
from upstream.packing import pack
from upstream.retrying import Retries
from upstream.tokens import at_most_tokens, count_tokens, cut_to_tokens
from upstream.vectors import read_vectors


@dataclass(frozen=True, slots=True)
class Limits:
    """What one call may hold, and how many run at once."""

    max_batch_inputs: int
    max_batch_tokens: int
    max_input_tokens: int
    concurrency: int


class RemoteEmbedder:
    """Embeds over HTTP, texts packed into as few calls as the limits allow and several calls side by side.

    `encoding_format: "base64"` quarters the bytes; a server that refuses the field gets no more of it, and one that
    ignores it and answers with numbers is understood.
    """

    unrelated_below = 0.0

    def __init__(self, client: Client, retries: Retries, limits: Limits, *, model: str, dimensions: int | None) -> None:
        self.model = model
        self.window_tokens = limits.max_input_tokens
        self.batch_inputs = limits.max_batch_inputs
        self.calls_side_by_side = limits.concurrency
        self._client = client
        self._retries = retries
        self._limits = limits
        self._requested_dimensions = dimensions
        self._dimensions = dimensions
        self._learning = asyncio.Lock()
        self._slots = asyncio.Semaphore(limits.concurrency)
        self._asks_for_base64 = True

    async def dimensions(self) -> int:
        """Length of the vectors; the first call embeds one word when no other call has shown it."""
        async with self._learning:
            return self._dimensions or len(await self.embed_question("How long is this vector?"))

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, shape (len(texts), dimensions); the first failure ends all calls under way.

        Urgent ones do not take one of the places that the others wait for.
        """
        prepared, counts = await asyncio.to_thread(self._prepare, texts)
        batches = pack(counts, max_inputs=self._limits.max_batch_inputs, max_tokens=self._limits.max_batch_tokens)
        embed = self._embed if urgent else self._in_turn
        tasks: list[asyncio.Task[Vectors]] = []
        try:
            async with asyncio.TaskGroup() as group:
                tasks.extend(group.create_task(embed(prepared[r.start : r.stop])) for r in batches)
        except ExceptionGroup as failures:
            failure = failures.exceptions[0]
            raise failure from failure.__cause__
        parts = [task.result() for task in tasks]
        return np.concatenate(parts) if parts else np.empty((0, self._dimensions or 0), np.float32)

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question, shape (dimensions,); does not take one of the places that passages wait for."""
        prepared, _ = await asyncio.to_thread(self._prepare, [text])
        vectors = await self._embed(prepared)
        return np.asarray(vectors[0])

    def _prepare(self, texts: Sequence[str]) -> tuple[list[str], list[int]]:
        prepared = [cut_to_tokens(clean(text), self._limits.max_input_tokens) or " " for text in texts]
        counts = [at_most_tokens(text) for text in prepared]
        if sum(counts) > self._limits.max_batch_tokens:  # only then can it matter how many there are
            counts = [count_tokens(text) for text in prepared]
        return prepared, counts

    async def _in_turn(self, texts: list[str]) -> Vectors:
        async with self._slots:
            return await self._embed(texts)

    async def _embed(self, texts: list[str]) -> Vectors:
        body = await self._retries.run(lambda: self._post(texts))
        vectors = await asyncio.to_thread(read_vectors, body, len(texts))
        self._check_dimensions(vectors.shape[1])
        return vectors

    async def _post(self, texts: list[str]) -> bytes:
        request: dict[str, Any] = {"model": self.model, "input": texts}
        if self._requested_dimensions is not None:
            request |= {"dimensions": self._requested_dimensions}
        if not self._asks_for_base64:
            return await self._client.post("/embeddings", request, texts=texts)
        try:
            return await self._client.post("/embeddings", request | {"encoding_format": "base64"}, texts=texts)
        except UpstreamRejectedError as refusal:
            if refusal.parameter != "encoding_format" and "encoding_format" not in str(refusal):
                raise
        self._asks_for_base64 = False
        return await self._client.post("/embeddings", request, texts=texts)

    def _check_dimensions(self, dimensions: int) -> None:
        if self._dimensions is None:
            self._dimensions = dimensions
        if self._dimensions != dimensions:
            raise UpstreamInvalidResponseError(
                f"The upstream's vectors have {dimensions} numbers instead of {self._dimensions};"
                " check `upstream.embedding_model` and `upstream.embedding_dimensions`."
            )
