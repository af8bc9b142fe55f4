"""Bringing a database's tables up to this version of Footnote."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from records.errors import SchemaTooNewError


def migrate(engine: Engine) -> None:
    """Run the migrations that this database has not seen; nothing happens when there are none.

    Raises:
        SchemaTooNewError: a later version of Footnote has changed this database.
    """
    config = Config()
    config.set_main_option("script_location", "records:migrations")
    with engine.begin() as connection:
        _refuse_unknown_revision(config, MigrationContext.configure(connection).get_current_revision())
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def _refuse_unknown_revision(config: Config, revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise SchemaTooNewError
