"""The ledger's rows: one for each call, and what each key has spent in a month."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy import Connection

from records.schema import spending, usage


class Call(NamedTuple):
    """One call; see `api.accounting.Entry`. A tuple in the order of the table's columns, since many are written."""

    id: str
    at: float
    """When it came in, in seconds since 1970."""
    endpoint: str
    key_id: str | None
    request_id: str
    model: str | None
    upstream: str | None
    status: int
    error: str | None
    streamed: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    seconds: float
    first_byte_seconds: float | None
    retries: int
    request_bytes: int
    response_bytes: int
    cost_usd: float | None
    """None where no price is known."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which calls are asked for; None is any."""

    since: float | None = None
    until: float | None = None
    key_id: str | None = None
    model: str | None = None

    def conditions(self) -> Sequence[sa.ColumnElement[bool]]:
        """What the rows must fulfil."""
        conditions: list[sa.ColumnElement[bool]] = []
        if self.since is not None:
            conditions.append(usage.c.at >= self.since)
        if self.until is not None:
            conditions.append(usage.c.at < self.until)
        if self.key_id is not None:
            conditions.append(usage.c.key_id == self.key_id)
        if self.model is not None:
            conditions.append(usage.c.model == self.model)
        return conditions


_COLUMNS = ", ".join(Call._fields)
_INSERT = f"INSERT INTO usage ({_COLUMNS}) VALUES ({{}}) ON CONFLICT DO NOTHING"  # noqa: S608 - names of columns
_SPEND = (
    "INSERT INTO spending (key_id, month, usd) VALUES ({}) "
    "ON CONFLICT (key_id, month) DO UPDATE SET usd = spending.usd + excluded.usd"
)
_SELECT = sa.select(*(usage.c[name] for name in Call._fields))


def add(connection: Connection, calls: Sequence[Call]) -> None:
    """Write calls, and what they cost to what their keys have spent.

    Writing the same ones again, since nobody knew whether the first time went well, changes nothing; those of one
    writing are written together or not at all.
    """
    # As plain SQL: SQLAlchemy's own statements cost ten microseconds more a row.
    written = connection.exec_driver_sql(_filled(_INSERT, len(Call._fields), connection), list(calls)).rowcount
    if written and (amounts := _spending(calls)):
        connection.exec_driver_sql(_filled(_SPEND, len(amounts[0]), connection), amounts)


def _filled(statement: str, values: int, connection: Connection) -> str:
    mark = "?" if connection.dialect.paramstyle == "qmark" else "%s"
    return statement.format(", ".join([mark] * values))


def _spending(calls: Iterable[Call]) -> list[tuple[str, int, float]]:
    """Key, month and US dollars; in an order that is the same for everybody, so that nobody waits in a circle."""
    spent: dict[tuple[str, int], float] = {}
    for call in calls:
        if call.key_id is not None and call.cost_usd:
            place = call.key_id, month_of(call.at)
            spent[place] = spent.get(place, 0.0) + call.cost_usd
    return [(*place, usd) for place, usd in sorted(spent.items())]


def month_of(at: float) -> int:
    """The calendar month in UTC, such as 202611."""
    moment = time.gmtime(at)
    return moment.tm_year * 100 + moment.tm_mon


def spent(connection: Connection, month: int) -> dict[str, float]:
    """US dollars that each key has spent in a month."""
    query = sa.select(spending.c.key_id, spending.c.usd).where(spending.c.month == month)
    return {row.key_id: row.usd for row in connection.execute(query)}


def page(connection: Connection, wanted: Wanted, *, after: str | None = None, limit: int) -> Sequence[Call]:
    """Up to `limit` calls, the newest first, from behind the call `after`."""
    query = _SELECT.where(*wanted.conditions())
    if after is not None:
        query = query.where(sa.tuple_(usage.c.at, usage.c.id) < _position(after))
    query = query.order_by(usage.c.at.desc(), usage.c.id.desc()).limit(limit)
    return [Call(*row) for row in connection.execute(query)]


def exists(connection: Connection, call_id: str) -> bool:
    """Whether there is a call of that id."""
    return connection.execute(sa.select(usage.c.id).where(usage.c.id == call_id)).first() is not None


def remove_before(connection: Connection, at: float, *, limit: int) -> int:
    """Forget up to `limit` calls from before a moment; returns how many. What keys have spent stays."""
    old = sa.select(usage.c.id).where(usage.c.at < at).order_by(usage.c.at).limit(limit)
    return connection.execute(sa.delete(usage).where(usage.c.id.in_(old))).rowcount


def _position(call_id: str) -> Any:
    here = usage.alias("here")
    return sa.select(here.c.at, here.c.id).where(here.c.id == call_id).scalar_subquery()
