"""How often what can be found in a store has changed, so that what was made of it is known to be out of date."""

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from records.schema import answers, revisions

_STORE: sa.BindParameter[str] = sa.bindparam("store", type_=sa.Text())
_FIND = sa.select(revisions.c.revision).where(revisions.c.store_id == _STORE)
_FIND_HELD = _FIND.with_for_update(read=True)
_FIRST = {"store_id": _STORE, "revision": 1}
_ADVANCE = {
    "sqlite": sqlite.insert(revisions)
    .values(_FIRST)
    .on_conflict_do_update(index_elements=["store_id"], set_={"revision": revisions.c.revision + 1}),
    "postgresql": postgresql.insert(revisions)
    .values(_FIRST)
    .on_conflict_do_update(index_elements=["store_id"], set_={"revision": revisions.c.revision + 1}),
}
_FORGET_ANSWERS = sa.delete(answers).where(answers.c.store_id == _STORE)


def advance(connection: Connection, store_id: str) -> None:
    """Record that what can be found in a store has changed, and forget the answers that were kept for it.

    It belongs at the end of the transaction that makes the change: nobody else can change the store's revision until
    that ends, and whoever waited for another row meanwhile could wait for ever.
    """
    connection.execute(_ADVANCE[connection.dialect.name], {"store": store_id})
    connection.execute(_FORGET_ANSWERS, {"store": store_id})


def find(connection: Connection, store_id: str) -> int:
    """The store's present revision; 0 before the first change."""
    return connection.scalar(_FIND, {"store": store_id}) or 0


def find_held(connection: Connection, store_id: str) -> int:
    """The store's present revision, which nobody changes until the transaction ends; 0 before the first change."""
    return connection.scalar(_FIND_HELD, {"store": store_id}) or 0


def remove(connection: Connection, store_id: str) -> None:
    """Forget a store that is gone, and the answers that were kept for it."""
    connection.execute(_FORGET_ANSWERS, {"store": store_id})
    connection.execute(sa.delete(revisions).where(revisions.c.store_id == store_id))
