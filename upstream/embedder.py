"""What turns text into vectors."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from upstream.budget import Budget, Rates
from upstream.errors import UpstreamError

Vectors = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A text as it is sent: cleaned, and cut to what the model reads."""

    text: str
    tokens: int
    """Never less than it has. Exact wherever it can matter."""


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """What one call may hold, all texts together; a text that is alone above it may go alone."""

    max_inputs: int
    max_tokens: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the texts of one batch."""

    vectors: Vectors
    """Shape (texts, dimensions), finite; rows of texts that failed mean nothing."""
    failures: Mapping[int, UpstreamError] = field(default_factory=dict)
    """By position in the batch."""


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

    async def dimensions(self) -> int:
        """Length of the vectors; where nobody knows it yet, a short text is embedded to learn it."""

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, shape (len(texts), dimensions), finite, in the order of the texts.

        What is urgent, because somebody waits for it, goes before what is not.
        """

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question, shape (dimensions,), finite."""


class Place(Protocol):
    """The right to make one call."""

    async def embed(self, batch: Sequence[Prepared], *, urgent: bool = False, budget: Budget | None = None) -> Outcome:
        """Vectors of passages that are within the limits of a batch; there must be at least one.

        A failed call is tried again where that can help, and takes from the budget anew. A batch that is refused is
        halved until it is known which texts are to blame: those alone fail.

        Args:
            batch: What to embed.
            urgent: Whether somebody waits for it.
            budget: What calls after the first take from; for the first it has been taken.

        Raises:
            UpstreamError: All texts failed for the same reason.
        """

    def release(self) -> None:
        """Give the place to the next one; doing it again does no harm."""


class BulkEmbedder(Embedder, Protocol):
    """An embedder for those who make up batches themselves, of the texts of many documents."""

    @property
    def variant(self) -> str:
        """The model, with the length of its vectors where one is asked for; vectors are kept under it."""

    @property
    def limits(self) -> BatchLimits:
        """Largest batch right now: the server may turn out to take less than the options allow."""

    @property
    def rates(self) -> Rates | None:
        """What may be sent in a minute; None where there is no limit."""

    def prepare(self, texts: Sequence[str]) -> list[Prepared]:
        """The texts as they will be sent; takes about 0.1 s for a megabyte, so long ones belong into a thread."""

    async def place(self) -> Place:
        """Wait for the right to make a call; whoever has it then fills the call with what waits at that moment.

        Raises:
            UpstreamError: The server has asked for a longer silence than may be waited for.
        """
