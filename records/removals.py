"""Removals: documents that are gone from the records, and whose chunks and text have yet to follow.

Written in the transaction that forgets the document, so that what is left behind is found again whatever happens.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.ids import DocumentId, StoreId
from records.schema import removals


@dataclass(frozen=True, slots=True)
class Removal:
    """What must be known to remove the rest of a document."""

    document_id: DocumentId
    store_id: StoreId
    embedding_model: str
    embedding_dimensions: int | None
    """None where nothing had been embedded when the document was forgotten."""
    in_work: bool
    """Whether a worker had it in hand, which may go on writing chunks until it notices."""


def add(connection: Connection, removal: Removal) -> None:
    """Record what is left to do."""
    connection.execute(sa.insert(removals).values(asdict(removal)))


def ready(connection: Connection) -> Sequence[Removal]:
    """Those that no worker has in hand."""
    query = sa.select(removals).where(removals.c.in_work.is_(False))
    return [Removal(**row) for row in connection.execute(query).mappings()]


def release(connection: Connection) -> None:
    """No worker has anything in hand: the process has just started."""
    connection.execute(sa.update(removals).values(in_work=False))


def done(connection: Connection, document_id: DocumentId) -> None:
    """Nothing is left of the document."""
    connection.execute(sa.delete(removals).where(removals.c.document_id == document_id))
