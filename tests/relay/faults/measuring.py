"""The fault run as a whole: part by part, with a look afterwards at what each left behind."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.relay.faults import breaking, leaving, uploading
from tests.relay.faults.course import Course, course
from tests.relay.faults.observing import Counts
from tests.relay.faults.verdicts import Outcome

Part = Callable[[Course, int], Awaitable[Outcome]]
_PATIENCE_SECONDS = 10.0
_LOOK_SECONDS = 0.1
_STILL = 8
"""Looks in a row that must show the same."""

CALLS: Mapping[str, tuple[Part, int]] = {
    "reset before an answer": (breaking.resets_before_an_answer, 300),
    "reset in a body": (breaking.resets_in_a_body, 100),
    "reset in a stream": (breaking.resets_in_a_stream, 100),
    "half-closed stream": (breaking.half_closed_streams, 100),
    "stall before an answer": (breaking.stalls_before_an_answer, 48),
    "stall in a stream": (breaking.stalls_in_a_stream, 100),
    "malformed events": (breaking.malformed_events, 100),
    "no HTTP": (breaking.answers_that_are_no_http, 40),
    "storm of 429": (breaking.storm_of_429, 200),
    "unknown name": (breaking.unknown_names, 40),
    "one of three dies and returns": (breaking.one_of_three_dies_and_returns, 600),
    "200 clients leave in mid-stream": (leaving.clients_leave_in_mid_stream, 200),
    "upload of 512 MiB": (uploading.large_uploads, 512),
    "slow upload": (uploading.slow_uploads, 20),
    "upload that is refused early": (uploading.uploads_that_are_refused_early, 256),
    "upload that nobody reads": (uploading.uploads_that_nobody_reads, 256),
    "20 slow readers": (leaving.slow_readers, 20),
}
"""Parts by name, with their size."""


@dataclass(frozen=True, slots=True)
class PartReport:
    """What a part gave, and what it left behind once all its clients were gone."""

    name: str
    outcome: Outcome
    recovered: bool
    """Whether all upstreams were used again afterwards."""
    tasks_left: int
    sockets_left: int
    """Connections to clients."""
    missing_rows: int
    """Calls, of all parts so far, that the ledger does not know."""
    rss_bytes: int
    seconds: float


async def measure(folder: Path, parts: Mapping[str, tuple[Part, int]]) -> AsyncIterator[PartReport]:
    """Run the parts, one after the other, on one service."""
    async with course(folder) as running:
        await running.recover()
        before = await at_rest(running)
        for name, (part, size) in parts.items():
            began = time.monotonic()
            outcome = await part(running, size)
            recovered = await running.recover()
            missing = await running.missing_rows()
            after = await settled(running, before)
            yield PartReport(
                name,
                outcome,
                recovered,
                after.tasks - before.tasks,
                after.to_clients,
                missing,
                after.rss_bytes,
                time.monotonic() - began,
            )


async def at_rest(running: Course) -> Counts:
    """What the service holds once it has begun everything that it does in the background."""
    counts = [await asyncio.to_thread(running.service.counts)]
    while len(counts) < _STILL or {each.tasks for each in counts[-_STILL:]} != {counts[-1].tasks}:
        await asyncio.sleep(_LOOK_SECONDS)
        counts.append(await asyncio.to_thread(running.service.counts))
    return counts[-1]


async def settled(running: Course, before: Counts) -> Counts:
    """What the service holds when nothing moves any more, or when it has had time enough."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        counts = await asyncio.to_thread(running.service.counts)
        if (counts.to_clients == 0 and counts.tasks <= before.tasks) or time.monotonic() > deadline:
            return counts
        await asyncio.sleep(_LOOK_SECONDS)
