"""Embedding the chunks of many documents with as few calls as possible."""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from upstream import Embedder, UpstreamError, Vectors

_TURN = 16
"""Texts a document may put into a batch before it is the next one's turn."""


@dataclass(slots=True, eq=False)
class _Request:
    """The texts one document waits for."""

    texts: Sequence[str]
    done: asyncio.Future[Vectors]
    taken: int = 0
    """How many of the texts are under way or done."""
    rows: dict[int, np.ndarray[tuple[int], np.dtype[np.float32]]] = field(default_factory=dict)

    def take(self, room: int) -> "_Part":
        """The next texts, at most `room`, as part of a batch."""
        part = _Part(self, self.taken, min(room, _TURN, len(self.texts) - self.taken))
        self.taken += part.size
        return part

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

    A call that is not full waits `linger_seconds` for more: a call costs the same for one text as for a hundred, and
    upstreams count calls. Documents take turns, so that a short one never waits for the whole of a long one.
    """

    def __init__(self, embedder: Embedder, max_inputs: int, in_flight: int, linger_seconds: float = 0.0) -> None:
        self._linger_seconds = linger_seconds
        self._texts_waiting = 0
        self._timer: asyncio.TimerHandle | None = None
        self._embedder = embedder
        self._max_inputs = max_inputs
        self._free = in_flight
        self._waiting: deque[_Request] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """Vectors of `texts`, shape (len(texts), dimensions), in their order; there must be at least one.

        Raises:
            UpstreamError: as the embedder raises it, for these texts alone.
        """
        request = _Request(texts, asyncio.get_running_loop().create_future())
        self._waiting.append(request)
        self._texts_waiting += len(texts)
        if self._linger_seconds and self._texts_waiting < self._max_inputs:
            self._linger()
        else:
            self._start_calls()
        return await request.done

    def _linger(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._linger_seconds, self._start_calls)

    def _start_calls(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while self._free and (parts := self._next_batch()):
            self._free -= 1
            call = asyncio.create_task(self._call(parts))
            self._calls.add(call)
            call.add_done_callback(self._finished)

    def _finished(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._free += 1
        if self._timer is None:
            self._start_calls()

    def _next_batch(self) -> list[_Part]:
        parts: list[_Part] = []
        room = self._max_inputs
        while self._waiting and room:
            request = self._waiting.popleft()
            if request.done.done():  # somebody gave up, or an earlier part has failed
                self._texts_waiting -= len(request.texts) - request.taken
                continue
            parts.append(request.take(room))
            room -= parts[-1].size
            self._texts_waiting -= parts[-1].size
            if request.taken < len(request.texts):
                self._waiting.append(request)
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
