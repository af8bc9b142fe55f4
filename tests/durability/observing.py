"""A look at the database from outside, while runners work on it and after they were killed."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from records.documents import Status
from records.jobs import ACTIVE, Step
from records.schema import documents, jobs, removals


class Observer:
    """Reads what no runner tells."""

    def __init__(self, engine: sa.Engine) -> None:
        self._engine = engine

    def completed(self) -> set[str]:
        """Documents that can be found and that nothing is being done about."""
        query = sa.select(documents.c.id).where(documents.c.status == Status.COMPLETED, documents.c.version > 0)
        with self._engine.connect() as connection:
            return set(connection.execute(query).scalars())

    def active(self) -> int:
        """How many jobs have not ended."""
        query = sa.select(sa.func.count()).where(jobs.c.status.in_(ACTIVE))
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def being_read(self, owners: Sequence[str]) -> Sequence[str]:
        """Documents whose files these workers, or any of them when none are given, were reading when they died."""
        query = sa.select(jobs.c.document_id).where(jobs.c.status == Status.IN_PROGRESS, jobs.c.step == Step.READING)
        if owners:
            query = query.where(jobs.c.owner.in_(owners))
        with self._engine.connect() as connection:
            return connection.execute(query).scalars().all()

    def removals(self) -> int:
        """How many removals are recorded, due or not."""
        with self._engine.connect() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(removals)).scalar_one())

    def state(self) -> Sequence[sa.Row[tuple[str, str, int, int]]]:
        """What hangs, for the error message of whoever waits in vain."""
        query = sa.select(jobs.c.status, jobs.c.step, sa.func.count(), sa.func.max(jobs.c.crashes))
        with self._engine.connect() as connection:
            return connection.execute(query.group_by(jobs.c.status, jobs.c.step)).all()


@contextmanager
def observer(folder: Path, database_url: str | None) -> Iterator[Observer]:
    """Look at the database of these runners."""
    engine = sa.create_engine(database_url or f"sqlite:///{folder / 'footnote.db'}", poolclass=sa.NullPool)
    try:
        yield Observer(engine)
    finally:
        engine.dispose()
