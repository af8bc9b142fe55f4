"""Answers that are kept for a while, for whoever asks the same of the same store."""

import time
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from records import revisions
from records.schema import answers

_FIND = sa.select(answers.c.body).where(
    answers.c.key == sa.bindparam("wanted", type_=sa.LargeBinary()),
    answers.c.expires_at > sa.bindparam("now", type_=sa.Double()),
)


def _renewing(insert: sqlite.Insert | postgresql.Insert) -> sa.Insert:
    renewed = {"body": insert.excluded.body, "expires_at": insert.excluded.expires_at}
    return insert.on_conflict_do_update(index_elements=["key"], set_=renewed)


_KEEP = {"sqlite": _renewing(sqlite.insert(answers)), "postgresql": _renewing(postgresql.insert(answers))}


@dataclass(frozen=True, slots=True)
class Kept:
    """An answer that is kept."""

    key: bytes
    """Hash of everything it depends on, the store's revision among it."""
    store_id: str
    body: bytes
    expires_at: float
    """Seconds since 1970."""


def find(connection: Connection, key: bytes) -> bytes | None:
    """The answer that is kept under a key, unless its time is over."""
    return connection.scalar(_FIND, {"wanted": key, "now": time.time()})


def keep(connection: Connection, kept: Kept, revision: int) -> bool:
    """Keep an answer that was made of a store at that revision; False, and nothing is kept, where it has changed.

    Where the same is kept already, it is replaced.
    """
    if revisions.find_held(connection, kept.store_id) != revision:
        return False
    connection.execute(_KEEP[connection.dialect.name], asdict(kept))
    return True


def remove_expired(connection: Connection) -> None:
    """Forget the answers whose time is over."""
    connection.execute(sa.delete(answers).where(answers.c.expires_at <= time.time()))
