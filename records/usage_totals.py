"""Sums over the ledger's rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from records.schema import keys, usage
from records.usage import Wanted

Dimension = Literal["key", "model", "day", "endpoint", "upstream"]
DIMENSIONS: Sequence[Dimension] = get_args(Dimension)
_DAY_SECONDS = 86_400
_FIRST_ERROR = 400


@dataclass(frozen=True, slots=True)
class Total:
    """What the calls of one group come to."""

    group: dict[str, Any]
    """By dimension; `day` is the number of days since 1970 in UTC."""
    key_name: str | None
    """What people call the key, where calls are grouped by key and it is still known."""
    calls: int
    errors: int
    """Calls with a status of 400 or above, and streams that broke off."""
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced_calls: int
    """Calls that used tokens whose price is not known."""
    seconds: float
    """All calls together."""
    first_byte_seconds: float
    first_bytes: int
    """Calls that came as far as a first byte."""
    retries: int
    request_bytes: int
    response_bytes: int


class day(FunctionElement[int]):  # noqa: N801 - it reads as the SQL function that it is
    """Number of days since 1970 of a time in seconds."""

    type = sa.Integer()
    inherit_cache = True


@compiles(day, "sqlite")
def _on_sqlite(element: day, compiler: Any, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} / {_DAY_SECONDS} AS INTEGER)"  # cuts off


@compiles(day, "postgresql")
def _on_postgres(element: day, compiler: Any, **options: Any) -> str:
    return f"CAST(floor({compiler.process(element.clauses, **options)} / {_DAY_SECONDS}) AS INTEGER)"


_GROUPS: dict[Dimension, Any] = {
    "key": usage.c.key_id,
    "model": usage.c.model,
    "day": day(usage.c.at),
    "endpoint": usage.c.endpoint,
    "upstream": usage.c.upstream,
}
_FAILED = sa.or_(usage.c.status >= _FIRST_ERROR, usage.c.error.is_not(None))
_UNPRICED = sa.and_(usage.c.cost_usd.is_(None), usage.c.input_tokens + usage.c.output_tokens > 0)
_CALLS = sa.func.count().label("calls")
_SUMS = (
    _CALLS,
    sa.func.count().filter(_FAILED).label("errors"),
    sa.func.count().filter(_UNPRICED).label("unpriced_calls"),
    sa.func.count(usage.c.first_byte_seconds).label("first_bytes"),
    *(
        sa.func.coalesce(sa.func.sum(usage.c[name]), 0).label(name)
        for name in (
            "input_tokens",
            "cached_tokens",
            "output_tokens",
            "cost_usd",
            "seconds",
            "first_byte_seconds",
            "retries",
            "request_bytes",
            "response_bytes",
        )
    ),
)


def totals(connection: Connection, by: Sequence[Dimension], wanted: Wanted, *, limit: int) -> Sequence[Total]:
    """One total for each group, at most `limit`; by day in their order, otherwise those with most calls first.

    Without dimensions there is one group, of everything.
    """
    groups = [_GROUPS[name].label(f"group_{name}") for name in by]
    query = sa.select(*groups, *_SUMS).where(*wanted.conditions()).group_by(*groups).limit(limit)
    query = query.order_by(*(group for group, name in zip(groups, by, strict=True) if name == "day"))
    rows = connection.execute(query.order_by(_CALLS.desc(), *groups)).mappings().all()
    names = _key_names(connection) if "key" in by else {}
    return [_total(row, by, names) for row in rows]


def _key_names(connection: Connection) -> dict[str, str]:
    return {row.id: row.name for row in connection.execute(sa.select(keys.c.id, keys.c.name))}


def _total(row: RowMapping, by: Sequence[Dimension], names: dict[str, str]) -> Total:
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    group = {str(name): values.pop(f"group_{name}") for name in by}
    for name, value in values.items():  # Postgres sums whole numbers as decimals
        values[name] = float(value) if name in {"cost_usd", "seconds", "first_byte_seconds"} else int(value)
    return Total(group=group, key_name=names.get(group.get("key") or ""), **values)
