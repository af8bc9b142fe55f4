"""Counting what each key has used of its minute, in this process or in a Redis server that several share.

A minute begins with the first call and ends sixty seconds later (a fixed window): tokens are known only after a call,
and this way to count has room for more of them than the limit, so that a large answer is not forgotten.
"""

import logging
import time
from dataclasses import dataclass
from typing import Any

from limits import RateLimitItem, RateLimitItemPerMinute
from limits.aio.storage import RedisStorage
from limits.aio.strategies import FixedWindowRateLimiter as SharedStrategy
from limits.errors import ConfigurationError, StorageError
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter
from pydantic import SecretStr

from settings import SettingsError

_log = logging.getLogger(__name__)
_REQUESTS, _TOKENS = "requests", "tokens"
_TIMEOUT_SECONDS = 1.0
_PATIENCE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a limit."""

    what: str
    """`requests` or `tokens`."""
    limit: int
    remaining: int
    reset_seconds: float
    """Until all of it is there again."""
    is_refused: bool


class _Counters(Storage):
    """Counts in memory; the library's own storage starts a thread at every call to forget what is over."""

    STORAGE_SCHEME = None

    def __init__(self) -> None:
        super().__init__()
        self._counters: dict[str, tuple[int, float]] = {}

    @property
    def base_exceptions(self) -> type[Exception]:
        return ValueError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        count, until = self._counters.get(key, (0, 0.0))
        now = time.time()
        if until <= now:
            count, until = 0, now + expiry
        self._counters[key] = count + amount, until
        return count + amount

    def get(self, key: str) -> int:
        count, until = self._counters.get(key, (0, 0.0))
        return count if until > time.time() else 0

    def standing(self, key: str) -> tuple[int, float]:
        """How much was counted, and seconds until that is forgotten; as the strategy tells, for a third of the time."""
        count, until = self._counters.get(key, (0, 0.0))
        seconds = until - time.time()
        return (count, seconds) if seconds > 0 else (0, 0.0)

    def get_expiry(self, key: str) -> float:
        return max(self._counters.get(key, (0, 0.0))[1], time.time())

    def check(self) -> bool:
        return True

    def reset(self) -> int:
        count = len(self._counters)
        self._counters.clear()
        return count

    def clear(self, key: str) -> None:
        self._counters.pop(key, None)


class Windows:
    """What keys have used, as this process knows."""

    def __init__(self) -> None:
        self._counters = _Counters()
        self._strategy = FixedWindowRateLimiter(self._counters)
        self._items = _Items()

    def take(self, key_id: str, requests: int | None, tokens: int | None) -> list[Left]:
        """Count one request, unless there is no room for it; `requests` and `tokens` are the key's limits."""
        found = []
        if tokens is not None:
            found.append(self._left(key_id, _TOKENS, tokens, 1))
        if requests is not None and not (found and found[0].is_refused):
            is_taken = self._strategy.hit(self._items[requests], key_id, _REQUESTS)
            found.append(self._left(key_id, _REQUESTS, requests, 0, is_taken=is_taken))
        return found

    def spend(self, key_id: str, limit: int, tokens: int) -> None:
        """Count tokens that were used."""
        self._strategy.hit(self._items[limit], key_id, _TOKENS, cost=tokens)

    def _left(self, key_id: str, what: str, limit: int, least: int, *, is_taken: bool = True) -> Left:
        used, reset_seconds = self._counters.standing(self._items[limit].key_for(key_id, what))
        remaining = max(limit - used, 0)
        return Left(what, limit, remaining, reset_seconds, not is_taken or remaining < least)


class SharedWindows:
    """What keys have used, as several processes know together.

    While the Redis server does not answer, this process counts for itself.

    Raises:
        SettingsError: the address is none, or the client for Redis is not installed.
    """

    def __init__(self, url: SecretStr) -> None:
        self._storage = _redis(url.get_secret_value())
        self._strategy = SharedStrategy(self._storage)
        self._items = _Items()
        self._own = Windows()
        self._silent_until = 0.0

    async def take(self, key_id: str, requests: int | None, tokens: int | None) -> list[Left]:
        """As `Windows.take`."""
        if time.monotonic() >= self._silent_until:
            try:
                return await self._take(key_id, requests, tokens)
            except StorageError as error:
                self._note(error)
        return self._own.take(key_id, requests, tokens)

    async def spend(self, key_id: str, limit: int, tokens: int) -> None:
        """As `Windows.spend`."""
        if time.monotonic() >= self._silent_until:
            try:
                await self._strategy.hit(self._items[limit], key_id, _TOKENS, cost=tokens)
            except StorageError as error:
                self._note(error)
            else:
                return
        self._own.spend(key_id, limit, tokens)

    async def close(self) -> None:
        """Close the connections."""
        bridge: Any = self._storage.bridge
        await bridge.storage.aclose()

    async def _take(self, key_id: str, requests: int | None, tokens: int | None) -> list[Left]:
        found = []
        if tokens is not None:
            found.append(await self._left(key_id, _TOKENS, tokens, 1))
        if requests is not None and not (found and found[0].is_refused):
            is_taken = await self._strategy.hit(self._items[requests], key_id, _REQUESTS)
            found.append(await self._left(key_id, _REQUESTS, requests, 0, is_taken=is_taken))
        return found

    async def _left(self, key_id: str, what: str, limit: int, least: int, *, is_taken: bool = True) -> Left:
        reset_at, remaining = await self._strategy.get_window_stats(self._items[limit], key_id, what)
        return Left(what, limit, remaining, max(reset_at - time.time(), 0.0), not is_taken or remaining < least)

    def _note(self, error: StorageError) -> None:
        self._silent_until = time.monotonic() + _PATIENCE_SECONDS
        reason = type(error.storage_error).__name__
        _log.warning("keys.limits_url does not answer (%s): this process counts for itself meanwhile", reason)


def _redis(url: str) -> RedisStorage:
    option = "keys.limits_url (FOOTNOTE_KEYS_LIMITS_URL)"
    try:
        return RedisStorage(
            f"async+{url}",
            wrap_exceptions=True,
            implementation="redispy",
            socket_timeout=_TIMEOUT_SECONDS,
            socket_connect_timeout=_TIMEOUT_SECONDS,
        )
    except ConfigurationError as error:
        problem = f'{option}: the client for Redis is not installed. Run: pip install "footnote[redis]"'
        raise SettingsError([problem]) from error
    except ValueError as error:
        raise SettingsError([f"{option}: write it like redis://host:6379."]) from error


class _Item(RateLimitItemPerMinute):
    """A limit that remembers the keys under which it is counted: making one takes longer than counting."""

    __slots__ = ("_keys",)

    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self._keys: dict[tuple[Any, ...], str] = {}

    def key_for(self, *identifiers: Any) -> str:
        key = self._keys.get(identifiers)
        if key is None:
            key = self._keys[identifiers] = super().key_for(*identifiers)
        return key


class _Items(dict[int, RateLimitItem]):
    """Limits in the library's form, made once."""

    def __missing__(self, limit: int) -> RateLimitItem:
        item = self[limit] = _Item(limit)
        return item
