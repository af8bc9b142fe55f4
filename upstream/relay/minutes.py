"""What a server may be sent in a minute."""

_MINUTE_SECONDS = 60.0


class Allowance:
    """So many in any minute, counted in this process.

    Two counters make a sliding window: the part of the last minute that still lies within the last 60 seconds counts
    as if it had been spread evenly over it.
    """

    __slots__ = ("_before", "_minute", "_now", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self._minute = 0
        self._now = 0
        self._before = 0

    def used(self, now: float) -> float:
        """What was taken in the last 60 seconds."""
        self._turn(now)
        share = 1.0 - (now / _MINUTE_SECONDS - self._minute)
        return self._now + self._before * share

    def is_left(self, now: float) -> bool:
        """Whether anything is left."""
        return self.used(now) < self.most

    def take(self, now: float, count: int = 1) -> None:
        """Count what is taken, more than is left if it must be."""
        self._turn(now)
        self._now += count

    def wait_seconds(self, now: float) -> float:
        """How long until something is left, if nobody takes anything."""
        if self.is_left(now):
            return 0.0
        minute_ends = (self._minute + 1) * _MINUTE_SECONDS - now
        if self._now >= self.most:  # the counter of this minute must fade in the next one
            return minute_ends + _MINUTE_SECONDS * (1.0 - self.most / self._now)
        return minute_ends - _MINUTE_SECONDS * (self.most - self._now) / self._before

    def _turn(self, now: float) -> None:
        minute = int(now // _MINUTE_SECONDS)
        if minute != self._minute:
            self._before = self._now if minute == self._minute + 1 else 0
            self._now = 0
            self._minute = minute
