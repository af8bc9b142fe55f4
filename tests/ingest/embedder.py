"""An embedder without a model, that waits, fails and counts as it is told."""

import asyncio
import zlib
from collections.abc import Sequence

import numpy as np

from upstream import (
    BatchLimits,
    Budget,
    Outcome,
    Prepared,
    Rates,
    UpstreamError,
    UpstreamRejectedError,
    Vectors,
)

DIMENSIONS = 4


class FakeEmbedder:
    """Embeds a text as numbers made from it, so that each vector tells its text."""

    model = "fake"
    variant = model
    window_tokens = 8_191

    def __init__(self, *, max_inputs: int = 64, max_tokens: int = 1_000_000, places: int = 4) -> None:
        self.limits = BatchLimits(max_inputs, max_tokens)
        self.rates: Rates | None = None
        self.calls: list[list[str]] = []
        self.failures: list[UpstreamError] = []
        """Raised by the next calls, one each."""
        self.refused = ""
        """This text is rejected, in whatever company."""
        self.open = asyncio.Event()
        """Calls wait for this."""
        self.open.set()
        self.places = asyncio.Semaphore(places)

    async def dimensions(self) -> int:
        return DIMENSIONS

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        self.calls.append(list(texts))
        failure = self.failures.pop(0) if self.failures else None
        await self.open.wait()
        if failure is not None:
            raise failure
        return np.stack([vector(text) for text in texts])

    async def embed_question(self, text: str) -> Vectors:
        return vector(text)

    def prepare(self, texts: Sequence[str]) -> list[Prepared]:
        return [Prepared(text, len(text)) for text in texts]

    async def place(self) -> "FakePlace":
        await self.places.acquire()
        return FakePlace(self)


class FakePlace:
    """The right to make one call; a refused text fails alone."""

    def __init__(self, embedder: FakeEmbedder) -> None:
        self._embedder: FakeEmbedder | None = embedder

    async def embed(self, batch: Sequence[Prepared], *, urgent: bool = False, budget: Budget | None = None) -> Outcome:
        assert self._embedder is not None, "the place was released"
        refused = self._embedder.refused
        texts = [prepared.text for prepared in batch]
        vectors = await self._embedder.embed_documents(texts)
        return Outcome(
            vectors,
            {
                position: UpstreamRejectedError("No.", status=400)
                for position, text in enumerate(texts)
                if refused and text == refused
            },
        )

    def release(self) -> None:
        embedder, self._embedder = self._embedder, None
        if embedder is not None:
            embedder.places.release()


def vector(text: str) -> Vectors:
    """What the fake embeds this text as."""
    number = zlib.crc32(text.encode())
    return np.asarray([1 + (number >> shift & 0xFF) for shift in (0, 8, 16, 24)], np.float32)
