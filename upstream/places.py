"""Places for calls in flight to one model, and the silence that its server asks for."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count

from upstream.errors import UpstreamError
from upstream.window import Window


@dataclass(slots=True)
class Ticket:
    """One place, and how things stood when the call with it began."""

    started: float = 0.0
    congestions: int = 0


_Waiter = tuple[bool, int, asyncio.Future[Ticket]]


class Places:
    """Gives out as many places as the window allows, in turn; nobody gets one while the server wants silence."""

    def __init__(self, window: Window, max_hold_seconds: float, clock: Callable[[], float] | None = None) -> None:
        self._window = window
        self._max_hold_seconds = max_hold_seconds
        self._clock = clock or (lambda: asyncio.get_running_loop().time())
        self._in_flight = 0
        self._waiting: list[_Waiter] = []
        self._numbers = count()
        self._silent_until = 0.0
        self._reason: UpstreamError | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def take(self, *, first: bool = False) -> Ticket:
        """Wait for a place; `first` goes before those who have not called yet.

        Raises:
            UpstreamError: the server wants silence for longer than may be waited for.
        """
        waiter: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        heappush(self._waiting, (not first, next(self._numbers), waiter))
        self._serve()
        try:
            return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give_back()
            raise

    def give_back(self) -> None:
        """The place is free again."""
        self._in_flight -= 1
        self._serve()

    def start(self, ticket: Ticket) -> None:
        """A call with this place begins."""
        ticket.started = self._clock()
        ticket.congestions = self._window.congestions

    def succeeded(self, ticket: Ticket, tokens: int) -> None:
        """The call of this place went well."""
        full = self._in_flight >= self._window.limit
        self._window.succeeded(self._clock() - ticket.started, tokens, full=full)
        self._serve()

    def congested(self, ticket: Ticket | None, *, by_number: bool) -> None:
        """A call met congestion; without a ticket it was one that needs no place."""
        congestions = ticket.congestions if ticket else self._window.congestions
        self._window.congested(congestions, self._in_flight, by_number=by_number)

    def hold(self, seconds: float, reason: UpstreamError) -> None:
        """Give out no place for so long, and refuse those who ask when it is longer than may be waited for."""
        until = self._clock() + seconds
        if until > self._silent_until:
            self._silent_until, self._reason = until, reason
            self._serve()

    def _serve(self) -> None:
        silence = self._silent_until - self._clock() if self._waiting and self._silent_until else 0.0
        if silence > self._max_hold_seconds:
            self._refuse(silence)
        elif silence > 0.0:
            self._wake_later(silence)
        else:
            while self._waiting and self._in_flight < self._window.limit:
                self._serve_one(heappop(self._waiting)[2])

    def _serve_one(self, waiter: asyncio.Future[Ticket]) -> None:
        if not waiter.done():
            self._in_flight += 1
            waiter.set_result(Ticket())

    def _refuse(self, silence: float) -> None:
        while self._waiting:
            waiter = heappop(self._waiting)[2]
            if not waiter.done():
                assert self._reason is not None
                waiter.set_exception(type(self._reason)(str(self._reason), retry_after_seconds=silence))

    def _wake_later(self, seconds: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(seconds, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._serve()
