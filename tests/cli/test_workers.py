"""Workers as processes of their own, beside a service that works on nothing itself."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import Running, gone, started, until
from tests.fakes.openai_server import Character, FakeOpenAI
from tests.fakes.qdrant_server import FakeQdrant
from tests.postgres import empty_database
from tests.serving import add, settled

STARS = "\n\n".join(f"Star number {n} of the catalogue is seen in winter." for n in range(600)).encode()


@pytest.fixture
def shared(postgres_url: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """What the settings of a service and its workers have in common."""
    with (
        FakeOpenAI(Character(latency_seconds=0.3)) as upstream,
        FakeQdrant(tmp_path / "qdrant") as qdrant,
        empty_database(postgres_url) as database,
    ):
        yield {
            "FOOTNOTE_DATABASE_URL": database,
            "FOOTNOTE_QDRANT_URL": qdrant.url,
            "FOOTNOTE_QDRANT_PREFER_GRPC": "false",
            "FOOTNOTE_INGEST_IN_SERVICE": "false",
            "FOOTNOTE_INGEST_LEASE_SECONDS": "300",
            "FOOTNOTE_INGEST_CHUNK_MAX_TOKENS": "20",
            "FOOTNOTE_INGEST_CHUNK_OVERLAP_TOKENS": "0",
            "FOOTNOTE_UPSTREAM_CONCURRENCY": "1",
            "OPENAI_BASE_URL": upstream.base_url,
        }


def at_work(worker: Running) -> bool:
    assert worker.process.poll() is None, worker.text
    return "works on documents" in worker.text


def test_a_stopped_worker_hands_its_work_over_at_once(shared: dict[str, str], tmp_path: Path) -> None:
    def start(command: str) -> AbstractContextManager[Running]:
        return started(tmp_path, command, program=None, **shared)

    with (
        start("serve") as service,
        start("worker") as first,
        httpx.Client(base_url=service.address, timeout=60) as http,
    ):
        until(lambda: at_work(first))
        assert "must share that folder" in first.text
        (document,) = add(http, {"stars.txt": STARS})
        path = f"/documents/{document['id']}"
        until(lambda: http.get(path).json()["chunks_done"] >= 64)
        family = first.family()
        first.process.send_signal(signal.SIGTERM)
        ended = first.ended()
        assert (ended.status, ended.out, "Traceback" in ended.err) == (0, "", False)
        assert [process for process in family if not gone(process)] == []
        # Long before its lease would have ended, it waits for another worker, and nothing of it is done again.
        waiting = http.get(path).json()
        assert (waiting["job"]["status"], waiting["chunks_done"] >= 64) == ("queued", True), ended.err
        with start("worker") as second:
            done = settled(http, document["id"])
            assert (done["status"], done["job"]["attempts"], done["chunks_done"]) == ("completed", 2, done["chunks"])
            second.process.send_signal(signal.SIGINT)
            assert second.ended().status == 0
        service.process.send_signal(signal.SIGTERM)
        assert service.ended().status == 0
