"""Stores: named sets of documents that are searched together."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import sqlalchemy as sa
from sqlalchemy import Connection

from records.errors import ConflictError, NameTakenError
from records.ids import StoreId, new_store_id
from records.schema import stores

DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class NewStore:
    """What is settled when a store is made."""

    name: str
    embedding_model: str
    """`bm25` where there is no embedding model."""
    embedding_dimensions: int | None
    """Length of the vectors; None until the first document is embedded, 0 where there is no embedding model."""
    chunk_max_tokens: int
    chunk_overlap_tokens: int


@dataclass(frozen=True, slots=True)
class Store(NewStore):
    """A store, as recorded."""

    id: StoreId
    created_at: int
    """Seconds since 1970, UTC, as everywhere in OpenAI's API."""


_WANTED: sa.BindParameter[str] = sa.bindparam("wanted", type_=sa.Text())
_FIND = (
    sa.select(stores)
    .where(sa.or_(stores.c.id == _WANTED, stores.c.name == _WANTED))
    .order_by(sa.case((stores.c.id == _WANTED, 0), else_=1))
)


def add(connection: Connection, new: NewStore) -> Store:
    """Record a store.

    Raises:
        NameTakenError: there is one of that name.
    """
    store = Store(**asdict(new), id=new_store_id(), created_at=int(time.time()))
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(stores).values(asdict(store)))
    except sa.exc.IntegrityError as error:
        raise NameTakenError from error
    return store


def ensure(connection: Connection, new: NewStore) -> Store:
    """The store of that name, made if there is none."""
    store = find(connection, new.name)
    try:
        return store or add(connection, new)
    except NameTakenError:  # somebody was quicker
        return _found(connection, new.name)


def find(connection: Connection, name_or_id: str) -> Store | None:
    """The store of that id or name; an id wins over an equal name."""
    row = connection.execute(_FIND, {"wanted": name_or_id}).mappings().first()
    return Store(**row) if row else None


def _found(connection: Connection, name: str) -> Store:
    store = find(connection, name)
    if store is None:
        raise ConflictError
    return store


def list_all(connection: Connection) -> Sequence[Store]:
    """All stores, oldest first."""
    query = sa.select(stores).order_by(stores.c.created_at, stores.c.id)
    return [Store(**row) for row in connection.execute(query).mappings()]


def set_dimensions(connection: Connection, store_id: StoreId, dimensions: int) -> None:
    """Record the length of the vectors, once it is known."""
    connection.execute(sa.update(stores).where(stores.c.id == store_id).values(embedding_dimensions=dimensions))


def remove(connection: Connection, store_id: StoreId) -> None:
    """Forget a store; its documents must be gone."""
    connection.execute(sa.delete(stores).where(stores.c.id == store_id))
