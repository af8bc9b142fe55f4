"""Lists of files in stores, of all or of those of one batch."""

from typing import Annotated

from fastapi import Query

from api.errors import ApiError
from api.openai.finding import find_store_file
from api.openai.paging import Asked, list_values
from api.openai.progress import STATUSES, Progress
from api.openai.store_file_bodies import StoreFileList, store_file_body
from api.services import Services
from records import store_files
from records.paging import made_at
from records.stores import Store

StatusAsked = Annotated[Progress | None, Query(alias="filter", description="Only those that have come so far.")]


async def listed_files(
    services: Services, store: Store, asked: Asked, status: Progress | None, *, batch_id: str | None = None
) -> StoreFileList:
    """The page that is asked for. Raises ApiError (404)."""
    after = await _after(services, store, asked.after)
    before = await _place(services, store, asked.before, "before")
    page, statuses = asked.page(after, before), STATUSES[status] if status else None
    found = await services.records.database.read(
        lambda c: store_files.page(c, store.id, page, statuses=statuses, batch_id=batch_id)
    )
    rows, has_more = asked.cut(found)
    return StoreFileList(**list_values([store_file_body(store, row) for row in rows], has_more=has_more))


async def _after(services: Services, store: Store, file_id: str | None) -> str | None:
    """Where a page begins: at the first file for a client that takes out what it lists, for all before are gone."""
    try:
        return await _place(services, store, file_id, "after")
    except ApiError:
        if file_id is None or made_at(file_id) is None:
            raise
        return None


async def _place(services: Services, store: Store, file_id: str | None, param: str) -> str | None:
    return (await find_store_file(services, store, file_id, param=param)).id if file_id else None
