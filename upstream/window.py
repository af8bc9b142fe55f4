"""How many calls may be in flight: additive increase, multiplicative decrease."""

from dataclasses import dataclass

from upstream.latency import Latency

_FIRST = 2
_SLOW_START_DECREASE = 0.5
_DECREASE = 0.75
_CALM_ROUNDS = 100
_MAX_CALM_ROUNDS = 1_600


@dataclass(slots=True)
class _Ceiling:
    """The number of calls above which the server last refused, and how long to believe it."""

    calls: int
    calm_rounds: int = _CALM_ROUNDS
    successes: int = 0

    def refused(self, in_flight: int) -> None:
        """That many calls were too many; each time in a row that a look above ends so doubles the calm before it."""
        again = in_flight - 1 <= self.calls
        self.calm_rounds = min(self.calm_rounds * 2, _MAX_CALM_ROUNDS) if again else _CALM_ROUNDS
        self.calls = max(in_flight - 1, 1)
        self.successes = 0

    def reached(self) -> None:
        """A call at the ceiling went well; after enough of them it is lifted by one."""
        self.successes += 1
        if self.successes >= self.calm_rounds * self.calls:
            self.calls += 1
            self.successes = 0


class Window:
    """The number of calls that may be in flight to one model; knows nothing of time or tasks.

    It starts at two and doubles with each round of successes (slow start) until the server refuses or queues, from then
    on it grows by one a round, as TCP does (RFC 5681), and only while it is what holds calls back. One congestion takes
    a part of it away once, however many calls in flight feel it. Just below where the server refused it stays for long,
    as CUBIC does (RFC 9438), since each look above costs a pause.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._limit = float(min(_FIRST, most))
        self._slow_start = True
        self._ceiling: _Ceiling | None = None
        self._latency = Latency()
        self.congestions = 0
        """How often the window was made smaller; a call remembers the number at its start."""

    @property
    def limit(self) -> int:
        """Calls that may be in flight, at least one."""
        return int(self._limit)

    def succeeded(self, seconds: float, tokens: int, *, full: bool) -> None:
        """A call went well. `full` is whether others had to wait for a place meanwhile."""
        self._latency.note(seconds, tokens)
        if self._latency.queues:
            self._slow_start = False
        elif full:
            self._grow()

    def congested(self, congestions: int, in_flight: int, *, by_number: bool) -> None:
        """A call that began when there had been so many congestions met one.

        `by_number` is whether calls side by side were too many, as opposed to calls a minute.
        """
        if congestions != self.congestions:
            return
        self.congestions += 1
        if by_number and not self._slow_start:
            self._lower_ceiling(in_flight)
        self._limit = max(self._limit * (_SLOW_START_DECREASE if self._slow_start else _DECREASE), 1.0)
        self._slow_start = False

    def _lower_ceiling(self, in_flight: int) -> None:
        if self._ceiling is None:
            self._ceiling = _Ceiling(max(in_flight - 1, 1))
        else:
            self._ceiling.refused(in_flight)

    def _grow(self) -> None:
        most = self._most if self._ceiling is None else min(self._most, self._ceiling.calls)
        if self._limit < most:
            self._limit = min(self._limit + (1.0 if self._slow_start else 1.0 / self._limit), float(most))
        elif self._ceiling is not None and most < self._most:
            self._ceiling.reached()
