"""`GET /backup`: everything there is, as one stream."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Header
from fastapi.responses import StreamingResponse

from api.errors import ApiError
from api.permissions import GuardedRoute, MayAdminister
from api.services import Opened
from backup import take

router = APIRouter(tags=["backup"], route_class=GuardedRoute)
_MEDIA_TYPE = "application/x-tar"


@router.get(
    "/backup",
    response_class=StreamingResponse,
    responses={200: {"content": {_MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}}},
)
async def get_backup(
    services: Opened,
    _caller: MayAdminister,
    sec_fetch_site: Annotated[str | None, Header(include_in_schema=False)] = None,
) -> StreamingResponse:
    """Everything there is, taken while the service runs on: a tar file for `footnote restore`.

    It is whole only when its last entry is `manifest.json`; `footnote backup` checks that, and all checksums.
    """
    if sec_fetch_site not in {None, "none", "same-origin"}:  # not even by a link, which other routes allow
        message = "A backup cannot be asked for by a page of another web site."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="cross_site")
    pieces = take(services.records, services.vectors)
    first = await anext(pieces)
    name = datetime.now(UTC).strftime("footnote-%Y%m%d-%H%M%S.tar")
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": f'attachment; filename="{name}"',
        "X-Content-Type-Options": "nosniff",
        "X-Accel-Buffering": "no",
    }
    return StreamingResponse(_with_first(first, pieces), media_type=_MEDIA_TYPE, headers=headers)


async def _with_first(first: bytes, pieces: AsyncGenerator[bytes]) -> AsyncIterator[bytes]:
    async with aclosing(pieces):
        yield first
        async for piece in pieces:
            yield piece
