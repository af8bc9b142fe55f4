"""The process that is killed: the parts of Footnote as the service composes them, told what to do through a pipe."""

import asyncio
import logging
import os
import signal
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from functools import partial
from io import BytesIO
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Literal

from ingest import Intake, NothingToCancelError, Upload, Worker, cancel, open_worker, remove_document
from records import Records, documents, open_records, stores
from records.errors import RecordsError
from records.stores import Store
from settings import DatabaseSettings, DataSettings, IngestSettings, QdrantSettings, Settings, UpstreamSettings
from tests.durability.kills import Kill
from tests.durability.tripwires import Tripwire, watched_records, watched_vectors
from upstream import open_upstream
from vectorstore import VectorStore, VectorStoreError, open_vector_store

STORE = "crashed"
MODEL = "embedder"
DIMENSIONS = 64


@dataclass(frozen=True, slots=True)
class Setup:
    """What every runner of one measurement is started with."""

    folder: Path
    embeddings_url: str
    database_url: str | None = None
    """None means SQLite in the folder."""
    qdrant_url: str | None = None
    """None means the embedded engine in the folder."""
    qdrant_timeout_seconds: float = 30.0
    workers: int = 1
    """How many work side by side in one process."""
    lease_seconds: float = 2.0
    poison: str | None = None
    """SHA-256 of a file whose reading is deadly."""
    upstream: Mapping[str, Any] = field(default_factory=dict)
    """Options in place of those for crash tests."""

    @property
    def settings(self) -> Settings:
        """The configuration of the parts."""
        upstream: dict[str, Any] = {
            "base_url": self.embeddings_url,
            "api_key": "none",
            "embedding_model": MODEL,
            "embedding_dimensions": DIMENSIONS,
            "chat_model": "none",
            "concurrency": 1,
            "max_batch_inputs": 32,
            "max_retries": 0,
        }
        ingest = {"chunk_max_tokens": 32, "chunk_overlap_tokens": 0, "parse_processes": 1, "concurrency": 8}
        return Settings(
            data=DataSettings(dir=self.folder),
            database=DatabaseSettings.model_validate({"url": self.database_url}),
            qdrant=QdrantSettings(url=self.qdrant_url, prefer_grpc=False, timeout_seconds=self.qdrant_timeout_seconds),
            upstream=UpstreamSettings.model_validate(upstream | dict(self.upstream)),
            ingest=IngestSettings.model_validate({**ingest, "lease_seconds": self.lease_seconds}),
        )


@dataclass(frozen=True, slots=True)
class Command:
    """Something to be done to a document."""

    number: int
    kind: Literal["submit", "replace", "delete", "cancel"]
    document_id: str = ""
    filename: str = ""
    content: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of it."""

    number: int
    outcome: Literal["done", "nothing", "error"]
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class Ready:
    """The process takes commands."""

    owners: tuple[str, ...]
    """Names of its workers in the database."""


def run(setup: Setup, kill: Kill | None, pipe: Connection) -> None:
    """Work until killed, or until told to stop by a None in the pipe."""
    os.environ["NO_PROXY"] = "127.0.0.1"
    os.dup2(os.open(setup.folder / "runner.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
    logging.basicConfig(level=logging.WARNING, format=f"%(asctime)s {os.getpid()} %(name)s %(message)s", force=True)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    tripwire = Tripwire(setup.folder, setup.poison)
    tripwire.arm(kill)
    asyncio.run(_run(setup, tripwire, pipe))


async def _run(setup: Setup, tripwire: Tripwire, pipe: Connection) -> None:
    settings = setup.settings
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        records = watched_records(await enter(open_records(settings.data, settings.database)), tripwire)
        vectors = watched_vectors(
            await enter(open_vector_store(settings.qdrant, settings.data.dir / "vectors")), tripwire
        )
        upstream = await enter(open_upstream(settings.upstream))
        workers = [await enter(open_worker(settings.ingest, records, vectors, upstream)) for _ in range(setup.workers)]
        store = await records.database.read(lambda c: stores.find(c, STORE))
        assert store is not None, "made before the first runner starts"
        desk = Desk(records, vectors, settings.ingest, store, workers)
        await _serve(desk, tripwire, pipe)


async def _serve(desk: "Desk", tripwire: Tripwire, pipe: Connection) -> None:
    inbox: asyncio.Queue[Command | Kill | bool | None] = asyncio.Queue()
    asyncio.get_running_loop().add_reader(pipe.fileno(), _take, pipe, inbox)
    pipe.send(Ready(tuple(worker._holdings.owner for worker in desk.workers)))
    while (message := await inbox.get()) is not None:
        if isinstance(message, Command):
            pipe.send(await desk.carry_out(message))
        else:
            tripwire.arm(message if isinstance(message, Kill) else None)


def _take(pipe: Connection, inbox: "asyncio.Queue[Command | Kill | bool | None]") -> None:
    try:
        inbox.put_nowait(pipe.recv())
    except EOFError:  # whoever has started it is gone
        asyncio.get_running_loop().remove_reader(pipe.fileno())
        inbox.put_nowait(None)


class Desk:
    """Where commands are carried out, as the API carries them out."""

    def __init__(
        self, records: Records, vectors: VectorStore, settings: IngestSettings, store: Store, workers: list[Worker]
    ) -> None:
        self._records = records
        self._vectors = vectors
        self._lease_seconds = settings.lease_seconds
        self._intake = Intake(records, vectors, settings, max_bytes=1 << 24)
        self._store = store
        self.workers = workers

    async def carry_out(self, command: Command) -> Answer:
        """Do it, and tell the workers."""
        try:
            document_id = await self._do(command)
        except NothingToCancelError:
            return Answer(command.number, "nothing", command.document_id)
        except (RecordsError, VectorStoreError):
            logging.getLogger(__name__).exception("a command failed")
            return Answer(command.number, "error")
        for worker in self.workers:
            worker.wake()
        return Answer(command.number, "done" if document_id else "nothing", document_id or "")

    async def _do(self, command: Command) -> str | None:
        upload = Upload(command.filename, BytesIO(command.content))
        if command.kind == "submit":
            return (await self._intake.submit(self._store, upload)).document.id
        document = await self._records.database.read(partial(documents.find, document_id=command.document_id))
        if document is None:
            return None
        if command.kind == "replace":
            replaced = await self._intake.replace(document, upload)
            return replaced.id if replaced else None
        if command.kind == "cancel":
            await cancel(self._records, self._vectors, document, lease_seconds=self._lease_seconds)
        else:
            store = self._store
            await remove_document(self._records, self._vectors, store, document, lease_seconds=self._lease_seconds)
        return document.id
