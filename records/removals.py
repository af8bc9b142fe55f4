"""Removals: chunks and texts that are to go, written in the transaction that makes them invisible.

What is left behind by a crash, or by a worker that lost its job and did not know it yet, is found again here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from secrets import token_hex

import sqlalchemy as sa
from sqlalchemy import Connection

from records.clock import now
from records.ids import DocumentId, StoreId
from records.schema import removals

WHOLE = 0
"""In place of a version: the document with all of them."""
ALL_DOCUMENTS = DocumentId("")
"""In place of a document: every chunk that the store has in this collection, and nothing else of it."""

NO_DOCUMENT = DocumentId("-")
"""In place of a document: bytes that came without one."""


@dataclass(frozen=True, slots=True)
class Removal:
    """What must be known to remove a document, or one version of it."""

    id: str
    store_id: StoreId
    document_id: DocumentId
    version: int
    """`WHOLE`, or the version that goes."""
    embedding_model: str
    embedding_dimensions: int | None
    """None where nothing had been embedded yet."""
    sha256: str | None
    """The content that goes too, unless another file has the same."""


def new_removal(
    store_id: StoreId,
    document_id: DocumentId,
    version: int,
    collection: tuple[str, int | None],
    sha256: str | None = None,
) -> Removal:
    """A removal from a collection (embedding model and length of its vectors)."""
    return Removal(token_hex(12), store_id, document_id, version, *collection, sha256)


def new_removal_of_store(store_id: StoreId, model: str, dimensions: int) -> Removal:
    """A removal of all chunks of a store from a collection that it no longer uses."""
    return new_removal(store_id, ALL_DOCUMENTS, WHOLE, (model, dimensions))


def new_removal_of_content(sha256: str) -> Removal:
    """A removal of bytes that no document had."""
    return Removal(token_hex(12), StoreId(""), NO_DOCUMENT, WHOLE, "", None, sha256)


def add(connection: Connection, removal: Removal, *, again_after_seconds: float = 0.0) -> None:
    """Record what is to go; done once more after so many seconds where somebody may still be writing."""
    values = {name: getattr(removal, name) for name in Removal.__slots__}
    connection.execute(sa.insert(removals).values(**values, due_at=now() + again_after_seconds))


def due(connection: Connection, limit: int) -> Sequence[Removal]:
    """Those whose time has come."""
    columns = [removals.c[name] for name in Removal.__slots__]
    query = sa.select(*columns).where(removals.c.due_at <= now()).order_by(removals.c.due_at).limit(limit)
    return [Removal(**row) for row in connection.execute(query).mappings()]


def seconds_until_done(connection: Connection, store_id: StoreId, model: str, dimensions: int) -> float | None:
    """In how long a store's removal from a collection is due, at least 0; None when there is none."""
    here = removals.c.embedding_model == model, removals.c.embedding_dimensions == dimensions
    of_store = removals.c.store_id == store_id, removals.c.document_id == ALL_DOCUMENTS
    last = sa.select(sa.func.max(removals.c.due_at) - now()).where(*of_store, *here)
    left = connection.execute(last).scalar_one()
    return None if left is None else max(float(left), 0.0)


def claim(connection: Connection, removal_id: str, seconds: float) -> bool:
    """Take a removal that must not be carried out twice; somebody else may once so many seconds have passed."""
    mine = removals.c.id == removal_id, removals.c.due_at <= now()
    return connection.execute(sa.update(removals).where(*mine).values(due_at=now() + seconds)).rowcount > 0


def forget(connection: Connection, removal_id: str) -> None:
    """Forget a claimed removal: it was carried out."""
    connection.execute(sa.delete(removals).where(removals.c.id == removal_id))


def done(connection: Connection, removal_id: str) -> None:
    """Forget a removal that was carried out, unless it is to be carried out again."""
    connection.execute(sa.delete(removals).where(removals.c.id == removal_id, removals.c.due_at <= now()))
