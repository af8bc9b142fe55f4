"""What turns text into vectors."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]


class Embedder(Protocol):
    """Texts in, vectors out; one vector for each text, whatever the text holds.

    Texts are cleaned (see `upstream.cleaning`) and cut to what the model reads. Safe to use from many tasks of one
    event loop; questions never wait behind documents. Every method raises `UpstreamError` or one of its children, and
    nothing else.
    """

    @property
    def model(self) -> str:
        """Name of the model; vectors of different models cannot be compared."""

    @property
    def window_tokens(self) -> int:
        """Longest text the model reads as one, in its own tokens."""

    @property
    def unrelated_below(self) -> float:
        """Cosine below which a question and a passage have nothing to do with each other; 0 where nobody measured."""

    @property
    def batch_inputs(self) -> int:
        """Texts that are best handed over at once, where more are waiting."""

    @property
    def calls_side_by_side(self) -> int:
        """Batches that are best handed over side by side."""

    async def dimensions(self) -> int:
        """Length of the vectors; where nobody knows it yet, one short text is embedded to learn it."""

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, shape (len(texts), dimensions), finite, in the order of the texts.

        What is urgent, because somebody waits for it, goes before what is not.
        """

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question, shape (dimensions,), finite."""
