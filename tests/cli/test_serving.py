"""The service as a process: how it starts, refuses to, stops, and is killed."""

import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import httpx
import psutil
import pytest

from tests.cli.terminal import Running, gone, started, until
from tests.fakes.openai_server import Character, FakeOpenAI
from tests.serving import add, add_and_wait, settled

PARAGRAPHS = [f"Star number {number} of the catalogue is seen from the terrace in winter." for number in range(400)]


@pytest.fixture
def slow() -> Iterator[FakeOpenAI]:
    with FakeOpenAI(Character(latency_seconds=0.3)) as fake:
        yield fake


def stopped(service: Running, number: signal.Signals) -> None:
    """It ends cleanly, and nothing of it is left."""
    family = service.family()
    assert family, "a service with documents has an engine process"
    service.process.send_signal(number)
    ended = service.ended()
    assert (ended.status, ended.out) == (0, "")
    assert "Traceback" not in ended.err
    assert [process for process in family if not gone(process)] == []


def test_a_second_service_is_refused_and_the_first_stops_cleanly(slow: FakeOpenAI, tmp_path: Path) -> None:
    not_a_folder = tmp_path / "file"
    not_a_folder.write_text("x")
    with started(tmp_path / "a", "serve", OPENAI_BASE_URL=slow.base_url) as first:
        port = first.address.rpartition(":")[2]
        with (
            started(tmp_path / "a", "serve") as same_folder,
            started(tmp_path / "b", "serve", FOOTNOTE_SERVER_PORT=port) as same_port,
            started(tmp_path / "b", "serve", FOOTNOTE_DATA_DIR=f"{not_a_folder}/data") as no_folder,
        ):
            for refused, words in (
                (same_folder, "Another Footnote process uses this data folder"),
                (same_port, f"Cannot listen on 127.0.0.1 port {port}"),
                (no_folder, f"Not a directory: '{not_a_folder}"),
            ):
                outcome = refused.ended()
                assert (outcome.status, outcome.out) == (1, "")
                assert words in outcome.err
                assert "Traceback" not in outcome.err
        with httpx.Client(base_url=first.address, timeout=60) as http:
            add_and_wait(http, {"a.txt": b"One star."})
            add(http, {"b.txt": "\n\n".join(PARAGRAPHS).encode()})
            until(lambda: len(slow.requests) > 1)
        stopped(first, signal.SIGINT)


def test_a_killed_service_leaves_nobody_behind_and_loses_nothing(slow: FakeOpenAI, tmp_path: Path) -> None:
    serve = partial(
        started,
        tmp_path,
        "serve",
        OPENAI_BASE_URL=slow.base_url,
        FOOTNOTE_UPSTREAM_CONCURRENCY="1",
        FOOTNOTE_INGEST_CHUNK_MAX_TOKENS="20",
        FOOTNOTE_INGEST_CHUNK_OVERLAP_TOKENS="0",
    )
    files = {f"{number}.txt": "\n\n".join(PARAGRAPHS[number:]).encode() for number in range(3)}
    with serve() as service:
        with httpx.Client(base_url=service.address, timeout=60) as http:
            ids = [document["id"] for document in add(http, files)]
            until(lambda: sum(document["chunks_done"] for document in listed(http)) >= 64)
        family = [*service.family(), psutil.Process(service.process.pid)]
        service.process.kill()
        until(lambda: all(map(gone, family)))

    with serve() as service:
        with httpx.Client(base_url=service.address, timeout=60) as http:
            documents = [settled(http, document_id) for document_id in ids]
            assert [document["status"] for document in documents] == ["completed"] * 3
            for document, content in zip(documents, files.values(), strict=True):
                assert http.get(f"/documents/{document['id']}/content").text == content.decode()
                assert document["chunks_done"] == document["chunks"] > 64
            found = http.post("/search", json={"query": PARAGRAPHS[200], "limit": 50}).json()["data"]
        passages = [(hit["document_id"], hit["start"]) for hit in found]
        assert len(passages) == len(set(passages)) == 50
        assert {hit["document_id"] for hit in found if PARAGRAPHS[200] in hit["text"]} == set(ids)
        stopped(service, signal.SIGTERM)


def test_a_service_stopped_in_the_middle_of_work_goes_on_where_it_was(slow: FakeOpenAI, tmp_path: Path) -> None:
    def serve() -> AbstractContextManager[Running]:
        return started(
            tmp_path,
            "serve",
            OPENAI_BASE_URL=slow.base_url,
            FOOTNOTE_UPSTREAM_CONCURRENCY="1",
            FOOTNOTE_INGEST_CHUNK_MAX_TOKENS="20",
            FOOTNOTE_INGEST_CHUNK_OVERLAP_TOKENS="0",
        )

    with serve() as service:
        with httpx.Client(base_url=service.address, timeout=60) as http:
            (document,) = add(http, {"stars.txt": "\n\n".join(PARAGRAPHS).encode()})
            until(lambda: listed(http)[0]["chunks_done"] >= 64)
        stopped(service, signal.SIGTERM)
    with serve() as service:
        with httpx.Client(base_url=service.address, timeout=60) as http:
            assert listed(http)[0]["chunks_done"] >= 64
            done = settled(http, document["id"])
        assert (done["status"], done["job"]["attempts"], done["job"]["failures"]) == ("completed", 2, 0)
        stopped(service, signal.SIGTERM)
    texts = [text for request in slow.requests for text in request.body["input"] if text in PARAGRAPHS]
    assert len(texts) == len(set(texts)) == len(PARAGRAPHS)


def listed(http: httpx.Client) -> list[dict[str, int]]:
    return list(http.get("/documents").json()["data"])
