"""Trying again, with pauses that spread the load."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from secrets import SystemRandom
from typing import TypeVar

from upstream.errors import UpstreamError

_T = TypeVar("_T")
_FIRST_PAUSE_SECONDS = 0.5
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a failed call is tried again, and after which pauses."""

    max_retries: int
    max_delay_seconds: float

    async def run(self, call: Callable[[], Awaitable[_T]]) -> _T:
        """The call's result, after as many tries as it takes and as are allowed; raises what the last one raised."""
        tries = 0
        while True:
            try:
                return await call()
            except UpstreamError as failure:
                await self.pause(failure, tries)
            tries += 1

    async def pause(self, failure: UpstreamError, tries: int) -> None:
        """Wait before the next try, or raise the failure when there must be none; see `delay_seconds`."""
        await asyncio.sleep(self.delay_seconds(failure, tries))

    def delay_seconds(self, failure: UpstreamError, tries: int) -> float:
        """How long to wait before the next try; raises the failure when there must be none.

        Args:
            failure: What the last try raised.
            tries: How often the call had been tried again before that, from 0.
        """
        most = self.max_retries if failure.max_retries is None else min(self.max_retries, failure.max_retries)
        if not failure.retryable or tries >= most:
            raise failure
        if (failure.retry_after_seconds or 0.0) > self.max_delay_seconds:
            raise self._asks_too_much(failure) from failure
        seconds = self.pause_seconds(tries, failure.retry_after_seconds)
        _logger.warning("%s Trying again in %.1f s (%d of %d).", failure, seconds, tries + 1, most)
        return seconds

    def pause_seconds(self, tries: int, retry_after_seconds: float | None) -> float:
        """Full jitter on exponential growth, on top of what the server asked for and never above the longest pause.

        The formula is the "full jitter" of Brooker, "Exponential Backoff and Jitter" (AWS, 2015).
        """
        ceiling = min(_FIRST_PAUSE_SECONDS * 2**tries, self.max_delay_seconds)
        if retry_after_seconds is not None:
            ceiling = min(ceiling, _FIRST_PAUSE_SECONDS)
        jitter = SystemRandom().uniform(0.0, ceiling)
        return min((retry_after_seconds or 0.0) + jitter, self.max_delay_seconds)

    def _asks_too_much(self, failure: UpstreamError) -> UpstreamError:
        return type(failure)(
            f"{failure} It asks to wait {failure.retry_after_seconds:.0f} s, which is more than"
            f" `upstream.max_retry_delay_seconds` ({self.max_delay_seconds:g} s) allows.",
            retry_after_seconds=failure.retry_after_seconds,
        )
