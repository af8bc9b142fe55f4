"""Throughput: how much was finished lately."""

from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.clock import now
from records.documents import Status
from records.schema import jobs


@dataclass(frozen=True, slots=True)
class Throughput:
    """Jobs that ended well in a span of time, and the chunks of their documents."""

    seconds: float
    documents: int
    chunks: int


def of_last(connection: Connection, seconds: float, store_ids: Collection[str] | None = None) -> Throughput:
    """What was finished in the last so many seconds, by the database's clock, in some stores or in all."""
    query = sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(jobs.c.chunks), 0)).where(
        jobs.c.updated_at > now() - seconds, jobs.c.status == Status.COMPLETED
    )
    if store_ids is not None:
        query = query.where(jobs.c.store_id.in_(store_ids))
    documents, chunks = connection.execute(query).one()
    return Throughput(seconds, int(documents), int(chunks))
