"""What a key may use of requests and tokens per minute, and of dollars per month."""

import asyncio
import math
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from http import HTTPStatus

from api.callers import Caller
from api.errors import ApiError
from api.windows import Left, SharedWindows, Windows
from settings import KeysSettings

_MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Admission:
    """A call that may go on."""

    headers: Sequence[tuple[bytes, bytes]]
    """What its answer tells of the key's limits, in OpenAI's form; nothing where there are none."""


_WITHOUT_LIMITS = Admission(())


class LimitedError(ApiError):
    """The key has used up what it may."""

    def __init__(self, message: str, *, code: str, headers: Sequence[tuple[bytes, bytes]]) -> None:
        told = {name.decode(): value.decode() for name, value in headers}
        super().__init__(HTTPStatus.TOO_MANY_REQUESTS, message, code=code, headers=told)


class Limits:
    """Admits calls, or refuses them.

    Args:
        spent_usd: what a key has spent this month, by its id.
        shared: where several processes count together; None means that this one counts alone.
    """

    def __init__(self, spent_usd: Callable[[str], float], shared: SharedWindows | None = None) -> None:
        self._spent_usd = spent_usd
        self._shared = shared
        self._windows = Windows()
        self._spending: set[asyncio.Task[None]] = set()

    def admit(self, caller: Caller) -> Admission | Awaitable[Admission]:
        """Count one request; an `Admission` at once where this process counts alone, to be awaited otherwise.

        Raises:
            LimitedError: a limit is reached (when awaited, where it is to be).
        """
        if caller.key_id is None:
            return _WITHOUT_LIMITS
        if caller.monthly_budget_usd is not None and self._spent_usd(caller.key_id) >= caller.monthly_budget_usd:
            raise _over_budget(caller.monthly_budget_usd)
        if caller.requests_per_minute is None and caller.tokens_per_minute is None:
            return _WITHOUT_LIMITS
        if self._shared is not None:
            return self._admit_shared(self._shared, caller, caller.key_id)
        return _decision(self._windows.take(caller.key_id, caller.requests_per_minute, caller.tokens_per_minute))

    def spent(self, caller: Caller, tokens: int) -> None:
        """Count the tokens of a call, once they are known."""
        if caller.key_id is None or caller.tokens_per_minute is None or tokens <= 0:
            return
        if self._shared is None:
            self._windows.spend(caller.key_id, caller.tokens_per_minute, tokens)
            return
        spending = asyncio.ensure_future(self._shared.spend(caller.key_id, caller.tokens_per_minute, tokens))
        self._spending.add(spending)
        spending.add_done_callback(self._spending.discard)

    async def close(self) -> None:
        """Wait until what was spent is counted, and close the connections."""
        if self._spending:
            await asyncio.wait(self._spending)
        if self._shared is not None:
            await self._shared.close()

    async def _admit_shared(self, shared: SharedWindows, caller: Caller, key_id: str) -> Admission:
        return _decision(await shared.take(key_id, caller.requests_per_minute, caller.tokens_per_minute))


@asynccontextmanager
async def open_limits(settings: KeysSettings, spent_usd: Callable[[str], float]) -> AsyncIterator[Limits]:
    """Limits as the settings say they are counted.

    Raises:
        SettingsError: `keys.limits_url` cannot be used.
    """
    limits = Limits(spent_usd, None if settings.limits_url is None else SharedWindows(settings.limits_url))
    try:
        yield limits
    finally:
        await limits.close()


def _decision(found: Sequence[Left]) -> Admission:
    headers = [header for left in found for header in _headers(left)]
    for left in found:
        if left.is_refused:
            raise _over_limit(left, headers)
    return Admission(headers)


def _over_limit(left: Left, headers: list[tuple[bytes, bytes]]) -> LimitedError:
    seconds = max(math.ceil(left.reset_seconds), 1)
    message = f"This key may use {left.limit} {left.what} a minute, and has. Try again in {_span(seconds)}."
    again = [(b"retry-after", str(seconds).encode())]
    return LimitedError(message, code="rate_limit_exceeded", headers=headers + again)


def _over_budget(budget_usd: float) -> LimitedError:
    message = (
        f"This key may spend {budget_usd:g} US dollars a month, and has. It goes on next month; someone with an admin "
        "key can raise its budget before."
    )
    # OpenAI's clients would try again soon otherwise, and no pause that they make is long enough.
    return LimitedError(message, code="insufficient_quota", headers=[(b"x-should-retry", b"false")])


def _headers(left: Left) -> Sequence[tuple[bytes, bytes]]:
    what = left.what.encode()
    return (
        (b"x-ratelimit-limit-" + what, str(left.limit).encode()),
        (b"x-ratelimit-remaining-" + what, str(max(left.remaining, 0)).encode()),
        (b"x-ratelimit-reset-" + what, _span(math.ceil(left.reset_seconds)).encode()),
    )


def _span(seconds: int) -> str:
    """Seconds as OpenAI writes them: `1s`, `1m0s`."""
    minutes, seconds = divmod(seconds, _MINUTE_SECONDS)
    return f"{minutes}m{seconds}s" if minutes else f"{seconds}s"
