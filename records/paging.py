"""Pages of lists that are ordered by when things were made, and then by id."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    ascending: bool = False
    """Oldest first; newest first otherwise."""
    after: str | None = None
    """Id of the last one of the page before."""
    before: str | None = None
    """Id of the first one of the page behind; without `after`, the page is the one that ends before it."""

    @property
    def is_backward(self) -> bool:
        """Whether it is counted from its end."""
        return self.before is not None and self.after is None


def rows_of(
    connection: Connection, query: "sa.Select[Any]", table: sa.FromClause, wanted: Page
) -> Sequence[RowMapping]:
    """The rows of a page, in the order of the list, of a query of a table with `created_at` and `id`."""
    position = sa.tuple_(table.c.created_at, table.c.id)
    if wanted.after is not None:
        here = _position(table, wanted.after)
        query = query.where(position > here if wanted.ascending else position < here)
    if wanted.before is not None:
        here = _position(table, wanted.before)
        query = query.where(position < here if wanted.ascending else position > here)
    upward = wanted.ascending != wanted.is_backward
    order = [column.asc() if upward else column.desc() for column in (table.c.created_at, table.c.id)]
    rows = connection.execute(query.order_by(*order).limit(wanted.limit)).mappings().all()
    return rows[::-1] if wanted.is_backward else rows


def _position(table: sa.FromClause, row_id: str) -> Any:
    here = table.alias("here")
    return sa.select(here.c.created_at, here.c.id).where(here.c.id == row_id).scalar_subquery()
