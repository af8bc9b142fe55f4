"""Stores, and files in them, by their ids: whatever the caller may not see is not there."""

from api.callers import Caller
from api.errors import ApiError, not_found
from api.services import Services
from records import store_files, stores
from records.documents import Document
from records.stores import Store


async def find_vector_store(
    services: Services, caller: Caller, store_id: str, *, param: str = "vector_store_id"
) -> Store:
    """The store of that id, or of that name. Raises ApiError (404)."""
    store = await services.records.database.read(lambda c: stores.find(c, store_id))
    if store is None or not caller.sees(store.id):
        hint = "GET /v1/vector_stores lists those there are."
        raise not_found("vector_store", store_id, hint, param=param)
    return store


async def find_store_file(services: Services, store: Store, file_id: str, *, param: str = "file_id") -> Document:
    """The document that a file is in a store. Raises ApiError (404)."""
    found = await services.records.database.read(lambda c: store_files.find(c, store.id, file_id))
    if found is None:
        raise no_store_file(store, file_id, param=param)
    return found


def no_store_file(store: Store, file_id: str, *, param: str = "file_id") -> ApiError:
    """The error for a file that is not in a store."""
    hint = f"GET /v1/vector_stores/{store.id}/files lists those that are in this store."
    return not_found("file", file_id, hint, param=param)
