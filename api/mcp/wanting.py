"""Who wants something through a tool, and where it is looked for."""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Annotated

from pydantic import Field

from api.callers import Caller
from api.errors import ApiError
from api.services import Services
from api.store_use import use_store
from api.stores import resolve
from records import stores
from records.stores import DEFAULT_NAME, Store

_MOST_STORES = 16
_MOST_NAMED = 50

StoreName = Annotated[
    str | None,
    Field(description="Name or id of one store; without it, every store that the key may use is searched."),
]


@dataclass(frozen=True, slots=True)
class Wanting:
    """A caller of a tool."""

    services: Services
    caller: Caller
    address: str
    """Of this service, as the caller names it."""

    def url(self, document_id: str, page: int | None = None) -> str:
        """Where the document's text can be read."""
        return f"{self.address}/documents/{document_id}/content{f'#page={page}' if page else ''}"

    async def stores(self, name: str | None) -> Sequence[Store]:
        """The stores to look into, at least one.

        Raises:
            ApiError: 404, it is not there for this caller; 400, it has expired, or there are too many to look into all.
        """
        found = await self._all() if name is None else []
        if not found:
            found = [await resolve(self.services, self.caller, name or DEFAULT_NAME)]
        for store in found:
            await use_store(self.services, store)
        return found

    async def _all(self) -> Sequence[Store]:
        """Every store that may have something for this caller."""
        every = await self.services.records.database.read(stores.list_all)
        there = [store for store in every if self.caller.sees(store.id) and store.expired_at is None]
        found = [store for store in there if store.embedding_dimensions is not None]
        if len(found) > _MOST_STORES:
            names = ", ".join(store.name for store in found[:_MOST_NAMED])
            message = f"There are too many stores to search them all: name one in `store`. There are: {names}."
            raise ApiError(HTTPStatus.BAD_REQUEST, message, code="store_needed", param="store")
        return found
