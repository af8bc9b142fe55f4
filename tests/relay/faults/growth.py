"""How much memory the service takes for what clients do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psutil

from tests.relay.faults.course import Course
from tests.relay.faults.verdicts import Outcome

MEBIBYTE = 1 << 20
_MOST_GROWTH_BYTES = 48 * MEBIBYTE
_SAMPLE_SECONDS = 0.02


@asynccontextmanager
async def growth(course: Course) -> AsyncIterator[list[int]]:
    """The most memory that the service takes more than before, in bytes, once the block has ended."""
    process = psutil.Process(course.service.pid)
    start = process.memory_info().rss
    peak = [0]

    async def watch() -> None:
        while True:
            peak[0] = max(peak[0], process.memory_info().rss - start)
            await asyncio.sleep(_SAMPLE_SECONDS)

    watching = asyncio.create_task(watch())
    try:
        yield peak
    finally:
        watching.cancel()


def note_growth(outcome: Outcome, grown: list[int], what: str) -> None:
    outcome.notes.append(f"{what}: {grown[0] / MEBIBYTE:.0f} MiB more memory at most")
    outcome.expect(grown[0] < _MOST_GROWTH_BYTES, f"{what} took {grown[0] / MEBIBYTE:.0f} MiB of memory")
