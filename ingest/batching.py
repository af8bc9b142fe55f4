"""Embedding the chunks of many documents with as few calls as possible."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from upstream import Embedder, UpstreamError, Vectors


@dataclass(slots=True, eq=False)
class _Request:
    """The texts one document waits for."""

    texts: Sequence[str]
    rows: dict[int, np.ndarray[tuple[int], np.dtype[np.float32]]]
    done: asyncio.Future[Vectors]

    def settle(self, first: int, vectors: Vectors) -> None:
        self.rows.update(enumerate(vectors, first))
        if len(self.rows) == len(self.texts) and not self.done.done():
            self.done.set_result(np.stack([self.rows[index] for index in range(len(self.texts))]))

    def fail(self, error: BaseException) -> None:
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(frozen=True, slots=True)
class _Part:
    """Some neighbouring texts of one request."""

    request: _Request
    first: int
    size: int

    @property
    def texts(self) -> Sequence[str]:
        return self.request.texts[self.first : self.first + self.size]


class SharedBatches:
    """Collects texts while calls are under way, so that the next call carries what many documents wait for.

    Nothing waits on purpose: a free place in flight is taken at once, by whatever is there.
    """

    def __init__(self, embedder: Embedder, max_inputs: int, in_flight: int) -> None:
        self._embedder = embedder
        self._max_inputs = max_inputs
        self._free = in_flight
        self._waiting: deque[_Part] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, shape (len(texts), dimensions), in their order.

        Raises:
            UpstreamError: as the embedder raises it, for these texts alone.
        """
        request = _Request(texts, {}, asyncio.get_running_loop().create_future())
        for first in range(0, len(texts), self._max_inputs):
            self._waiting.append(_Part(request, first, min(self._max_inputs, len(texts) - first)))
        self._start_calls()
        return await request.done

    def _start_calls(self) -> None:
        while self._free and (parts := self._next_batch()):
            self._free -= 1
            call = asyncio.create_task(self._call(parts))
            self._calls.add(call)
            call.add_done_callback(self._finished)

    def _finished(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._free += 1
        self._start_calls()

    def _next_batch(self) -> list[_Part]:
        parts: list[_Part] = []
        room = self._max_inputs
        while self._waiting and self._waiting[0].size <= room:
            part = self._waiting.popleft()
            if not part.request.done.done():  # somebody may have given up, or an earlier part have failed
                parts.append(part)
                room -= part.size
        return parts

    async def _call(self, parts: list[_Part]) -> None:
        try:
            vectors = await self._embedder.embed_documents([text for part in parts for text in part.texts])
        except UpstreamError as error:
            await self._apart(parts, error)
        except BaseException as error:  # whatever it is, nobody may wait for ever
            for part in parts:
                part.request.fail(error)
            if not isinstance(error, Exception):
                raise
        else:
            _distribute(parts, vectors)

    async def _apart(self, parts: list[_Part], error: UpstreamError) -> None:
        """One document's text may have been refused: it alone must fail, so the others are asked for again."""
        if len(parts) == 1 or error.retryable:
            for part in parts:
                part.request.fail(error)
            return
        for part in parts:
            await self._call([part])


def _distribute(parts: list[_Part], vectors: Vectors) -> None:
    row = 0
    for part in parts:
        part.request.settle(part.first, vectors[row : row + part.size])
        row += part.size
