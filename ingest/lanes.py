"""Texts that wait for their vectors, and whose turn it is."""

import asyncio
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from records.ids import DocumentId
from upstream import BatchLimits, Prepared, Vectors

_TURN = 16
"""Texts a document may put into a batch before it is the next one's turn."""
_SHARE = 4
"""The part of a batch, one in so many, that what is not urgent keeps while urgent texts wait."""


@dataclass(slots=True, eq=False)
class Wanted:
    """A text that is wanted, by one document or by several at the same time."""

    text_hash: bytes
    prepared: Prepared
    document_id: DocumentId
    """The one that asked first, and that the vector is recorded with."""
    looked_up: float
    """When it was last known not to be among the recorded vectors; a reading of the event loop's clock."""
    requests: list["Request"] = field(default_factory=list)
    taken: bool = False
    """Whether it is in a batch."""

    @property
    def waits(self) -> bool:
        """Whether it should go into a batch."""
        return not self.taken and bool(self.requests)

    @property
    def urgent(self) -> bool:
        """Whether somebody waits for it who must not wait long."""
        return any(request.urgent for request in self.requests)


@dataclass(slots=True, eq=False)
class Request:
    """The texts that one document waits for."""

    urgent: bool
    done: asyncio.Future[dict[bytes, Vectors]]
    waiting: deque[Wanted] = field(default_factory=deque)
    """Those that may still have to go into a batch."""
    missing: int = 0
    rows: dict[bytes, Vectors] = field(default_factory=dict)

    def add(self, wanted: Wanted) -> None:
        """One more text that must be there before the request is done."""
        wanted.requests.append(self)
        self.waiting.append(wanted)
        self.missing += 1

    def settle(self, text_hash: bytes, row: Vectors) -> None:
        """The vector of one of the texts, shape (dimensions,)."""
        self.rows[text_hash] = row
        self.missing -= 1
        if not self.missing and not self.done.done():
            self.done.set_result(self.rows)

    def fail(self, error: BaseException) -> None:
        """There is no vector for one of the texts."""
        if not self.done.done():
            self.done.set_exception(error)


@dataclass(slots=True)
class _Room:
    """What still goes into a batch."""

    inputs: int
    tokens: int

    def takes(self, wanted: Wanted, *, first: bool) -> bool:
        if self.inputs < 1 or (wanted.prepared.tokens > self.tokens and not first):
            return False
        self.inputs -= 1
        self.tokens -= wanted.prepared.tokens
        return True

    def share(self) -> "_Room":
        """Give away the part of what is not urgent, at least one text of it."""
        kept = _Room(max(self.inputs // _SHARE, 1), self.tokens // _SHARE)
        self.inputs -= kept.inputs
        self.tokens -= kept.tokens
        return kept


class Lanes:
    """Urgent texts go first, but leave the others a share of each batch; within a lane documents take turns."""

    def __init__(self) -> None:
        self._urgent: deque[Request] = deque()
        self._others: deque[Request] = deque()

    def __bool__(self) -> bool:
        return any(wanted.waits for wanted in self._all())

    def add(self, request: Request, *, first: bool = False) -> None:
        """Queue what the request waits for; `first` is for what was in a batch already."""
        lane = self._urgent if request.urgent else self._others
        if request in lane:
            return
        if first:
            lane.appendleft(request)
        else:
            lane.append(request)

    def fill(self, limits: BatchLimits) -> bool:
        """Whether what waits is enough for a whole batch."""
        inputs = tokens = 0
        for wanted in self._all():
            if wanted.waits:
                inputs += 1
                tokens += wanted.prepared.tokens
                if inputs >= limits.max_inputs or tokens >= limits.max_tokens:
                    return True
        return False

    @property
    def hurry(self) -> bool:
        """Whether something urgent waits."""
        return any(wanted.waits for request in self._urgent for wanted in request.waiting)

    def take(self, limits: BatchLimits, *, only_urgent: bool = False) -> list[Wanted]:
        """The next batch; empty when nothing waits."""
        room = _Room(limits.max_inputs, limits.max_tokens)
        batch: list[Wanted] = []
        if only_urgent:
            _fill(batch, self._urgent, room)
            return batch
        kept = room.share() if self._others and limits.max_inputs > 1 else _Room(0, 0)
        _fill(batch, self._urgent, room)
        room = _Room(room.inputs + kept.inputs, room.tokens + kept.tokens)
        _fill(batch, self._others, room)
        _fill(batch, self._urgent, room)
        return batch

    def put_back(self, batch: Sequence[Wanted]) -> None:
        """Undo `take`: these are the next again."""
        for wanted in reversed(batch):
            wanted.taken = False
            for request in wanted.requests:
                request.waiting.appendleft(wanted)
                self.add(request, first=True)

    def drain(self) -> list[Request]:
        """Everybody who waits; nobody does afterwards."""
        requests = [*self._urgent, *self._others]
        self._urgent.clear()
        self._others.clear()
        return requests

    def _all(self) -> Iterator[Wanted]:
        for lane in (self._urgent, self._others):
            for request in lane:
                yield from request.waiting


def _fill(batch: list[Wanted], lane: deque[Request], room: _Room) -> None:
    """Let the requests of a lane put texts into the batch in turns, until one does not fit."""
    while lane:
        request = lane.popleft()
        fits = _turn(batch, request, room)
        if not fits:
            lane.appendleft(request)
            return
        if request.waiting and not request.done.done():
            lane.append(request)


def _turn(batch: list[Wanted], request: Request, room: _Room) -> bool:
    """Whether all texts of one turn did fit."""
    for _ in range(_TURN):
        while request.waiting and not request.waiting[0].waits:
            request.waiting.popleft()
        if not request.waiting or request.done.done():
            return True
        if not room.takes(request.waiting[0], first=not batch):
            return False
        wanted = request.waiting.popleft()
        wanted.taken = True
        batch.append(wanted)
    return True
