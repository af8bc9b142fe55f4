"""Documents go in while the embeddings server, Qdrant or the database fail every now and then."""

import asyncio
import itertools
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import sqlalchemy as sa
from aiohttp import web

from ingest import Intake, Upload, open_worker
from records import open_records, stores
from records.errors import RecordsUnavailableError
from records.stores import Store
from tests.durability.checking import Findings, check
from tests.durability.crashing import prepare
from tests.durability.observing import Observer, observer
from tests.durability.paying import PaidOpenAI, Repetitions, repetitions
from tests.durability.runner import STORE, Setup
from tests.durability.workload import Asked, Content, Workload
from tests.fakes.openai_server import Behaviour
from tests.fakes.qdrant_server import FakeQdrant, Fault
from tests.postgres import empty_database
from upstream import open_upstream
from vectorstore import open_vector_store

Part = Literal["embeddings", "qdrant", "database"]
EMBEDDING_FAULTS = (
    Behaviour("status", status=429),
    Behaviour("status", status=429, headers={"retry-after": "1"}),
    Behaviour("status", status=429, headers={"retry-after-ms": "50"}),
    Behaviour("status", status=500),
    Behaviour("status", status=503),
    Behaviour("reset"),
    Behaviour("stall_headers"),
    Behaviour("wrong_count"),
    Behaviour("nan"),
    Behaviour("short_vectors"),
    Behaviour("ragged_vectors"),
    Behaviour("malformed_json"),
)
QDRANT_FAULTS = (
    Fault("status", status=500),
    Fault("status", status=503),
    Fault("status", status=429, headers={"retry-after": "1"}),
    Fault("reset"),
    Fault("lost"),
    Fault("promise"),
    Fault("stall"),
)
_OPTIONS = {
    "embedding_dimensions": None,  # learning them must survive faults too
    "concurrency": 4,
    "max_batch_inputs": 8,
    "max_retries": 5,
}
_EMBEDDING_SECONDS = {"embeddings": 3.0, "qdrant": 60.0, "database": 60.0}
"""First byte of an answer: soon, where a server that stalls is to be noticed; else whatever a busy machine needs."""
_OUTAGES = 2
_OUTAGE_SECONDS = 1.0
_DOCUMENTS_BETWEEN = 3
"""Documents that are completed before the database goes away again."""
_PATIENCE_SECONDS = 900.0
_POLL_SECONDS = 0.05
_CHUNK = "Entry "
"""How the text of every chunk begins, as opposed to what is sent to learn the length of vectors."""


@dataclass(frozen=True, slots=True)
class FaultReport:
    """What was done and what came of it."""

    documents: int
    calls: int
    """Calls to the part that failed; for the database the number of connections that were cut."""
    faults: int
    findings: Findings
    paid: Repetitions
    """Of the calls for embeddings that were answered well."""
    seconds: float


class FailingOpenAI(PaidOpenAI):
    """Fails every so-manieth call, each time in another way."""

    def __init__(self, every: int | None) -> None:
        super().__init__(0.002)
        self.every = every
        self.faults = 0
        self._kinds = itertools.cycle(EMBEDDING_FAULTS)

    async def _answer(self, endpoint: Any, request: web.Request, body: Any) -> web.StreamResponse:
        if self.every and len(self.calls) % self.every == self.every - 1:
            self.faults += 1
            self.script(next(self._kinds))
        return await super()._answer(endpoint, request, body)


class FailingQdrant(FakeQdrant):
    """Fails every so-manieth call, each time in another way."""

    def __init__(self, folder: Path, every: int) -> None:
        super().__init__(folder)
        self.faults = 0
        kinds = itertools.cycle(QDRANT_FAULTS)

        def fail() -> None:
            self.faults += 1
            self.fail(next(kinds))

        self.calls = _Counted(every, fail)


class _Counted(list[str]):
    """Calls, of which every so-manieth is told."""

    def __init__(self, every: int, tell: Callable[[], None]) -> None:
        super().__init__()
        self.every = every
        self._tell = tell

    def append(self, call: str) -> None:
        super().append(call)
        if self.every and len(self) % self.every == 0:
            self._tell()


def measure_faults(part: Part, *, documents: int, every: int, postgres_url: str | None = None) -> FaultReport:
    """Let every so-manieth call to a part fail, or the database go away for a second, until all documents ended."""
    with (
        tempfile.TemporaryDirectory(prefix="footnote-faults-", ignore_cleanup_errors=True) as folder,
        FailingOpenAI(every if part == "embeddings" else None) as fake,
        _qdrant(part, Path(folder) / "qdrant", every) as qdrant,
        empty_database(postgres_url) if postgres_url else nullcontext() as database_url,
    ):
        data = Path(folder) / "data"
        data.mkdir()
        url, patience = (qdrant.url, 2.0) if qdrant else (None, 30.0)
        options = {**_OPTIONS, "first_byte_timeout_seconds": _EMBEDDING_SECONDS[part]}
        setup = Setup(data, fake.base_url, database_url, url, qdrant_timeout_seconds=patience, upstream=options)
        asyncio.run(prepare(setup))
        with observer(data, database_url) as watcher, _outages(part, watcher, database_url) as cut:
            began = time.monotonic()
            workload = asyncio.run(_ingest(setup, documents))
            seconds = time.monotonic() - began
        calls, faults = {
            "embeddings": (len(fake.calls), fake.faults),
            "qdrant": (len(qdrant.calls), qdrant.faults) if qdrant else (0, 0),
            "database": (sum(cut), len(cut)),
        }[part]
        good = [call for call in fake.calls if call.outcome == "answered" and call.texts[0].startswith(_CHUNK)]
        paid = repetitions(good, ())
        fake.every = None
        if qdrant:
            qdrant.recover()
            qdrant.calls = []
        findings = asyncio.run(check(setup, workload))
    return FaultReport(documents, calls, faults, findings, paid, seconds)


@contextmanager
def _qdrant(part: Part, folder: Path, every: int) -> Iterator[FailingQdrant | None]:
    if part != "qdrant":
        yield None
        return
    with FailingQdrant(folder, every) as qdrant:
        yield qdrant


async def _ingest(setup: Setup, documents: int) -> list[Asked]:
    """Hand in documents and wait until each has ended."""
    settings = setup.settings
    workload = Workload.of(documents, seed=documents)
    async with (
        open_records(settings.data, settings.database) as records,
        open_vector_store(settings.qdrant, settings.data.dir / "vectors") as vectors,
        open_upstream(settings.upstream) as upstream,
        open_worker(settings.ingest, records, vectors, upstream) as worker,
    ):
        store = await records.database.read(lambda c: stores.find(c, STORE))
        assert store is not None
        intake = Intake(records, vectors, settings.ingest, max_bytes=1 << 24)
        for task in workload.uploads():
            task.asked.id = await _submitted(intake, store, task.asked.content)
            worker.wake()
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await _all_ended(setup)
    return workload.asked


async def _submitted(intake: Intake, store: Store, content: Content) -> str:
    """The document's id, after as many tries as it takes: whoever gets an error hands the file in again."""
    while True:
        try:
            return (await intake.submit(store, Upload(content.filename, BytesIO(content.data)))).document.id
        except RecordsUnavailableError:
            await asyncio.sleep(_POLL_SECONDS)


async def _all_ended(setup: Setup) -> None:
    url = setup.settings.database.url
    with observer(setup.folder, url.get_secret_value() if url else None) as watcher:
        while await asyncio.to_thread(_active, watcher):  # noqa: ASYNC110 - nothing tells this event loop
            await asyncio.sleep(_POLL_SECONDS)


def _active(watcher: Observer) -> int:
    try:
        return watcher.active()
    except sa.exc.OperationalError:  # this connection was cut too
        return 1


@contextmanager
def _outages(part: Part, watcher: Observer, database_url: str | None) -> Iterator[list[int]]:
    """Cut all connections to the database again and again for a second, while documents are in work, a few times."""
    cut: list[int] = []
    if part != "database":
        yield cut
        return
    assert database_url is not None
    over = threading.Event()
    thread = threading.Thread(target=_cut_repeatedly, args=(watcher, database_url, cut, over))
    thread.start()
    try:
        yield cut
    finally:
        over.set()
        thread.join()


def _cut_repeatedly(watcher: Observer, database_url: str, cut: list[int], over: threading.Event) -> None:
    engine = sa.create_engine(database_url, poolclass=sa.NullPool, isolation_level="AUTOCOMMIT")
    query = sa.text(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    with engine.connect() as connection:
        for _ in range(_OUTAGES):
            so_far = len(watcher.completed())
            while len(watcher.completed()) < so_far + _DOCUMENTS_BETWEEN and not over.wait(_POLL_SECONDS):
                pass
            end = time.monotonic() + _OUTAGE_SECONDS
            while time.monotonic() < end and not over.wait(_POLL_SECONDS):
                cut.append(int(connection.execute(query).scalar_one()))
    engine.dispose()
