"""Calls and tokens that may still go to a model this minute, shared by all processes of one database.

Each is a token bucket that the database's clock refills. A bucket holds a tenth of a minute's limit and is refilled
with the other nine tenths a minute, so that no minute, wherever it starts, sees more than the limit. A call that is
larger than the bucket waits until it is full and leaves a debt.
"""

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from records.clock import now
from records.schema import budgets

_SHARE_HELD = 0.1
_RESERVED = 0.2
"""Share of a bucket that only urgent calls may use."""
_UNLIMITED = 1e15
_MINUTE_SECONDS = 60.0
_LEAST_SECONDS = 0.001
"""What was missing may have come in between two statements; zero would say that it was taken."""
_INSERT = {
    "sqlite": sqlite.insert(budgets).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(budgets).on_conflict_do_nothing(),
}


@dataclass(frozen=True, slots=True)
class _Bucket:
    """One limit, as numbers a statement needs."""

    held: float
    per_second: float

    def needed(self, wanted: float, *, urgent: bool) -> float:
        """What must be in the bucket before that much is taken; it is never more than the bucket holds."""
        reserved = 0.0 if urgent else self.held * _RESERVED
        return min(wanted + reserved, self.held)


@dataclass(frozen=True, slots=True)
class Rates:
    """What is allowed in a minute; None is no limit."""

    requests_per_minute: int | None
    tokens_per_minute: int | None

    @property
    def max_call_tokens(self) -> int | None:
        """Tokens of one call above which it would leave a debt."""
        if self.tokens_per_minute is None:
            return None
        return max(int(_bucket(self.tokens_per_minute).held * (1.0 - _RESERVED)), 1)


def take(connection: Connection, name: str, rates: Rates, *, tokens: int, urgent: bool) -> float:
    """Take one request of so many tokens from the budget `name`, all or nothing.

    Returns 0 when it was taken, or else the seconds after which there is enough if nobody else takes any.
    """
    requests, texts = _bucket(rates.requests_per_minute), _bucket(rates.tokens_per_minute)
    levels = {"requests": _level(budgets.c.requests, requests), "tokens": _level(budgets.c.tokens, texts)}
    needed = {
        "requests": requests.needed(1.0, urgent=urgent),
        "tokens": texts.needed(float(tokens), urgent=urgent),
    }
    taking = (
        sa.update(budgets)
        .where(budgets.c.name == name, budgets.c.silent_until <= now())
        .where(*(level >= needed[column] for column, level in levels.items()))
        .values(requests=levels["requests"] - 1.0, tokens=levels["tokens"] - float(tokens), refilled_at=now())
    )
    if connection.execute(taking).rowcount:
        return 0.0
    if not _found(connection, name, requests.held, texts.held):
        return take(connection, name, rates, tokens=tokens, urgent=urgent)
    return _seconds_missing(connection, name, (levels, needed), requests, texts)


def hold(connection: Connection, name: str, seconds: float) -> None:
    """Let nobody take anything for so long; a longer silence stays."""
    _found(connection, name, 0.0, 0.0)
    until = now() + seconds
    connection.execute(
        sa.update(budgets).where(budgets.c.name == name, budgets.c.silent_until < until).values(silent_until=until)
    )


def _bucket(limit: int | None) -> _Bucket:
    if limit is None:
        return _Bucket(_UNLIMITED, _UNLIMITED)
    held = max(limit * _SHARE_HELD, 1.0)
    return _Bucket(held, max(limit - held, limit / 2.0) / _MINUTE_SECONDS)


def _level(column: sa.Column[Any], bucket: _Bucket) -> sa.ColumnElement[float]:
    """What is in the bucket at this moment. A clock that was set back takes nothing out."""
    passed = sa.case((now() > budgets.c.refilled_at, now() - budgets.c.refilled_at), else_=0.0)
    filled = column + passed * bucket.per_second
    return sa.case((filled > bucket.held, bucket.held), else_=filled)


def _found(connection: Connection, name: str, requests: float, tokens: float) -> bool:
    """Whether the budget was there; if not, it is now, with this much in it."""
    row = {"name": name, "requests": requests, "tokens": tokens, "refilled_at": now(), "silent_until": 0.0}
    insert = _INSERT[connection.dialect.name].values(row)
    return connection.execute(insert.returning(budgets.c.name)).first() is None


def _seconds_missing(
    connection: Connection,
    name: str,
    wanted: tuple[dict[str, sa.ColumnElement[float]], dict[str, float]],
    requests: _Bucket,
    tokens: _Bucket,
) -> float:
    levels, needed = wanted
    query = sa.select(levels["requests"], levels["tokens"], budgets.c.silent_until - now()).where(
        budgets.c.name == name
    )
    held_requests, held_tokens, silence = connection.execute(query).one()
    missing = (
        (needed["requests"] - held_requests) / requests.per_second,
        (needed["tokens"] - held_tokens) / tokens.per_second,
        silence,
    )
    return float(max(*missing, _LEAST_SECONDS))
