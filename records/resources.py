"""Where things are: which upstream has the file, job or response of an id."""

import time
from collections.abc import Mapping, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from records.schema import resources

_MAX_PARAMETERS = 500
_FIND = sa.select(resources.c.id, resources.c.upstream).where(resources.c.id.in_(sa.bindparam("some", expanding=True)))
_ADD = {
    "sqlite": sqlite.insert(resources).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(resources).on_conflict_do_nothing(),
}
_MOVE = sa.update(resources).where(resources.c.id == sa.bindparam("moved"), resources.c.upstream != sa.bindparam("to"))


def find(connection: Connection, ids: Sequence[str]) -> Mapping[str, str]:
    """Name of the upstream of each id that is known."""
    found: dict[str, str] = {}
    for first in range(0, len(ids), _MAX_PARAMETERS):
        rows = connection.execute(_FIND, {"some": ids[first : first + _MAX_PARAMETERS]})
        found.update({row.id: row.upstream for row in rows})
    return found


def place(connection: Connection, ids: Sequence[str], upstream: str, key_id: str | None) -> None:
    """Record that these are at an upstream; what was recorded at another one is there no longer."""
    now = int(time.time())
    rows = [{"id": one, "upstream": upstream, "key_id": key_id, "created_at": now} for one in ids]
    if rows:
        connection.execute(_ADD[connection.dialect.name], rows)
        connection.execute(_MOVE.values(upstream=upstream), [{"moved": one, "to": upstream} for one in ids])


def forget(connection: Connection, ids: Sequence[str]) -> None:
    """Forget things that have been deleted."""
    connection.execute(sa.delete(resources).where(resources.c.id.in_(ids)))
