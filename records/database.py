"""The database itself: SQLite in the data folder by default, any other (Postgres) by its URL.

Statements are synchronous SQLAlchemy Core, run in threads, one hop per transaction: measured, that costs a tenth of the
CPU of the asynchronous drivers.
"""

import asyncio
import fcntl
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import IO, Any, TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from records.errors import ConflictError, DataFolderLockedError, RecordsError, RecordsUnavailableError, UnfitError
from records.listening import notifications
from records.migrating import migrate
from records.writing import Writer
from settings import DatabaseSettings

T = TypeVar("T")


class DriverMissingError(RecordsError):
    """The driver for Postgres is not installed; install it with `pip install "footnote[postgres]"`."""


class Database:
    """Runs functions of a connection in transactions, off the event loop.

    Raises `RecordsError` or one of its children, and nothing of the database's own.
    """

    def __init__(self, reading: Engine, writing: Engine, threads: int) -> None:
        self._reading = reading
        self._writing = writing
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="records")
        self._writer = Writer(writing) if writing.dialect.name == "sqlite" else None

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction that only reads."""
        loop = asyncio.get_running_loop()
        return await _translated(loop.run_in_executor(self._threads, _in_transaction, self._reading, work))

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in a transaction; it is committed to disk when this returns, or nothing has happened."""
        if self._writer is not None:
            return await _translated(self._writer.submit(work))
        loop = asyncio.get_running_loop()
        return await _translated(loop.run_in_executor(self._threads, _in_transaction, self._writing, work))

    @property
    def is_exclusive(self) -> bool:
        """Whether no other process can have this database open: the lock on the data folder says so."""
        return self._writer is not None

    async def told(self, channel: str) -> AsyncIterator[None]:
        """Yield whenever another process has told something on this channel, and whenever it may have.

        An exclusive database has nobody to hear from.
        """
        if self.is_exclusive:
            await asyncio.Event().wait()
        async for _ in notifications(self._writing.url, channel):
            yield

    def close(self) -> None:
        """Finish what is under way and close all connections."""
        if self._writer is not None:
            self._writer.close()
        self._threads.shutdown()
        self._reading.dispose()
        self._writing.dispose()


@asynccontextmanager
async def open_database(settings: DatabaseSettings, folder: Path) -> AsyncIterator[Database]:
    """Open the database, with its tables brought up to date.

    Raises:
        DataFolderLockedError: another process has the SQLite database of `folder`.
        DriverMissingError: the settings name a Postgres database.
        RecordsUnavailableError: the database does not answer.
    """
    lock = None if settings.url else await asyncio.to_thread(_lock, folder)
    try:
        database = await _translated(asyncio.to_thread(_open, settings, folder))
        try:
            yield database
        finally:
            await asyncio.to_thread(database.close)
    finally:
        if lock is not None:
            lock.close()


def _open(settings: DatabaseSettings, folder: Path) -> Database:
    if settings.url is None:
        path = folder / "footnote.db"
        writing = _sqlite_engine(path, "BEGIN IMMEDIATE", pool_size=1)
        reading = _sqlite_engine(path, "BEGIN", pool_size=settings.pool_size)
    else:
        writing = reading = _server_engine(settings.url.get_secret_value(), settings.pool_size)
    migrate(writing)
    return Database(reading, writing, settings.pool_size)


def _lock(folder: Path) -> IO[str]:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = (folder / "footnote.lock").open("w")
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        handle.close()
        raise DataFolderLockedError from None
    return handle


def _sqlite_engine(path: Path, begin: str, pool_size: int) -> Engine:
    engine = sa.create_engine(
        sa.URL.create("sqlite", database=str(path)),
        poolclass=sa.QueuePool,
        pool_size=pool_size,
        max_overflow=0,
        hide_parameters=True,
        connect_args={"check_same_thread": False, "timeout": 30, "isolation_level": None},
    )
    sa.event.listen(engine, "connect", _set_pragmas)
    # The driver would begin transactions late and as readers, so the first writes of two could fail against each other.
    sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql(begin))
    return engine


def _server_engine(url: str, pool_size: int) -> Engine:
    try:
        return sa.create_engine(url, pool_size=pool_size, pool_pre_ping=True, hide_parameters=True)
    except ImportError as error:
        raise DriverMissingError from error


def _set_pragmas(connection: Any, _record: Any) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    with engine.begin() as connection:
        return work(connection)


async def _translated(result: Awaitable[T]) -> T:
    try:
        return await result
    except RecordsError:
        raise
    except sa.exc.OperationalError as error:
        raise RecordsUnavailableError from error
    except sa.exc.IntegrityError as error:
        raise ConflictError from error
    except (sa.exc.DataError, UnicodeEncodeError) as error:  # the latter for halves of characters
        raise UnfitError from error
    except sa.exc.SQLAlchemyError as error:
        raise RecordsError from error
