"""Lists of files: ours, and behind them the upstream's."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from fastapi import Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.callers import Caller
from api.openai.file_bodies import FileBody, file_body, no_file, sight_of
from api.services import Services
from records import files
from records.paging import Page, made_at

Entries = list[dict[str, Any]]


class FileList(BaseModel):
    """One page of files."""

    object: Literal["list"] = "list"
    data: list[FileBody]
    first_id: str
    """Empty where there is none, as is `last_id`."""
    last_id: str
    has_more: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which files are wanted, by whom."""

    request: Request
    caller: Caller
    page: Page
    purpose: str | None


async def listed(services: Services, wanted: Wanted) -> JSONResponse:
    """The page that is wanted: what is here, and behind it what the upstream has, unless a purpose of ours is named.

    Raises:
        ApiError: 404, no file has the id behind which the page is to begin.
    """
    after = wanted.page.after
    if after and not await _sees(services, wanted, after):
        elsewhere = await _elsewhere(services, wanted, wanted.page.limit, after)
        if elsewhere is not None:
            return _page(*elsewhere)
        if made_at(after) is None:  # one of ours that was deleted since still tells where the page begins
            raise no_file(after, param="after")
    return _page(*await _ours_and_more(services, wanted))


async def _sees(services: Services, wanted: Wanted, file_id: str) -> bool:
    sight = sight_of(wanted.caller)
    return await services.records.database.read(lambda c: files.find(c, file_id, sight)) is not None


async def _ours_and_more(services: Services, wanted: Wanted) -> tuple[Entries, bool]:
    sight, limit = sight_of(wanted.caller), wanted.page.limit
    page = replace(wanted.page, limit=limit + 1)
    found = await services.records.database.read(lambda c: files.page(c, sight, page, purpose=wanted.purpose))
    data: Entries = [file_body(file).model_dump(exclude_none=True) for file in found[:limit]]
    if len(found) > limit:
        return data, True
    room = limit - len(data)
    others, has_more = await _elsewhere(services, wanted, max(room, 1)) or ([], False)
    return data + others[:room], has_more or len(others) > room


async def _elsewhere(
    services: Services, wanted: Wanted, limit: int, after: str | None = None
) -> tuple[Entries, bool] | None:
    """The upstream's files, and whether it has more; None when it gives none."""
    if wanted.purpose is not None:
        return None
    query = {"limit": str(limit), "order": "asc" if wanted.page.ascending else "desc"}
    page = await services.files_elsewhere(wanted.request.scope, query if after is None else query | {"after": after})
    data = page.get("data") if page is not None else None
    if page is None or not isinstance(data, list):
        return None
    found = [entry for entry in data if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    return found[:limit], bool(page.get("has_more")) or len(found) > limit


def _page(data: Entries, has_more: bool) -> JSONResponse:
    first_id, last_id = (data[0]["id"], data[-1]["id"]) if data else ("", "")
    page = {"object": "list", "data": data, "first_id": first_id, "last_id": last_id, "has_more": has_more}
    return JSONResponse(page)
