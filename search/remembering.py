"""Questions that are embedded once, however many searches and comparisons one answer takes."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence

from upstream import Embedder
from upstream.embedder import Vectors


class RememberingEmbedder:
    """Hands on what it is asked to another embedder, but no question twice.

    It is meant to live as long as one inquiry: it forgets nothing. Raises what the other one raises.
    """

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self._vectors: dict[str, Vectors] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    @property
    def model(self) -> str:
        """Name of the model."""
        return self._embedder.model

    @property
    def window_tokens(self) -> int:
        """Longest text the model reads as one."""
        return self._embedder.window_tokens

    async def dimensions(self) -> int:
        """Length of the vectors."""
        return await self._embedder.dimensions()

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, which are not remembered."""
        return await self._embedder.embed_documents(texts, urgent=urgent)

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question; whoever asks for the same meanwhile waits for the same answer."""
        async with self._locks[text]:
            if text not in self._vectors:
                self._vectors[text] = await self._embedder.embed_question(text)
            return self._vectors[text]
