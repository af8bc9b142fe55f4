"""API keys: what this service issues. Of a key itself only a hash is kept."""

import hashlib
import secrets
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from records.clock import now
from records.errors import RecordsError
from records.ids import KeyId, new_key_id
from records.schema import keys

PREFIX = "sk-fn-"
"""What all keys of this service begin with."""
CHANNEL = "footnote_keys"
"""Postgres tells on this channel that a key was made or changed."""
_RANDOM_BYTES = 32
"""Nobody guesses so many, and so a plain hash is enough: slow ones are for what people choose."""
_HINT_CHARACTERS = 4


class LastAdminError(RecordsError):
    """This is the only admin key that is valid: make another one before."""


class RevokedError(RecordsError):
    """The key has been revoked, which is final; make a new one."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """What a key allows."""

    name: str
    permissions: Sequence[str]
    stores: Sequence[str] | None = None
    """Ids of stores; None means all."""
    models: Sequence[str] | None = None
    """Names of models, `*` standing for any characters; None means all."""
    requests_per_minute: int | None = None
    tokens_per_minute: int | None = None
    monthly_budget_usd: float | None = None
    expires_at: int | None = None
    """Seconds since 1970, as all times here."""


@dataclass(frozen=True, slots=True)
class Key(NewKey):
    """A key, as recorded."""

    id: KeyId = field(kw_only=True)
    hash: bytes = field(kw_only=True, repr=False)
    hint: str = field(kw_only=True)
    """The last characters, by which people know it again."""
    previous_hash: bytes | None = field(kw_only=True, repr=False)
    """Of the one that it was before it was rotated."""
    previous_until: int | None = field(kw_only=True)
    """Until when that one is good."""
    created_at: int = field(kw_only=True)
    revoked_at: int | None = field(kw_only=True)
    last_used_at: int | None = field(kw_only=True, compare=False)
    """Roughly: it is written now and then."""
    updated_at: float = field(kw_only=True)

    @property
    def is_valid(self) -> bool:
        """Whether it may be used now."""
        return self.revoked_at is None and (self.expires_at is None or time.time() < self.expires_at)


_FIRST = NewKey(name="first admin key", permissions=("admin",))
NEVER_USED = sa.and_(keys.c.name == _FIRST.name, keys.c.last_used_at.is_(None))
"""An admin key that a start has made and nobody has used."""
_BY_ID = sa.select(keys).where(keys.c.id == sa.bindparam("wanted"))
_BY_ID_TO_CHANGE = _BY_ID.with_for_update()
_NOTIFY = sa.select(sa.func.pg_notify(CHANNEL, ""))
_USED_AT: sa.BindParameter[int] = sa.bindparam("used_at", type_=sa.BigInteger())
_TOUCH = (
    sa.update(keys)
    .where(keys.c.id == sa.bindparam("wanted"), sa.func.coalesce(keys.c.last_used_at, 0) < _USED_AT)
    .values(last_used_at=_USED_AT)
)


def hash_of(secret: bytes) -> bytes:
    """What is kept of a key, and what it is looked up by."""
    return hashlib.sha256(secret).digest()


def add(connection: Connection, new: NewKey) -> tuple[Key, str]:
    """Make a key; it is given here and never again."""
    secret, kept = _new_secret()
    key_id = new_key_id()
    made = {"id": key_id, "created_at": int(time.time()), "updated_at": now()}
    connection.execute(sa.insert(keys).values({**_values(new), **kept, **made}))
    tell(connection)
    return _found(connection, key_id), secret


def ensure_admin(connection: Connection) -> str | None:
    """Make an admin key if none is valid; None if one is."""
    if connection.dialect.name == "postgresql":  # several processes may be starting
        connection.execute(sa.text("LOCK TABLE keys IN SHARE ROW EXCLUSIVE MODE"))
    return None if _has_admin(connection) else add(connection, _FIRST)[1]


def remove_unused(connection: Connection) -> None:
    """Forget the admin keys that starts have made and nobody has used."""
    connection.execute(sa.delete(keys).where(NEVER_USED))


def find(connection: Connection, key_id: str) -> Key | None:
    """The key of that id."""
    row = connection.execute(_BY_ID, {"wanted": key_id}).mappings().first()
    return _from_row(row) if row else None


def list_all(connection: Connection) -> Sequence[Key]:
    """All keys, oldest first, those that were revoked too."""
    query = sa.select(keys).order_by(keys.c.created_at, keys.c.id)
    return [_from_row(row) for row in connection.execute(query).mappings()]


def changed(connection: Connection, since: float) -> Sequence[Key]:
    """Keys that were made or changed after a moment of the database's clock."""
    query = sa.select(keys).where(keys.c.updated_at > since).order_by(keys.c.updated_at)
    return [_from_row(row) for row in connection.execute(query).mappings()]


def update(connection: Connection, key_id: str, values: Mapping[str, Any]) -> Key | None:
    """Change what a key allows (fields of `NewKey`); None when there is none of that id.

    Raises:
        RevokedError: it has been revoked.
    """
    key = _to_change(connection, key_id)
    return None if key is None else _write(connection, key, values)


def revoke(connection: Connection, key_id: str) -> Key | None:
    """Make a key useless for good; None when there is none of that id."""
    key = find(connection, key_id)
    if key is None or key.revoked_at is not None:
        return key
    return _write(connection, key, {"revoked_at": int(time.time()), "previous_hash": None, "previous_until": None})


def rotate(connection: Connection, key_id: str, grace_seconds: int) -> tuple[Key, str] | None:
    """Give a key a new secret; the one before is good for some seconds more. None when there is none of that id.

    Raises:
        RevokedError: it has been revoked.
    """
    key = _to_change(connection, key_id)
    if key is None:
        return None
    secret, kept = _new_secret()
    before: dict[str, Any] = {"previous_hash": None, "previous_until": None}
    if grace_seconds:
        before = {"previous_hash": key.hash, "previous_until": int(time.time()) + grace_seconds}
    return _write(connection, key, kept | before), secret


def require_admin(connection: Connection) -> None:
    """Raise LastAdminError when no admin key is valid: to be called once one has been changed."""
    if not _has_admin(connection):
        raise LastAdminError


def touch(connection: Connection, used: Mapping[str, int]) -> None:
    """Record when keys were last used, by their ids."""
    connection.execute(_TOUCH, [{"wanted": key_id, "used_at": at} for key_id, at in used.items()])


def tell(connection: Connection) -> None:
    """Tell other processes, once the transaction is committed, that a key has changed."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NOTIFY)


def _has_admin(connection: Connection) -> bool:
    return any(key.is_valid and "admin" in key.permissions for key in list_all(connection))


def _new_secret() -> tuple[str, dict[str, Any]]:
    secret = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
    return secret, {"hash": hash_of(secret.encode()), "hint": secret[-_HINT_CHARACTERS:]}


def _values(new: NewKey) -> dict[str, Any]:
    return {name: _plain(getattr(new, name)) for name in NewKey.__slots__}


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _to_change(connection: Connection, key_id: str) -> Key | None:
    row = connection.execute(_BY_ID_TO_CHANGE, {"wanted": key_id}).mappings().first()
    if row is not None and row["revoked_at"] is not None:
        raise RevokedError
    return _from_row(row) if row else None


def _write(connection: Connection, key: Key, values: Mapping[str, Any]) -> Key:
    plain = {name: _plain(value) for name, value in values.items()}
    connection.execute(sa.update(keys).where(keys.c.id == key.id).values(**plain, updated_at=now()))
    tell(connection)
    return _found(connection, key.id)


def _found(connection: Connection, key_id: str) -> Key:
    row = connection.execute(_BY_ID, {"wanted": key_id}).mappings().one()
    return _from_row(row)


def _from_row(row: RowMapping) -> Key:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    lists = {name: tuple(values[name]) for name in ("permissions", "stores", "models") if values[name] is not None}
    return Key(**values | lists)
