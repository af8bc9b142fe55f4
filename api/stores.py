"""`/stores`: named sets of documents that are searched together."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import PydanticCustomError

from api.callers import Caller
from api.errors import ApiError, not_found
from api.permissions import GuardedRoute, MayRead, MayWork
from api.services import Opened, Services
from ingest import new_store, remove_store
from records import documents, stores
from records.documents import Status
from records.stores import DEFAULT_NAME, Store

router = APIRouter(tags=["stores"], route_class=GuardedRoute)


_ID_PREFIX = "vs_"


def _usable(name: str) -> str:
    if not name.isprintable() or name in {".", ".."} or name.startswith(_ID_PREFIX):
        reason = f"A name must be printable, not . or .., and must not begin with {_ID_PREFIX} as ids do"
        raise PydanticCustomError("store_name", reason)
    return name


StoreName = Annotated[
    str, Field(pattern=r"^[^\s/]([^/]{0,126}[^\s/])?$", examples=["handbook"]), AfterValidator(_usable)
]
_NAMES: TypeAdapter[str] = TypeAdapter(StoreName)


def name_from(label: str | None) -> str:
    """The label, if stores may be called that; empty otherwise."""
    try:
        return _NAMES.validate_python(label)
    except ValidationError:
        return ""


class StoreForm(BaseModel):
    """What a new store is to be."""

    model_config = ConfigDict(extra="forbid")

    name: StoreName
    embedding_model: Annotated[str, Field(min_length=1)] | None = None
    """Unset means the service's own choice."""
    chunk_max_tokens: Annotated[int, Field(ge=16, le=4096)] | None = None
    chunk_overlap_tokens: Annotated[int, Field(ge=0, le=2048)] | None = None


class StoreBody(BaseModel):
    """A store."""

    id: str
    object: Literal["store"] = "store"
    name: str
    created_at: int
    embedding_model: str
    embedding_dimensions: int | None
    chunk_max_tokens: int
    chunk_overlap_tokens: int
    documents: dict[str, int]
    """How many there are by status, and in total."""


class StoreList(BaseModel):
    """All stores."""

    object: Literal["list"] = "list"
    data: list[StoreBody]


class Deleted(BaseModel):
    """What was deleted."""

    id: str
    object: str
    deleted: Literal[True] = True


async def resolve(services: Services, caller: Caller, name_or_id: str) -> Store:
    """The store of that name or id; `default` is made when it is first asked for.

    Raises:
        ApiError: 404, there is none for this caller.
    """
    database = services.records.database
    store = await database.read(lambda c: stores.find(c, name_or_id))
    if store is None and name_or_id == DEFAULT_NAME and caller.stores is None:
        new = new_store(name_or_id, services.settings.ingest, services.upstream)
        store = await database.write(lambda c: stores.ensure(c, new))
    return _visible(caller, store, name_or_id)


async def find_store(services: Services, caller: Caller, name_or_id: str) -> Store:
    """The store of that name or id, if it exists. Raises ApiError (404)."""
    return _visible(caller, await services.records.database.read(lambda c: stores.find(c, name_or_id)), name_or_id)


def _visible(caller: Caller, store: Store | None, name_or_id: str) -> Store:
    if store is None or not caller.sees(store.id):
        raise not_found("store", name_or_id, "Make it with POST /stores; GET /stores lists those there are.")
    return store


def require_all_stores(caller: Caller) -> None:
    """Raise ApiError (403) for a key that is for some stores only: it neither makes nor deletes any."""
    if caller.stores is not None:
        message = "This key is for some stores only, so it cannot make or delete any. Someone with an admin key can."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied")


@router.post("/stores", status_code=HTTPStatus.CREATED)
async def create_store(form: StoreForm, services: Opened, caller: MayWork) -> StoreBody:
    """Make a store."""
    require_all_stores(caller)
    if form.embedding_model is not None and services.upstream.embedder(form.embedding_model) is None:
        message = f"This service has no way to the embedding model {form.embedding_model!r}."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="unknown_model", param="embedding_model")
    new = new_store(
        form.name,
        services.settings.ingest,
        services.upstream,
        embedding_model=form.embedding_model,
        chunk_max_tokens=form.chunk_max_tokens,
        chunk_overlap_tokens=form.chunk_overlap_tokens,
    )
    if form.chunk_overlap_tokens is not None and form.chunk_overlap_tokens != new.chunk_overlap_tokens:
        message = f"chunk_overlap_tokens must be at most half of a chunk, which has {new.chunk_max_tokens} tokens here."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_overlap", param="chunk_overlap_tokens")
    return _body(await services.records.database.write(lambda c: stores.add(c, new)), {})


@router.get("/stores")
async def list_stores(services: Opened, caller: MayRead) -> StoreList:
    """All stores, oldest first; of a key that is for some stores only, those."""
    found, counts = await services.records.database.read(lambda c: (stores.list_all(c), documents.counts(c)))
    return StoreList(data=[_body(store, counts.get(store.id, {})) for store in found if caller.sees(store.id)])


@router.get("/stores/{store}")
async def retrieve_store(store: str, services: Opened, caller: MayRead) -> StoreBody:
    """One store, by name or id."""
    found = await resolve(services, caller, store)
    counts = await services.records.database.read(documents.counts)
    return _body(found, counts.get(found.id, {}))


@router.delete("/stores/{store}")
async def delete_store(store: str, services: Opened, caller: MayWork) -> Deleted:
    """Delete a store with all its documents."""
    found = await find_store(services, caller, store)
    require_all_stores(caller)
    lease_seconds = services.settings.ingest.lease_seconds
    await remove_store(services.records, services.vectors, found, lease_seconds=lease_seconds)
    return Deleted(id=found.id, object="store.deleted")


def _body(store: Store, counts: Mapping[Status, int]) -> StoreBody:
    by_status: dict[str, int] = {status.value: counts.get(status, 0) for status in Status}
    values: dict[str, Any] = {name: getattr(store, name) for name in StoreBody.model_fields if hasattr(store, name)}
    return StoreBody(**values, documents=by_status | {"total": sum(by_status.values())})
