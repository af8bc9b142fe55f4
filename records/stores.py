"""Stores: named sets of documents that are searched together."""

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection, RowMapping

from records.errors import ConflictError, NameTakenError
from records.ids import StoreId, new_store_id
from records.paging import Page, rows_of
from records.schema import stores

DEFAULT_NAME = "default"
DAY_SECONDS = 86_400


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
class Profile:
    """What people say about a store."""

    label: str | None = None
    """Name that somebody gave it, which others may have too; None stands for its name."""
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    expires_after_days: int | None = None
    """Without being searched or changed; None for never."""


@dataclass(frozen=True, slots=True)
class Store(NewStore):
    """A store, as recorded; where another one had its name already, its id stands for it."""

    id: StoreId
    created_at: int
    """Seconds since 1970, UTC, as everywhere in OpenAI's API."""
    last_active_at: int
    """When it was last searched or changed, to about a minute."""
    label: str | None = None
    """Name that somebody gave it, which others may have too; None stands for its name."""
    description: str | None = None
    metadata: Mapping[str, str] = field(default_factory=dict)
    expires_after_days: int | None = None
    """Without being searched or changed; None for never."""
    expired_at: int | None = None
    """When its documents went for that."""
    next_embedding_model: str | None = None
    """The model its documents are being embedded with anew; None when none is under way."""
    next_embedding_dimensions: int | None = None

    @property
    def profile(self) -> Profile:
        """What people say about it."""
        return Profile(self.label, self.description, self.metadata, self.expires_after_days)

    @property
    def expires_at(self) -> int | None:
        """When its documents go unless it is used before; None for never."""
        days = self.expires_after_days
        return None if days is None else self.last_active_at + days * DAY_SECONDS

    @property
    def is_expired(self) -> bool:
        """Whether its time is over, be its documents gone already or not."""
        return self.expired_at is not None or (self.expires_at is not None and self.expires_at <= time.time())


_WANTED: sa.BindParameter[str] = sa.bindparam("wanted", type_=sa.Text())
_FIND = (
    sa.select(stores)
    .where(sa.or_(stores.c.id == _WANTED, stores.c.name == _WANTED))
    .order_by(sa.case((stores.c.id == _WANTED, 0), else_=1))
)
_BY_ID = sa.select(stores).where(stores.c.id == _WANTED)


def from_row(row: RowMapping) -> Store:
    """The store that a row holds."""
    values: dict[str, Any] = {str(name): value for name, value in row.items()}
    return Store(**values | {"name": values["name"] or values["id"]})


def add(connection: Connection, new: NewStore, profile: Profile | None = None) -> Store:
    """Record a store.

    Raises:
        NameTakenError: there is one of that name.
    """
    store = _new(new, profile or Profile())
    try:
        with connection.begin_nested():
            connection.execute(sa.insert(stores).values(asdict(store)))
    except sa.exc.IntegrityError as error:
        raise NameTakenError from error
    return store


def add_labelled(connection: Connection, new: NewStore, profile: Profile) -> Store:
    """Record a store under the name of the new one where that is free and not empty; known by its id alone if not."""
    if new.name:
        try:
            return add(connection, new, profile)
        except NameTakenError:
            pass
    store = _new(new, profile)
    connection.execute(sa.insert(stores).values(asdict(store) | {"name": None}))
    return replace(store, name=store.id)


def _new(new: NewStore, profile: Profile) -> Store:
    now = int(time.time())
    return Store(**asdict(new), **asdict(profile), id=new_store_id(), created_at=now, last_active_at=now)


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
    return from_row(row) if row else None


def find_held(connection: Connection, store_id: str, *, to_change: bool = False) -> Store | None:
    """The store; nobody changes its model until the transaction ends. To change it, hold it alone.

    It is held before any job is: transactions that hold several rows would wait for each other otherwise.
    """
    # Both leave others free to refer to the store (Postgres: FOR NO KEY UPDATE and FOR SHARE).
    query = _BY_ID.with_for_update(key_share=to_change, read=not to_change)
    row = connection.execute(query, {"wanted": store_id}).mappings().first()
    return from_row(row) if row else None


def _found(connection: Connection, name: str) -> Store:
    store = find(connection, name)
    if store is None:
        raise ConflictError
    return store


def list_all(connection: Connection) -> Sequence[Store]:
    """All stores, oldest first."""
    query = sa.select(stores).order_by(stores.c.created_at, stores.c.id)
    return [from_row(row) for row in connection.execute(query).mappings()]


def page(connection: Connection, ids: Collection[str] | None, wanted: Page) -> Sequence[Store]:
    """A page of the stores of these ids, of all for None."""
    query = sa.select(stores) if ids is None else sa.select(stores).where(stores.c.id.in_(ids))
    return [from_row(row) for row in rows_of(connection, query, stores, wanted)]


def describe(connection: Connection, store_id: StoreId, profile: Profile) -> None:
    """Record what people say about a store."""
    connection.execute(sa.update(stores).where(stores.c.id == store_id).values(asdict(profile)))


def rename(connection: Connection, store_id: StoreId, name: str) -> None:
    """Give a store another name where that is free and not empty; it is known by its id alone if not."""
    renaming = sa.update(stores).where(stores.c.id == store_id)
    connection.execute(renaming.values(name=None))
    if name:
        with suppress(sa.exc.IntegrityError), connection.begin_nested():
            connection.execute(renaming.values(name=name))


def changing(connection: Connection) -> Sequence[Store]:
    """Stores whose documents are being embedded with another model."""
    query = sa.select(stores).where(stores.c.next_embedding_model.is_not(None)).order_by(stores.c.id)
    return [from_row(row) for row in connection.execute(query).mappings()]


def set_dimensions(connection: Connection, store: Store, dimensions: int) -> bool:
    """Record the length of the vectors of the store's model, once it is known; False when it has another by now."""
    same = sa.or_(stores.c.embedding_dimensions.is_(None), stores.c.embedding_dimensions == dimensions)
    unchanged = stores.c.id == store.id, stores.c.embedding_model == store.embedding_model, same
    return connection.execute(sa.update(stores).where(*unchanged).values(embedding_dimensions=dimensions)).rowcount > 0


def set_next_model(connection: Connection, store_id: StoreId, model: str | None, dimensions: int | None) -> None:
    """Record which model the store is changing to; None for none."""
    values = {"next_embedding_model": model, "next_embedding_dimensions": dimensions}
    connection.execute(sa.update(stores).where(stores.c.id == store_id).values(values))


def switch_model(connection: Connection, store_id: StoreId) -> None:
    """Make the model that the store is changing to its own."""
    values = {
        "embedding_model": stores.c.next_embedding_model,
        "embedding_dimensions": stores.c.next_embedding_dimensions,
        "next_embedding_model": None,
        "next_embedding_dimensions": None,
    }
    connection.execute(sa.update(stores).where(stores.c.id == store_id).values(values))


def remove(connection: Connection, store_id: StoreId) -> None:
    """Forget a store; its documents must be gone."""
    connection.execute(sa.delete(stores).where(stores.c.id == store_id))
