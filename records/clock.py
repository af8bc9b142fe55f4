"""The database's own clock, which all processes share: those of the machines need not agree."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement


class now(FunctionElement[float]):  # noqa: N801 - it reads as the SQL function that it is
    """Seconds since 1970 with their fractions, read anew by each statement, also within one transaction.

    Fractions are right to about a millisecond on SQLite (Julian days in floats), to a microsecond on Postgres.
    """

    type = sa.Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _on_sqlite(_element: now, _compiler: Any, **_options: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _on_postgres(_element: now, _compiler: Any, **_options: Any) -> str:
    return "extract(epoch from clock_timestamp())::double precision"


def moment(connection: Connection) -> float:
    """The time it is: seconds since 1970."""
    return float(connection.execute(_MOMENT).scalar_one())


_MOMENT = sa.select(now())
