"""`/keys`: the API keys that this service issues. For admins."""

import time
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self, TypeVar

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from api.callers import Caller, Permission
from api.errors import ApiError, not_found
from api.keyring import SETTINGS_KEY_ID
from api.permissions import GuardedRoute, MayAdminister
from api.services import Opened, Services
from api.stores import Deleted
from records import Connection, keys, stores
from records.keys import Key, NewKey

router = APIRouter(tags=["keys"], route_class=GuardedRoute)

T = TypeVar("T")
_DEFAULT: tuple[Permission, ...] = ("documents", "search", "relay")
_MAX_GRACE_SECONDS = 30 * 86_400

Name = Annotated[str, Field(pattern=r"^\S(.{0,126}\S)?$", examples=["web site"])]
Permissions = Annotated[list[Permission], Field(min_length=1)]
Models = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(min_length=1, max_length=1_000)]
PerMinute = Annotated[int, Field(ge=1, le=1_000_000_000)]


class Allowance(BaseModel):
    """What a key allows."""

    model_config = ConfigDict(extra="forbid")

    stores: Annotated[list[str], Field(min_length=1, max_length=1_000)] | None = Field(
        default=None, description="Names or ids of the only stores it may use; null means all, also those to come."
    )
    models: Models | None = Field(
        default=None, description="The only models it may use at upstreams, `*` standing for any characters."
    )
    requests_per_minute: PerMinute | None = None
    tokens_per_minute: PerMinute | None = None
    monthly_budget_usd: Annotated[float, Field(ge=0, allow_inf_nan=False)] | None = Field(
        default=None, description="US dollars that its calls may cost in a calendar month (UTC)."
    )
    expires_at: int | None = Field(default=None, description="Seconds since 1970; null means never.")

    @model_validator(mode="after")
    def _expires_later(self) -> Self:
        if self.expires_at is not None and self.expires_at <= time.time():
            kind, reason = "in_the_past", "expires_at must lie in the future, in seconds since 1970"
            raise PydanticCustomError(kind, reason)
        return self


class KeyForm(Allowance):
    """A new key."""

    name: Name
    permissions: Permissions = Field(
        default=list(_DEFAULT),
        description="`documents` hands in and changes, `search` searches and asks, `relay` calls upstreams through "
        "`/v1`, `metrics` reads `/metrics`, `admin` may do everything.",
    )


class KeyChange(Allowance):
    """What is to change of a key; what is left out stays."""

    name: Name = ""
    permissions: Permissions = Field(default=[])


class Rotation(BaseModel):
    """How a key gets a new secret."""

    model_config = ConfigDict(extra="forbid")

    grace_seconds: Annotated[int, Field(ge=0, le=_MAX_GRACE_SECONDS)] = Field(
        default=0, description="How long the one before is good for, so that clients can be changed over."
    )


class KeyBody(BaseModel):
    """A key, without its secret."""

    id: str
    object: Literal["key"] = "key"
    name: str
    hint: str
    """Its last characters."""
    permissions: list[str]
    stores: list[str] | None
    models: list[str] | None
    requests_per_minute: int | None
    tokens_per_minute: int | None
    monthly_budget_usd: float | None
    created_at: int
    expires_at: int | None
    revoked_at: int | None
    previous_until: int | None
    """Until when the secret is good that it had before it was rotated."""
    last_used_at: int | None
    """Roughly."""


class NewKeyBody(KeyBody):
    """A key with its secret, which is shown this once."""

    key: str


class KeyList(BaseModel):
    """All keys."""

    object: Literal["list"] = "list"
    data: list[KeyBody]


@router.post("/keys", status_code=HTTPStatus.CREATED)
async def create_key(form: KeyForm, services: Opened, _caller: MayAdminister, response: Response) -> NewKeyBody:
    """Make a key. The answer shows it, and nothing ever does again."""
    values = form.model_dump()
    _require_sense(values["permissions"], values["stores"])
    key, secret = await _write(services, lambda c: keys.add(c, NewKey(**_resolved(c, values))))
    return _shown(key, secret, response)


@router.get("/keys")
async def list_keys(services: Opened, _caller: MayAdminister) -> KeyList:
    """All keys, oldest first, those that were revoked too."""
    await services.keys.touch()
    found = await services.records.database.read(keys.list_all)
    return KeyList(data=[KeyBody(**_values(key)) for key in found])


@router.get("/keys/{key_id}")
async def retrieve_key(key_id: str, services: Opened, _caller: MayAdminister) -> KeyBody:
    """One key."""
    await services.keys.touch()
    found = await services.records.database.read(lambda c: keys.find(c, key_id))
    return KeyBody(**_values(_known(found, key_id)))


@router.patch("/keys/{key_id}")
async def change_key(key_id: str, form: KeyChange, services: Opened, caller: MayAdminister) -> KeyBody:
    """Change what a key allows. Fields that are left out stay; null takes a limit away."""
    values = form.model_dump(exclude_unset=True)
    changed = await _write(services, lambda c: _with_admin_left(c, caller, _change(c, key_id, values)))
    return KeyBody(**_values(_known(changed, key_id)))


@router.delete("/keys/{key_id}")
async def revoke_key(key_id: str, services: Opened, caller: MayAdminister) -> Deleted:
    """Revoke a key: it opens nothing any more, here at once and in other processes within seconds."""
    _known(await _write(services, lambda c: _with_admin_left(c, caller, keys.revoke(c, key_id))), key_id)
    return Deleted(id=key_id, object="key.deleted")


@router.post("/keys/{key_id}/rotate")
async def rotate_key(
    key_id: str, services: Opened, _caller: MayAdminister, response: Response, form: Rotation | None = None
) -> NewKeyBody:
    """Give a key a new secret; all else about it stays."""
    grace_seconds = (form or Rotation()).grace_seconds
    rotated = await _write(services, lambda c: keys.rotate(c, key_id, grace_seconds))
    if rotated is None:
        raise _no_key(key_id)
    return _shown(*rotated, response)


async def _write(services: Services, work: Callable[[Connection], T]) -> T:
    """Change keys, and let it take effect here before anybody is answered."""
    try:
        return await services.records.database.write(work)
    finally:
        await services.keys.refresh()


def _change(connection: Connection, key_id: str, values: dict[str, Any]) -> Key | None:
    key = keys.find(connection, key_id)
    if key is None:
        return None
    changed = _resolved(connection, values)
    _require_sense(changed.get("permissions", key.permissions), changed.get("stores", key.stores))
    return keys.update(connection, key_id, changed)


def _with_admin_left(connection: Connection, caller: Caller, changed: Key | None) -> Key | None:
    """What was changed, unless the caller has locked everybody out with that, who has no other way in."""
    if caller.key_id not in {None, SETTINGS_KEY_ID}:
        keys.require_admin(connection)
    return changed


def _resolved(connection: Connection, values: dict[str, Any]) -> dict[str, Any]:
    """The values with ids of stores in place of their names."""
    if not values.get("stores"):
        return values
    found = []
    for name in values["stores"]:
        store = stores.find(connection, name)
        if store is None:
            raise not_found("store", name, "GET /stores lists those there are.", param="stores")
        found.append(store.id)
    return {**values, "stores": found}


def _require_sense(permissions: Sequence[str], only_stores: Sequence[str] | None) -> None:
    if "admin" in permissions and only_stores is not None:
        message = "An admin key may use all stores: leave `stores` out, or the permission `admin`."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_permissions", param="stores")


def _shown(key: Key, secret: str, response: Response) -> NewKeyBody:
    response.headers["Cache-Control"] = "no-store"
    return NewKeyBody(**_values(key), key=secret)


def _values(key: Key) -> dict[str, Any]:
    return {name: getattr(key, name) for name in KeyBody.model_fields if name != "object"}


def _known(key: Key | None, key_id: str) -> Key:
    if key is None:
        raise _no_key(key_id)
    return key


def _no_key(key_id: str) -> ApiError:
    return not_found("key", key_id, "GET /keys lists those there are.")
