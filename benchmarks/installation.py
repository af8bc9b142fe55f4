"""Footnote as it is installed: one process with everything in it, or a service and workers beside servers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import httpx
import sqlalchemy as sa

from benchmarks.cpu import added, cpu_seconds
from benchmarks.processes import qdrant, service, worker
from tests.postgres import empty_database, running_postgres

Kind = Literal["sqlite", "postgres"]
Cpu = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes under way."""

    http: httpx.Client
    meters: Sequence[Callable[[], Cpu]]

    def cpu(self) -> Cpu:
        """CPU seconds so far, by part."""
        return added(meter() for meter in self.meters)


@dataclass(frozen=True, slots=True)
class Installation:
    """What processes are started with."""

    folder: Path
    base_url: str
    workers: int
    """Of their own; 0 means that the service works on documents itself."""
    options: dict[str, str] = field(default_factory=dict)
    servers: Sequence[Callable[[], Cpu]] = ()

    @contextmanager
    def serving(self) -> Iterator[Crew]:
        """Only what takes documents."""
        with service(self.folder, self.base_url, self.options | {"FOOTNOTE_INGEST_IN_SERVICE": "false"}) as api:
            yield Crew(api.http, [lambda: cpu_seconds(api.pid, "API"), *self.servers])

    @contextmanager
    def working(self) -> Iterator[Crew]:
        """Everything."""
        if not self.workers:
            with service(self.folder, self.base_url, self.options) as whole:
                yield Crew(whole.http, [lambda: cpu_seconds(whole.pid), *self.servers])
            return
        with self.serving() as crew, self.joined(crew) as joined:
            yield joined

    @contextmanager
    def joined(self, crew: Crew) -> Iterator[Crew]:
        """The workers beside what takes documents."""
        with ExitStack() as stack:
            start = (worker(self.folder, self.base_url, number, self.options) for number in range(self.workers))
            pids = [stack.enter_context(one) for one in start]
            yield Crew(crew.http, [*crew.meters, lambda: added(cpu_seconds(pid, "workers") for pid in pids)])


@contextmanager
def installation(kind: Kind, folder: Path, base_url: str, workers: int) -> Iterator[Installation]:
    """SQLite and the embedded engine, or a real Postgres and what stands in for a Qdrant server."""
    if kind == "sqlite":
        yield Installation(folder, base_url, 0)
        return
    with (
        running_postgres() as server_url,
        empty_database(server_url) as database_url,
        qdrant(folder.with_name("qdrant")) as (qdrant_pid, qdrant_url),
    ):
        options = {
            "FOOTNOTE_DATABASE_URL": database_url,
            "FOOTNOTE_QDRANT_URL": qdrant_url,
            "FOOTNOTE_QDRANT_PREFER_GRPC": "false",
        }
        postgres_pid = _postmaster(database_url)
        servers = [
            lambda: {"Postgres": _whole(postgres_pid)},
            lambda: {"Qdrant stand-in": _whole(qdrant_pid)},
        ]
        yield Installation(folder, base_url, workers, options, servers)


def _postmaster(database_url: str) -> int:
    engine = sa.create_engine(database_url)
    with engine.connect() as connection:
        folder = connection.execute(sa.text("SHOW data_directory")).scalar_one()
    engine.dispose()
    return int((Path(folder) / "postmaster.pid").read_text().split(maxsplit=1)[0])


def _whole(pid: int) -> float:
    return sum(cpu_seconds(pid).values())
