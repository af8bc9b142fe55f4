"""Pages of lists that are ordered by when things were made, and then by id."""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

_TIMED = re.compile(r"(vs_|file-|doc_)[0-9a-f]{24}")
_FIRST = 1_735_689_600
"""The beginning of 2025, before which nothing was made here: an id that says so is somebody else's."""


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    ascending: bool = False
    """Oldest first; newest first otherwise."""
    after: str | None = None
    """Id of the last one of the page before, which may be deleted by now."""
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
    created_at = sa.select(here.c.created_at).where(here.c.id == row_id).scalar_subquery()
    return sa.tuple_(sa.func.coalesce(created_at, sa.literal(made_at(row_id), sa.BigInteger)), sa.literal(row_id))


def made_at(row_id: str) -> int | None:
    """When something of that id was made, in seconds, be it deleted by now; None where the id does not tell."""
    if _TIMED.fullmatch(row_id) is None:
        return None
    seconds = int(row_id[-24:-12], 16) // 1000
    return seconds if _FIRST <= seconds <= time.time() else None
