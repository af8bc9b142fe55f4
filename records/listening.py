"""Hearing from other processes through Postgres (LISTEN and NOTIFY)."""

import asyncio
import logging
from collections.abc import AsyncIterator

import sqlalchemy as sa

_log = logging.getLogger(__name__)
_PATIENCE_SECONDS = 5.0


async def notifications(url: sa.URL, channel: str) -> AsyncIterator[None]:
    """Yield at every notification on a channel, and after each connecting, since some may have been missed before.

    Connects again and again when the server is gone. `channel` must be a plain name.
    """
    import psycopg  # noqa: PLC0415  an optional dependency

    address = url.set(drivername="postgresql").render_as_string(hide_password=False)
    while True:
        try:
            async with await psycopg.AsyncConnection.connect(address, autocommit=True) as connection:
                await connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
                yield
                async for _ in connection.notifies():
                    yield
        except psycopg.Error as error:
            _log.warning("not hearing from other processes: %s; trying again", type(error).__name__)
        await asyncio.sleep(_PATIENCE_SECONDS)
