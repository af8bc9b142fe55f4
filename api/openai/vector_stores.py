"""`/v1/vector_stores`: our stores, as OpenAI's clients make and keep them."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from fastapi import APIRouter

from api.callers import Caller
from api.errors import ApiError
from api.openai.chunking import chunking_from
from api.openai.file_bodies import sight_of
from api.openai.finding import find_vector_store
from api.openai.paging import PageAsked, list_values
from api.openai.vector_store_bodies import (
    VectorStoreBody,
    VectorStoreChange,
    VectorStoreForm,
    VectorStoreList,
    vector_store_body,
)
from api.permissions import GuardedRoute, MayRead, MayUpload, MayWork
from api.services import Opened, Services
from api.stores import Deleted, name_from, require_all_stores
from ingest import Attaching, StoreExpiredError, StoreGoneError, Wanted, new_store, remove_store
from records import Connection, activity, store_files, stores
from records.paging import made_at
from records.store_files import NOTHING
from records.stores import Profile, Store

router = APIRouter(prefix="/v1/vector_stores", tags=["vector stores"], route_class=GuardedRoute)


@router.post("")
async def create_vector_store(form: VectorStoreForm, services: Opened, caller: MayUpload) -> VectorStoreBody:
    """Make a store, with files in it if `file_ids` names any; none is made when one of them is unknown."""
    require_all_stores(caller)
    new = new_store(name_from(form.name), services.settings.ingest, services.upstream)
    days = form.expires_after.days if form.expires_after else None
    profile = Profile(form.name, form.description, form.metadata or {}, days)
    chunking = chunking_from(form.chunking_strategy)
    wanted = [Wanted(file_id, chunking=chunking) for file_id in form.file_ids or ()]
    attaching = Attaching(services.records, services.vectors, services.settings.ingest)
    store = await attaching.found(new, profile, wanted, sight_of(caller))
    services.wake_worker()
    return await _shown(services, store)


@router.get("")
async def list_vector_stores(asked: PageAsked, services: Opened, caller: MayRead) -> VectorStoreList:
    """Stores, those made last first; of a key that is for some stores only, those."""
    after = await _place(services, caller, asked.after, "after")
    before = await _place(services, caller, asked.before, "before")
    page = asked.page(after, before)
    found = await services.records.database.read(lambda c: stores.page(c, caller.stores, page))
    rows, has_more = asked.cut(found)
    return VectorStoreList(**list_values(await _bodies(services, rows), has_more=has_more))


@router.get("/{vector_store_id}")
async def retrieve_vector_store(vector_store_id: str, services: Opened, caller: MayRead) -> VectorStoreBody:
    """One store."""
    return await _shown(services, await find_vector_store(services, caller, vector_store_id))


@router.post("/{vector_store_id}")
async def modify_vector_store(
    vector_store_id: str, form: VectorStoreChange, services: Opened, caller: MayWork
) -> VectorStoreBody:
    """Change what is said about a store."""
    store = await find_vector_store(services, caller, vector_store_id)
    return await _shown(services, await services.records.database.write(partial(_modify, store, form, caller)))


@router.delete("/{vector_store_id}")
async def delete_vector_store(vector_store_id: str, services: Opened, caller: MayWork) -> Deleted:
    """Delete a store. Files that were uploaded for their own sake stay."""
    store = await find_vector_store(services, caller, vector_store_id)
    require_all_stores(caller)
    lease_seconds = services.settings.ingest.lease_seconds
    await remove_store(services.records, services.vectors, store, lease_seconds=lease_seconds)
    return Deleted(id=store.id, object="vector_store.deleted")


def _modify(store: Store, form: VectorStoreChange, caller: Caller, connection: Connection) -> Store:
    held = stores.find_held(connection, store.id, to_change=True)
    if held is None:
        raise StoreGoneError
    if held.is_expired:
        raise StoreExpiredError
    activity.touch(connection, store.id)
    if form.name is not None and caller.stores is None:  # which names are free is nothing for keys of some stores
        stores.rename(connection, store.id, name_from(form.name))
    stores.describe(connection, store.id, _changed(held.profile, form))
    return stores.find(connection, store.id) or held


def _changed(profile: Profile, form: VectorStoreChange) -> Profile:
    if form.name is not None:
        profile = replace(profile, label=form.name)
    if "metadata" in form.model_fields_set:
        profile = replace(profile, metadata=form.metadata or {})
    if "expires_after" in form.model_fields_set:
        profile = replace(profile, expires_after_days=form.expires_after.days if form.expires_after else None)
    return profile


async def _place(services: Services, caller: Caller, store_id: str | None, param: str) -> str | None:
    """Where a page begins or ends; clients that delete what they list name one that is gone by then."""
    if not store_id:
        return None
    try:
        return (await find_vector_store(services, caller, store_id, param=param)).id
    except ApiError:
        if made_at(store_id) is None:
            raise
        return store_id


async def _bodies(services: Services, found: Sequence[Store]) -> Sequence[VectorStoreBody]:
    ids = [store.id for store in found]
    usage = await services.records.database.read(lambda c: store_files.usage(c, ids))
    return [vector_store_body(store, usage.get(store.id, NOTHING)) for store in found]


async def _shown(services: Services, store: Store) -> VectorStoreBody:
    return (await _bodies(services, [store]))[0]
