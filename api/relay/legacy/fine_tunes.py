"""`/v1/fine-tunes`, answered through `/v1/fine_tuning/jobs`."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs, quote

from api.errors import ApiError
from api.relay.answers import Answer, composed, events
from api.relay.legacy.asking import Asker, read_object
from api.relay.legacy.fine_tune_shapes import event_of, file_of, fine_tune_of, is_over, job_of
from api.relay.permissions import check_models

_JOBS = "/fine_tuning/jobs"
_PAGE = 100
_MAX_PAGES = 20
_FIRST_PAUSE_SECONDS = 0.5
_LONGEST_PAUSE_SECONDS = 10.0


async def create(asker: Asker) -> Answer:
    """Start a job."""
    job = job_of(asker.members(), asker.is_alias)
    model = job["model"]
    check_models(asker.request.caller, asker.request.route, [model] if isinstance(model, str) else [])
    return await _one(asker, await asker.post(_JOBS, job))


async def retrieve(asker: Asker) -> Answer:
    """A job, with its events."""
    return await _one(asker, await asker.send("GET", _path(asker)))


async def cancel(asker: Asker) -> Answer:
    """Stop a job."""
    return await _one(asker, await asker.send("POST", f"{_path(asker)}/cancel"))


async def list_all(asker: Asker) -> Answer:
    """All jobs, without their events."""
    answer = await asker.send("GET", f"{_JOBS}?limit={_PAGE}")
    if answer.status != HTTPStatus.OK:
        return answer
    jobs = await _all_pages(asker, _JOBS, await read_object(answer))
    files = await _files(asker, jobs)
    return composed({"object": "list", "data": [fine_tune_of(job, files) for job in jobs]}, answer)


async def list_events(asker: Asker) -> Answer:
    """What happened to a job so far, the oldest first; or all of it as it happens, where a stream is wanted."""
    path = f"{_path(asker)}/events"
    answer = await asker.send("GET", f"{path}?limit={_PAGE}")
    if answer.status != HTTPStatus.OK:
        return answer
    page = await read_object(answer)
    if parse_qs(asker.request.target.partition("?")[2]).get("stream") == ["true"]:
        return events(_stream(asker), answer)
    happened = await _all_pages(asker, path, page)
    return composed({"object": "list", "data": [event_of(one) for one in reversed(happened)]}, answer)


async def _one(asker: Asker, answer: Answer) -> Answer:
    if answer.status not in {HTTPStatus.OK, HTTPStatus.CREATED}:
        return answer
    job = await read_object(answer)
    path = f"{_JOBS}/{quote(str(job.get('id')), safe='')}/events"
    page, files = await asyncio.gather(asker.get(f"{path}?limit={_PAGE}"), _files(asker, [job]))
    happened = await _all_pages(asker, path, page or {})
    tune = fine_tune_of(job, files) | {"events": [event_of(one) for one in reversed(happened)]}
    return composed(tune, answer)


async def _stream(asker: Asker) -> AsyncIterator[bytes]:
    """Events as they happen; the upstream has no such stream, so it is asked again and again."""
    path, told, pause_seconds = _path(asker), 0, _FIRST_PAUSE_SECONDS
    while True:
        job = await asker.get(path)
        if job is None:
            message = "The upstream no longer answers for this job."
            raise ApiError(HTTPStatus.BAD_GATEWAY, message, code="upstream_failed")
        page = await asker.get(f"{path}/events?limit={_PAGE}")
        happened = list(reversed(await _all_pages(asker, f"{path}/events", page or {})))
        for one in happened[told:]:
            yield b"data: " + json.dumps(event_of(one)).encode() + b"\n\n"
        pause_seconds = _FIRST_PAUSE_SECONDS if len(happened) > told else pause_seconds * 2
        told = max(told, len(happened))
        if is_over(job):
            yield b"data: [DONE]\n\n"
            return
        await asyncio.sleep(min(pause_seconds, _LONGEST_PAUSE_SECONDS))


async def _all_pages(asker: Asker, path: str, page: dict[str, Any]) -> list[dict[str, Any]]:
    """The items of a list, the first page of which is here."""
    found: list[dict[str, Any]] = []
    for _ in range(_MAX_PAGES):
        items = [item for item in page.get("data") or [] if isinstance(item, dict)]
        found += items
        if not (page.get("has_more") and items):
            break
        after = quote(str(items[-1].get("id")), safe="")
        page = await asker.get(f"{path}?limit={_PAGE}&after={after}") or {}
    return found


async def _files(asker: Asker, jobs: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """The files that jobs name, by id: old answers hold them whole."""
    wanted = sorted({one for job in jobs for one in _file_ids(job)})
    found = await asyncio.gather(*(asker.get(f"/files/{quote(one, safe='')}") for one in wanted[:_PAGE]))
    return {one: file or file_of(one) for one, file in zip(wanted, found, strict=False)}


def _file_ids(job: Mapping[str, Any]) -> list[str]:
    named = [job.get("training_file"), job.get("validation_file"), *(job.get("result_files") or [])]
    return [one for one in named if isinstance(one, str)]


def _path(asker: Asker) -> str:
    """Path of the job that the old path names."""
    return f"{_JOBS}/{asker.request.target.partition('?')[0].split('/')[2]}"
