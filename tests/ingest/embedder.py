"""An embedder without a model, that waits, fails and counts as it is told."""

import asyncio
import zlib
from collections.abc import Sequence

import numpy as np

from upstream import UpstreamError, UpstreamRejectedError, Vectors

DIMENSIONS = 4


class FakeEmbedder:
    """Embeds a text as numbers made from it, so that each vector tells its text."""

    model = "fake"
    window_tokens = 8_191
    unrelated_below = 0.0
    batch_inputs = 64
    calls_side_by_side = 4

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.failures: list[UpstreamError] = []
        """Raised by the next calls, one each."""
        self.refused = ""
        """A call that holds this text is rejected."""
        self.open = asyncio.Event()
        """Calls wait for this."""
        self.open.set()

    async def dimensions(self) -> int:
        return DIMENSIONS

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        self.calls.append(list(texts))
        failure = self.failures.pop(0) if self.failures else None
        await self.open.wait()
        if failure is not None:
            raise failure
        if self.refused and self.refused in texts:
            raise UpstreamRejectedError("No.", status=400)
        return np.stack([vector(text) for text in texts])

    async def embed_question(self, text: str) -> Vectors:
        return vector(text)


def vector(text: str) -> Vectors:
    """What the fake embeds this text as."""
    number = zlib.crc32(text.encode())
    return np.asarray([1 + (number >> shift & 0xFF) for shift in (0, 8, 16, 24)], np.float32)
