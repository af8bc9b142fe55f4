"""`/jobs`: all the work there is, whatever became of it."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from http import HTTPStatus
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from api.callers import Caller
from api.errors import not_found
from api.permissions import GuardedRoute, MayWork
from api.progress import JobBody, job_body
from api.services import Opened, Services
from api.stores import resolve
from ingest import retry_failed
from records import Connection, jobs, throughput
from records.clock import moment
from records.documents import Status
from records.jobs import Job, Kind
from records.throughput import Throughput

router = APIRouter(tags=["jobs"], route_class=GuardedRoute)
_LATELY_SECONDS = 60.0


class Pace(BaseModel):
    """How much was finished lately."""

    seconds: float = Field(description="The span of time that was looked at, up to now.")
    documents: int
    chunks: int


class JobList(BaseModel):
    """One page of jobs, and how many there are of each status."""

    object: Literal["list"] = "list"
    data: list[JobBody]
    totals: dict[str, int] = Field(description="How many jobs of the store and kind there are by status, and in all.")
    finished_lately: Pace
    first_id: str | None
    last_id: str | None
    has_more: bool


class Retried(BaseModel):
    """What was queued anew."""

    object: Literal["jobs.retried"] = "jobs.retried"
    retried: int


StoreName = Annotated[str | None, Query(description="Name or id of a store; without it, of all that the key may use.")]


@router.get("/jobs")
async def list_jobs(
    services: Opened,
    caller: MayWork,
    store: StoreName = None,
    status: Annotated[list[Status] | None, Query(description="Only these statuses; may be repeated.")] = None,
    kind: Kind | None = None,
    put_off: Annotated[bool, Query(description="Only those that wait because something did not answer.")] = False,
    after: Annotated[str | None, Query(description="Id of the last job of the page before.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> JobList:
    """Jobs, those queued last first. A document has one of each kind: the last."""
    store_ids = await store_ids_of(services, caller, store)
    if after is not None:
        last = await services.records.database.read(lambda c: jobs.find_by_id(c, after))
        if last is None or not caller.sees(last.store_id):
            raise not_found("job", after, "Begin again at the first page, without after.", param="after")
    page = partial(
        jobs.page,
        store_ids=store_ids,
        statuses=status or (),
        kind=kind,
        only_put_off=put_off,
        after=after,
        limit=limit + 1,
    )
    return await services.records.database.read(lambda c: _listed(c, page(c), limit, (store_ids, kind)))


@router.post("/jobs/retry", status_code=HTTPStatus.ACCEPTED)
async def retry_jobs(services: Opened, caller: MayWork, store: StoreName = None) -> Retried:
    """Queue every document anew whose last job failed, of one store or of all."""
    retried = await retry_failed(services.records, await store_ids_of(services, caller, store))
    services.wake_worker()
    return Retried(retried=retried)


@router.get("/jobs/{job_id}")
async def retrieve_job(job_id: str, services: Opened, caller: MayWork) -> JobBody:
    """One job."""
    job, now = await services.records.database.read(lambda c: (jobs.find_by_id(c, job_id), moment(c)))
    if job is None or not caller.sees(job.store_id):
        raise not_found("job", job_id, "GET /jobs lists those there are.")
    return job_body(job, now)


async def store_ids_of(services: Services, caller: Caller, store: str | None) -> Collection[str] | None:
    """The store that is named, or all that the caller sees; None means all there are. Raises ApiError (404)."""
    return caller.stores if store is None else [(await resolve(services, caller, store)).id]


def totals_of(counts: Mapping[Status, int]) -> dict[str, int]:
    """How many there are of every status, and in all."""
    return {status.value: counts.get(status, 0) for status in Status} | {"total": sum(counts.values())}


def _listed(
    connection: Connection, found: Sequence[Job], limit: int, scope: tuple[Collection[str] | None, Kind | None]
) -> JobList:
    store_ids, kind = scope
    now = moment(connection)
    shown = [job_body(job, now) for job in found[:limit]]
    return JobList(
        data=shown,
        totals=totals_of(jobs.counts(connection, store_ids, kind=kind)),
        finished_lately=_pace(throughput.of_last(connection, _LATELY_SECONDS, store_ids)),
        first_id=shown[0].id if shown else None,
        last_id=shown[-1].id if shown else None,
        has_more=len(found) > limit,
    )


def _pace(lately: Throughput) -> Pace:
    return Pace(seconds=lately.seconds, documents=lately.documents, chunks=lately.chunks)
