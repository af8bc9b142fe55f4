"""Bringing a database's tables up to this version of Footnote."""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from records.errors import SchemaTooNewError

_LOCK = 0x466F6F746E6F7465
"""Any number, as long as all processes have the same and other programs have another: "Footnote" in ASCII."""


def migrate(engine: Engine) -> None:
    """Run the migrations that this database has not seen; nothing happens when there are none.

    Raises:
        SchemaTooNewError: a later version of Footnote has changed this database.
    """
    config = _config()
    with engine.begin() as connection:
        _wait_for_others(connection)
        _refuse_unknown_revision(MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def known_revisions() -> Sequence[str]:
    """The revisions of the schema that this version knows, the latest first."""
    return [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()]


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "records:migrations")
    return config


def _wait_for_others(connection: Connection) -> None:
    """Of processes that start together, one after the other may change the tables; SQLite locks by itself."""
    if connection.dialect.name == "postgresql":
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))


def _refuse_unknown_revision(revision: str | None) -> None:
    if revision is not None and revision not in known_revisions():
        raise SchemaTooNewError
