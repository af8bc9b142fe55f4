"""`/usage`: what was called, by whom, and what it cost. Admins see everything, other keys what is theirs."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from typing import Annotated, Any, Literal, cast

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.callers import Caller
from api.errors import ApiError, not_found
from api.permissions import Anybody, GuardedRoute
from api.services import Opened
from records import usage, usage_totals
from records.usage import Call, Wanted
from records.usage_totals import DIMENSIONS, Dimension, Total

router = APIRouter(tags=["usage"], route_class=GuardedRoute)

_USUAL_SPAN = timedelta(days=30)
_MOST_GROUPS = 10_000

Moment = datetime | None
From = Annotated[
    Moment, Query(alias="from", description="Day, time (ISO 8601; UTC where it does not say) or seconds since 1970.")
]
To = Annotated[Moment, Query(description="The moment before which calls count; without it, now.")]
KeyId = Annotated[str | None, Query(description="Only this key.")]
Model = Annotated[str | None, Query(description="Only this model.")]


class Sums(BaseModel):
    """What some calls come to."""

    calls: int
    errors: int
    """Calls that ended with a status of 400 or above, or broke off."""
    input_tokens: int
    """Cached ones included."""
    cached_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced_calls: int
    """Calls that used tokens but are not in `cost_usd`, since the price is not known; `usage.prices` sets prices."""
    mean_seconds: float | None
    mean_first_byte_seconds: float | None
    retries: int
    request_bytes: int
    response_bytes: int


class Group(Sums):
    """Calls that have something in common; only what was asked for in `group_by` is there."""

    key: str | None = None
    key_name: str | None = None
    model: str | None = None
    day: str | None = None
    """In UTC."""
    endpoint: str | None = None
    upstream: str | None = None


class UsageBody(BaseModel):
    """Usage in a span of time."""

    object: Literal["usage"] = "usage"
    since: datetime
    until: datetime
    group_by: list[str]
    data: list[Group]
    total: Sums
    has_more: bool
    """Whether there are more groups than are shown; those with most calls are."""


class CallBody(BaseModel):
    """One call."""

    id: str
    object: Literal["call"] = "call"
    at: float
    """When it came in, in seconds since 1970."""
    endpoint: str
    key_id: str | None
    request_id: str
    model: str | None
    upstream: str | None
    status: int
    """499 when the client left before the end."""
    error: str | None
    streamed: bool
    input_tokens: int
    cached_tokens: int
    output_tokens: int
    seconds: float
    first_byte_seconds: float | None
    retries: int
    request_bytes: int
    response_bytes: int
    cost_usd: float | None
    """Null where no price is known."""


class CallList(BaseModel):
    """One page of calls, the newest first."""

    object: Literal["list"] = "list"
    data: list[CallBody]
    first_id: str | None
    last_id: str | None
    has_more: bool


@router.get("/usage", response_model_exclude_unset=True)
async def show_usage(
    services: Opened,
    caller: Anybody,
    group_by: Annotated[
        str, Query(description="Of key, model, day, endpoint and upstream, with commas between.", max_length=100)
    ] = "",
    since: From = None,
    to: To = None,
    key: KeyId = None,
    model: Model = None,
    limit: Annotated[int, Query(ge=1, le=_MOST_GROUPS)] = 1_000,
) -> UsageBody:
    """Calls, tokens and cost, of the last 30 days where nothing else is said. A second or so behind."""
    by = _dimensions(group_by)
    until = _in_utc(to) or datetime.now(UTC)
    begin = _in_utc(since) or until - _USUAL_SPAN
    wanted = Wanted(begin.timestamp(), until.timestamp(), _key(caller, key), model)
    read = services.records.database.read
    groups = await read(partial(usage_totals.totals, by=by, wanted=wanted, limit=limit + 1)) if by else []
    (total,) = await read(partial(usage_totals.totals, by=(), wanted=wanted, limit=1))
    return UsageBody(
        object="usage",
        since=begin,
        until=until,
        group_by=list(by),
        data=[_group(group) for group in groups[:limit]],
        total=Sums(**_sums(total)),
        has_more=len(groups) > limit,
    )


@router.get("/usage/calls")
async def list_calls(
    services: Opened,
    caller: Anybody,
    since: From = None,
    to: To = None,
    key: KeyId = None,
    model: Model = None,
    after: Annotated[str | None, Query(description="Id of the last call of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> CallList:
    """Single calls, the newest first."""
    wanted = Wanted(_seconds(since), _seconds(to), _key(caller, key), model)
    read = services.records.database.read
    if after is not None and not await read(partial(usage.exists, call_id=after)):
        raise not_found("call", after, "Begin again at the first page, without after.", param="after")
    calls = await read(partial(usage.page, wanted=wanted, after=after, limit=limit + 1))
    shown = [_call(call) for call in calls[:limit]]
    return CallList(
        data=shown,
        first_id=shown[0].id if shown else None,
        last_id=shown[-1].id if shown else None,
        has_more=len(calls) > limit,
    )


def _dimensions(group_by: str) -> Sequence[Dimension]:
    names = list(dict.fromkeys(name for part in group_by.split(",") if (name := part.strip())))
    if unknown := [name for name in names if name not in DIMENSIONS]:
        message = f"Calls cannot be grouped by {unknown[0]!r}; name some of {', '.join(DIMENSIONS)}."
        raise ApiError(HTTPStatus.BAD_REQUEST, message, code="invalid_value", param="group_by")
    return cast("list[Dimension]", names)


def _key(caller: Caller, key_id: str | None) -> str | None:
    """The key whose calls are shown, None for all; those who are no admins see their own alone."""
    if caller.may("admin"):
        return key_id
    if key_id not in {None, caller.key_id}:
        message = "This key may only see its own usage. Someone with an admin key can see that of others."
        raise ApiError(HTTPStatus.FORBIDDEN, message, code="permission_denied", param="key")
    return caller.key_id


def _in_utc(moment: Moment) -> Moment:
    return moment.replace(tzinfo=UTC) if moment is not None and moment.tzinfo is None else moment


def _seconds(moment: Moment) -> float | None:
    in_utc = _in_utc(moment)
    return None if in_utc is None else in_utc.timestamp()


def _group(total: Total) -> Group:
    values = dict(total.group)
    if "day" in values:
        values["day"] = datetime.fromtimestamp(values["day"] * 86_400, UTC).date().isoformat()
    if "key" in values:
        values["key_name"] = total.key_name
    return Group(**values, **_sums(total))


def _sums(total: Total) -> dict[str, Any]:
    return {
        "calls": total.calls,
        "errors": total.errors,
        "input_tokens": total.input_tokens,
        "cached_tokens": total.cached_tokens,
        "output_tokens": total.output_tokens,
        "cost_usd": total.cost_usd,
        "unpriced_calls": total.unpriced_calls,
        "mean_seconds": total.seconds / total.calls if total.calls else None,
        "mean_first_byte_seconds": total.first_byte_seconds / total.first_bytes if total.first_bytes else None,
        "retries": total.retries,
        "request_bytes": total.request_bytes,
        "response_bytes": total.response_bytes,
    }


def _call(call: Call) -> CallBody:
    return CallBody(**call._asdict())
