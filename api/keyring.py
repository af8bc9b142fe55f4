"""The keys that are valid, in memory, kept in step with the database."""

import asyncio
import hmac
import logging
import math
import time
from collections.abc import AsyncIterator, Collection, Coroutine, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, cast

from pydantic import SecretStr

from api.callers import PERMISSIONS, Caller, Permission
from api.errors import ApiError
from records import Database, keys
from records.errors import RecordsError
from records.keys import Key
from settings import KeysSettings

_log = logging.getLogger(__name__)
_OVERLAP_SECONDS = 10.0
"""A change can be committed so long after the time that it bears."""
_TOUCH_SECONDS = 30.0
_PREFIX = keys.PREFIX.encode()
SETTINGS_KEY_ID = "key_settings"
"""The id of the admin key that the settings name."""


class InvalidKeyError(ApiError):
    """There is no such key, or it is not valid any more."""

    def __init__(self, message: str) -> None:
        challenge = {"WWW-Authenticate": "Bearer"}
        super().__init__(HTTPStatus.UNAUTHORIZED, message, code="invalid_api_key", headers=challenge)


@dataclass(frozen=True, slots=True)
class _Entry:
    """What one secret opens."""

    hash: bytes
    caller: Caller
    until: float
    """When it ends, seconds since 1970."""
    ending: str
    """What to tell its holder then."""


_NOBODY = _Entry(bytes(32), Caller(key_id=None), -math.inf, "")
_UNKNOWN = (
    "The API key is not one of this service. Send one as `Authorization: Bearer sk-fn-…`; `footnote keys create` makes "
    "one, and the commands send the one in FOOTNOTE_API_KEY."
)


class Keyring:
    """Finds callers by their keys."""

    def __init__(self, database: Database, admin_key: SecretStr | None, first_admin_key: str | None) -> None:
        self.first_admin_key = first_admin_key
        """The admin key that was made since there was none: to be shown once, and never logged."""
        self._database = database
        self._known: dict[str, Key] = {}
        self._by_id: dict[str, Collection[_Entry]] = {}
        self._by_hash: dict[bytes, _Entry] = {}
        self._used: dict[str, int] = {}
        self._since = 0.0
        self._refreshing = asyncio.Lock()
        self._of_settings = None if admin_key is None else _of_settings(admin_key.get_secret_value())
        self._hold_of_settings()

    def find(self, secret: bytes) -> Caller:
        """Whoever has this key.

        Raises:
            InvalidKeyError: nobody. Why, only those are told who have the right key.
        """
        digest = keys.hash_of(secret)
        entry = self._by_hash.get(digest, _NOBODY)
        if not hmac.compare_digest(entry.hash, digest):
            raise InvalidKeyError(_UNKNOWN)
        now = time.time()
        if now >= entry.until:
            raise InvalidKeyError(entry.ending)
        self._used[cast("str", entry.caller.key_id)] = int(now)
        return entry.caller

    def is_ours(self, secret: bytes) -> bool:
        """Whether this is meant to be a key of this service, be it valid or not."""
        return secret.startswith(_PREFIX) or keys.hash_of(secret) in self._by_hash

    def still_lets(self, caller: Caller) -> bool:
        """Whether what was found is as it was: for answers that go on for long."""
        if caller.key_id is None:
            return True
        now = time.time()
        return any(entry.caller is caller and now < entry.until for entry in self._by_id.get(caller.key_id, ()))

    async def refresh(self) -> None:
        """Take in what has changed in the database."""
        async with self._refreshing:  # what was read first must not be taken in last: it could undo a revocation
            for key in await self._database.read(lambda c: keys.changed(c, self._since - _OVERLAP_SECONDS)):
                self._since = max(self._since, key.updated_at)
                if self._known.get(key.id) != key:
                    self._hold(key)

    async def keep_fresh(self, seconds: float) -> None:
        """Refresh again and again."""
        while True:
            await asyncio.sleep(seconds)
            with _logged("changes of keys cannot be read"):
                await self.refresh()

    async def listen(self) -> None:
        """Refresh whenever another process says so."""
        async for _ in self._database.told(keys.CHANNEL):
            with _logged("changes of keys cannot be read"):
                await self.refresh()

    async def keep_touching(self) -> None:
        """Record now and then which keys were used."""
        while True:
            await asyncio.sleep(_TOUCH_SECONDS)
            await self.touch()

    async def touch(self) -> None:
        """Record which keys were used."""
        used, self._used = self._used, {}
        used.pop(SETTINGS_KEY_ID, None)
        if used:
            with _logged("the last use of keys cannot be recorded"):
                await self._database.write(partial(keys.touch, used=used))

    def _hold(self, key: Key) -> None:
        for entry in self._by_id.get(key.id, ()):
            self._by_hash.pop(entry.hash, None)
        self._known[key.id] = key
        self._by_id[key.id] = entries = tuple(_entries(key))
        self._by_hash |= {entry.hash: entry for entry in entries}
        self._hold_of_settings()

    def _hold_of_settings(self) -> None:
        if self._of_settings is not None:
            self._by_id[SETTINGS_KEY_ID] = (self._of_settings,)
            self._by_hash[self._of_settings.hash] = self._of_settings


@asynccontextmanager
async def open_keyring(database: Database, settings: KeysSettings) -> AsyncIterator[Keyring]:
    """Read the keys, and make an admin key where none is valid."""
    first = None
    if settings.admin_key is None:
        first = await database.write(keys.ensure_admin)
    keyring = Keyring(database, settings.admin_key, first)
    await keyring.refresh()
    async with AsyncExitStack() as stack:
        stack.push_async_callback(keyring.touch)
        stack.enter_context(_running(keyring.keep_touching()))
        if not database.is_exclusive:
            stack.enter_context(_running(keyring.keep_fresh(settings.refresh_seconds)))
            stack.enter_context(_running(keyring.listen()))
        yield keyring


def caller_with(key: Key) -> Caller:
    """What a key allows, as those see it who serve its calls."""
    return Caller(
        key_id=key.id,
        name=key.name,
        permissions=frozenset(cast("Collection[Permission]", key.permissions)) & PERMISSIONS,
        stores=None if key.stores is None else frozenset(key.stores),
        models=None if key.models is None else tuple(key.models),
        requests_per_minute=key.requests_per_minute,
        tokens_per_minute=key.tokens_per_minute,
        monthly_budget_usd=key.monthly_budget_usd,
    )


@contextmanager
def _running(work: Coroutine[Any, Any, None]) -> Iterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()


@contextmanager
def _logged(what: str) -> Iterator[None]:
    try:
        yield
    except RecordsError as error:
        _log.warning("%s: %s; trying again", what, error)


def _entries(key: Key) -> Iterator[_Entry]:
    until, ending = _end(key)
    yield _Entry(key.hash, caller_with(key), until, ending)
    if key.previous_hash is not None and key.previous_until is not None:
        rotated = "This key has been replaced by a new one; use that."
        before = float(key.previous_until)
        yield _Entry(key.previous_hash, caller_with(key), min(until, before), rotated if before < until else ending)


def _end(key: Key) -> tuple[float, str]:
    if key.revoked_at is not None:
        return -math.inf, "This key has been revoked. Ask whoever gave it to you for a new one."
    if key.expires_at is not None:
        return float(key.expires_at), "This key has expired. Ask whoever gave it to you for a new one."
    return math.inf, ""


def _of_settings(secret: str) -> _Entry:
    caller = Caller(key_id=SETTINGS_KEY_ID, name="admin key of the settings", permissions=frozenset({"admin"}))
    return _Entry(keys.hash_of(secret.encode()), caller, math.inf, "")
