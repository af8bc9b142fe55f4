"""One crash test from beginning to end, and what came out."""

import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from records.leases import PARK_AFTER_CRASHES
from tests.durability.checking import Findings, check
from tests.durability.crashing import Course, crash
from tests.durability.kills import Kill
from tests.durability.paying import PaidOpenAI, Repetitions, repetitions
from tests.durability.runner import Setup
from tests.durability.workload import Workload
from tests.fakes.qdrant_server import FakeQdrant
from tests.postgres import empty_database

DatabaseName = Literal["sqlite", "postgres"]


@dataclass(frozen=True, slots=True)
class Combination:
    """What runs, and what is done to it."""

    database: DatabaseName
    workers: int
    documents: int
    plan: Sequence[Kill]
    seed: int = 1
    lease_seconds: float = 2.0
    with_poison: bool = False
    """Whether the first document is one whose reading kills the process."""


@dataclass(frozen=True, slots=True)
class Report:
    """What happened, what is there now, and what was paid."""

    documents: int
    course: Course
    findings: Findings
    paid: Repetitions
    seconds: float

    @property
    def wrongly_parked(self) -> list[str]:
        """Documents that were given up although fewer killed processes were reading them than it takes."""
        deaths = self.course.deaths
        return [document for document in self.findings.parked if deaths[document] < PARK_AFTER_CRASHES]


def measure(combination: Combination, postgres_url: str | None) -> Report:
    """Kill as planned on fresh data; `postgres_url` is a server's, for a database of its own."""
    began = time.monotonic()
    workload = Workload.of(combination.documents, combination.seed)
    poison = workload.add_first().sha256 if combination.with_poison else None
    with (
        tempfile.TemporaryDirectory(prefix="footnote-crash-", ignore_cleanup_errors=True) as folder,
        PaidOpenAI() as fake,
        _setup(combination, Path(folder), fake.base_url, postgres_url) as clean,
    ):
        setup = replace(clean, poison=poison)
        processes = combination.workers if combination.database == "postgres" else 1
        course = crash(setup, fake, workload, processes=processes, plan=combination.plan)
        paid = repetitions(fake.calls, course.calls_at_kills)
        findings = asyncio.run(check(setup, workload.asked))
    return Report(len(workload.asked), course, findings, paid, time.monotonic() - began)


@contextmanager
def _setup(combination: Combination, folder: Path, embeddings_url: str, postgres_url: str | None) -> Iterator[Setup]:
    data = folder / "data"
    data.mkdir()
    lease_seconds = combination.lease_seconds
    if combination.database == "sqlite":
        yield Setup(data, embeddings_url, workers=combination.workers, lease_seconds=lease_seconds)
        return
    assert postgres_url is not None
    with FakeQdrant(folder / "qdrant") as qdrant, empty_database(postgres_url) as url:
        yield Setup(data, embeddings_url, database_url=url, qdrant_url=qdrant.url, lease_seconds=lease_seconds)
