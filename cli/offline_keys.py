"""API keys in the database itself. Imported only by commands with `--offline`: it loads more than they all need."""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from api.callers import PERMISSIONS
from cli.client import ClientError
from records import Connection, keys, stores
from records.database import open_database
from records.errors import RecordsError
from records.keys import Key, NewKey
from settings import Settings

T = TypeVar("T")
_HIDDEN = {"hash", "previous_hash", "updated_at"}


@contextmanager
def offline_keys(settings: Settings) -> Iterator["_Offline"]:
    """What `Client` offers for keys, without a service. Raises ClientError as it does."""
    database = settings.data.dir / "footnote.db"
    if settings.database.url is None and not database.is_file():
        message = (
            f"There is no database at {database.absolute()}. Run this where the service is started, or set data.dir "
            "(FOOTNOTE_DATA_DIR) as it has it."
        )
        raise ClientError(message)
    try:
        yield _Offline(settings)
    except RecordsError as error:
        raise ClientError(str(error)) from error


class _Offline:
    """The keys in the database itself. On Postgres, running services take changes in within seconds."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def create_key(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a key; it is in the answer, and nowhere else."""
        if unknown := set(body["permissions"]) - PERMISSIONS:
            message = f"There is no permission {min(unknown)!r}; there are {', '.join(sorted(PERMISSIONS))}."
            raise ClientError(message)
        if "admin" in body["permissions"] and body["stores"]:
            message = "An admin key may use all stores: leave --store out, or the permission admin."
            raise ClientError(message)
        return _with_secret(*self._write(lambda c: keys.add(c, NewKey(**{**body, "stores": _ids(c, body["stores"])}))))

    def list_keys(self) -> Sequence[Mapping[str, Any]]:
        """All keys, oldest first."""
        return [_shown(key) for key in self._write(keys.list_all)]

    def revoke_key(self, key_id: str) -> None:
        """Make a key useless for good."""
        self._known(key_id, self._write(lambda c: keys.revoke(c, key_id)))

    def rotate_key(self, key_id: str, grace_seconds: int) -> Mapping[str, Any]:
        """Give a key a new secret, which is in the answer."""
        return _with_secret(*self._known(key_id, self._write(lambda c: keys.rotate(c, key_id, grace_seconds))))

    def _write(self, work: Callable[[Connection], T]) -> T:
        return asyncio.run(self._in_database(work))

    async def _in_database(self, work: Callable[[Connection], T]) -> T:
        async with open_database(self._settings.database, self._settings.data.dir) as database:
            return await database.write(work)

    def _known(self, key_id: str, found: T | None) -> T:
        if found is None:
            message = f"There is no key {key_id!r}. `footnote keys list --offline` lists those there are."
            raise ClientError(message)
        return found


def _ids(connection: Connection, names: Sequence[str] | None) -> list[str] | None:
    if not names:
        return None
    found = [(name, stores.find(connection, name)) for name in names]
    for name, store in found:
        if store is None:
            message = f"There is no store {name!r}."
            raise ClientError(message)
    return [store.id for _, store in found if store is not None]


def _with_secret(key: Key, secret: str) -> Mapping[str, Any]:
    return {**_shown(key), "key": secret}


def _shown(key: Key) -> dict[str, Any]:
    fields = set(NewKey.__slots__) | set(Key.__slots__)
    return {"object": "key"} | {name: getattr(key, name) for name in sorted(fields - _HIDDEN)}
