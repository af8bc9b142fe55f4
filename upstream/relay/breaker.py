"""Leaving a server alone that has failed again and again."""

from typing import Literal

State = Literal["up", "down", "probing"]
_LONGEST = 10
"""The pause grows up to so many times its first length."""
_SOLE_FIRST_SECONDS = 1.0


class Breaker:
    """Closed while all goes well; open after failures in a row; then one call at a time finds out whether it is back.

    A probe is let through when a pause is over, and the next one a pause later, whatever has become of the first, so
    that a probe whose client left, or that hangs, does not lock the server out. Each probe that fails doubles the
    pause. Where a server has no stand-in (`sole`), refusing a call serves nobody but a server that hangs, so pauses
    begin with a second there and grow no longer than the configured one.

    All moments are seconds of one monotonic clock.
    """

    __slots__ = ("_first_pause", "_longest_pause", "_next_probe", "_pause", "_probed", "failures", "since", "threshold")

    def __init__(self, threshold: int, seconds: float, *, sole: bool = False) -> None:
        self.threshold = threshold
        self.failures = 0
        """Failures in a row."""
        self.since: float | None = None
        """When it opened; None while it is closed."""
        self._first_pause = min(_SOLE_FIRST_SECONDS, seconds) if sole else seconds
        self._longest_pause = seconds if sole else seconds * _LONGEST
        self._pause = self._first_pause
        self._next_probe = 0.0
        self._probed = False

    def admits(self, now: float) -> bool:
        """Whether a call may be tried."""
        return self.since is None or now >= self._next_probe

    def enter(self, now: float) -> bool:
        """A call is tried; returns whether it is a probe."""
        if self.since is None:
            return False
        self._next_probe = now + self._pause
        self._probed = True
        return True

    def succeeded(self) -> None:
        """The server has answered."""
        if self.failures:
            self.failures = 0
            self.since = None
            self._pause = self._first_pause

    def failed(self, now: float, *, probe: bool) -> None:
        """A call has failed. Those that began before it opened, and end after, count for nothing."""
        self.failures += 1
        if self.since is None:
            if self.failures >= self.threshold:
                self.since = now
                self._probed = False
                self._next_probe = now + self._pause
        elif probe:
            self._pause = min(self._pause * 2, self._longest_pause)
            self._next_probe = max(self._next_probe, now + self._pause)
            self._probed = False

    def wait_seconds(self, now: float) -> float:
        """How long until a call may be tried."""
        return max(self._next_probe - now, 0.0) if self.since is not None else 0.0

    def state(self) -> State:
        """How it stands: `probing` while a call is finding out."""
        if self.since is None:
            return "up"
        return "probing" if self._probed else "down"
