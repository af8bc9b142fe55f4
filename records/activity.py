"""When stores were last in use, and the end of those that were not for as long as somebody has said."""

import time
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import StoreId
from records.schema import documents, stores
from records.stores import DAY_SECONDS, Store, from_row

_EXACT_SECONDS = 60
"""How exactly it is known when a store was last in use."""
_NOW: sa.BindParameter[int] = sa.bindparam("now", type_=sa.BigInteger())
_DUE = sa.and_(
    stores.c.expired_at.is_(None),
    stores.c.expires_after_days.is_not(None),
    stores.c.last_active_at + stores.c.expires_after_days * DAY_SECONDS <= _NOW,
)
_LEFT = sa.and_(stores.c.expired_at.is_not(None), sa.exists().where(documents.c.store_id == stores.c.id))
_TOUCH = (
    sa.update(stores)
    .where(
        stores.c.id == sa.bindparam("wanted"),
        stores.c.last_active_at <= _NOW - _EXACT_SECONDS,
        stores.c.expired_at.is_(None),
        sa.or_(
            stores.c.expires_after_days.is_(None),
            stores.c.last_active_at + stores.c.expires_after_days * DAY_SECONDS > _NOW,
        ),
    )
    .values(last_active_at=_NOW)
)


def is_due(store: Store) -> bool:
    """Whether it must be recorded when the store is in use now."""
    return not store.is_expired and store.last_active_at <= time.time() - _EXACT_SECONDS


def touch(connection: Connection, store_id: StoreId) -> None:
    """Record that a store is in use; one whose time is over stays so."""
    connection.execute(_TOUCH, {"wanted": store_id, "now": int(time.time())})


def are_expiring(connection: Connection) -> bool:
    """Whether a store's time has come, or its documents are still there after it."""
    found = sa.exists().where(sa.or_(_DUE, _LEFT))
    return bool(connection.execute(sa.select(found), {"now": int(time.time())}).scalar_one())


def expire(connection: Connection, limit: int) -> Sequence[Store]:
    """Mark the stores whose time has come; returns some of those marked that still have documents."""
    connection.execute(sa.update(stores).where(_DUE).values(expired_at=_NOW), {"now": int(time.time())})
    rows = connection.execute(sa.select(stores).where(_LEFT).order_by(stores.c.id).limit(limit)).mappings()
    return [from_row(row) for row in rows]
