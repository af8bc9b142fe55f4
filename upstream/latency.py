"""Telling by the time calls take whether the server lets them queue."""

from dataclasses import dataclass

_PERIOD = 256
"""Calls after which the least time of the period before is forgotten: servers change."""
_WEIGHT = 0.1
_QUEUED = 2.0
"""Times the least time that was seen for a call of that size."""
_NOISE_SECONDS = 0.02
"""What our own event loop may add when it is busy."""


@dataclass(slots=True)
class _Least:
    """The least time of this period and of the one before."""

    now: float
    before: float
    calls: int = 0

    def note(self, seconds: float) -> float:
        self.calls += 1
        if self.calls > _PERIOD:
            self.before, self.now, self.calls = self.now, seconds, 1
        self.now = min(self.now, seconds)
        return min(self.now, self.before)


class Latency:
    """Compares the times of recent calls with the least that calls of about the same size took.

    The idea is that of TCP Vegas (Brakmo and Peterson, 1995): once more calls in flight only make each take longer,
    the server queues them.
    """

    def __init__(self) -> None:
        self._least: dict[int, _Least] = {}
        self._excess = 0.0
        """Smoothed; above 0 the server queues."""

    @property
    def queues(self) -> bool:
        """Whether recent calls took much longer than they must."""
        return self._excess > 0.0

    def note(self, seconds: float, tokens: int) -> None:
        """Take in the time of a call that went well."""
        size = tokens.bit_length()
        least = self._least.setdefault(size, _Least(seconds, seconds)).note(seconds)
        excess = seconds / (least * _QUEUED + _NOISE_SECONDS) - 1.0
        self._excess += _WEIGHT * (excess - self._excess)
