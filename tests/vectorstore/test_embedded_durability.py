"""The embedded engine keeps what it acknowledged, whoever is killed."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import psutil
import pytest

from settings.options import QdrantSettings
from tests.vectorstore.chunks import make_chunks, texts_of, unit_vectors
from vectorstore import Collection, Query, VectorStoreError, VectorStoreLockedError, open_vector_store

pytestmark = pytest.mark.anyio

MODEL = Collection("durable", 4)
REPOSITORY = Path(__file__).parents[2]
SLOW_FLUSH = QdrantSettings(flush_seconds=3600)
"""So that only the write-ahead log can have kept what a kill interrupted."""

WRITER = """
import asyncio, sys
from pathlib import Path
from settings.options import QdrantSettings
from tests.vectorstore.chunks import make_chunk, unit_vectors
from vectorstore import Collection, open_vector_store

async def main():
    async with open_vector_store(QdrantSettings(flush_seconds=3600), Path(sys.argv[1])) as store:
        for index in range(10**6):
            await store.upsert(Collection("durable", 4), [make_chunk("vs", f"n {index}", index=index)], unit_vectors(1))
            print(index, flush=True)

asyncio.run(main())
"""


def engine_processes() -> list[psutil.Process]:
    children = psutil.Process().children()
    return [child for child in children if any("vectorstore.embedded.serving" in part for part in child.cmdline())]


def kill_a_service_that_writes(folder: Path) -> tuple[psutil.Process, int]:
    """Its engine process, and how many writes it had acknowledged."""
    environment = os.environ | {"PYTHONPATH": str(REPOSITORY)}
    command = [sys.executable, "-c", WRITER, str(folder)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as service:
        assert service.stdout is not None
        acknowledged = [service.stdout.readline() for _ in range(30)]
        (engine,) = psutil.Process(service.pid).children()
        service.send_signal(signal.SIGKILL)
        acknowledged += service.stdout.readlines()
    return engine, len(acknowledged)


async def test_chunks_are_there_after_closing_and_opening(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.upsert(MODEL, make_chunks("vs", ["kept for good"]), unit_vectors(1))
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        hits = await store.query(MODEL, Query("vs", "kept", unit_vectors(1)[0]))
        assert texts_of(hits) == ["kept for good"]


async def test_closing_leaves_no_process(tmp_path: Path) -> None:
    before = {process.pid for process in engine_processes()}
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.ensure_collection(MODEL)
        assert {process.pid for process in engine_processes()} - before
    assert {process.pid for process in engine_processes()} <= before


async def test_a_killed_engine_is_started_again_and_has_lost_nothing(tmp_path: Path) -> None:
    before = {process.pid for process in engine_processes()}
    async with open_vector_store(SLOW_FLUSH, tmp_path) as store:
        await store.upsert(MODEL, make_chunks("vs", [f"n {i}" for i in range(100)]), unit_vectors(100))
        for _ in range(2):
            (engine,) = [process for process in engine_processes() if process.pid not in before]
            engine.kill()
            assert await store.count(MODEL, "vs") == 100
        await store.check()


async def test_requests_under_way_when_the_engine_is_killed_are_answered(tmp_path: Path) -> None:
    before = {process.pid for process in engine_processes()}
    async with open_vector_store(SLOW_FLUSH, tmp_path) as store:
        await store.ensure_collection(MODEL)
        writes = [
            asyncio.create_task(store.upsert(MODEL, make_chunks("vs", ["text"] * 40, f"file-{i}"), unit_vectors(40)))
            for i in range(20)
        ]
        await asyncio.wait(writes, return_when=asyncio.FIRST_COMPLETED)
        (engine,) = [process for process in engine_processes() if process.pid not in before]
        engine.kill()
        await asyncio.gather(*writes, *(store.query(MODEL, Query("vs", "text")) for _ in range(10)))
        assert await store.count(MODEL, "vs") == 800


async def test_a_killed_service_loses_nothing_and_takes_its_engine_along(tmp_path: Path) -> None:
    engine, acknowledged = await asyncio.to_thread(kill_a_service_that_writes, tmp_path)
    gone, alive = await asyncio.to_thread(psutil.wait_procs, [engine], 10)
    assert (len(gone), alive) == (1, [])
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        assert await store.count(MODEL, "vs") >= acknowledged


async def test_the_engine_ignores_ctrl_c_and_sigterm(tmp_path: Path) -> None:
    before = {process.pid for process in engine_processes()}
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.ensure_collection(MODEL)
        (engine,) = [process for process in engine_processes() if process.pid not in before]
        engine.send_signal(signal.SIGINT)
        engine.send_signal(signal.SIGTERM)
        await store.upsert(MODEL, make_chunks("vs", ["text"]), unit_vectors(1))
        assert os.getpgid(engine.pid) != os.getpgid(0)
        assert engine.is_running()


async def test_a_second_opener_is_told_that_the_folder_is_in_use(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path):
        with pytest.raises(VectorStoreLockedError, match=r"data\.dir"):
            async with open_vector_store(QdrantSettings(), tmp_path):
                pass
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.check()


async def test_what_a_crash_left_beside_the_data_is_removed(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.upsert(MODEL, make_chunks("vs", ["kept"]), unit_vectors(1))
    (folder,) = [path for path in tmp_path.iterdir() if path.is_dir()]
    leftover = folder / "0123456789abcdef"
    leftover.mkdir()
    (leftover / "half-written").write_text("x")
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        assert await store.count(MODEL, "vs") == 1
    assert not leftover.exists()


async def test_damaged_data_is_an_error_of_ours_and_other_collections_work(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.ensure_collection(MODEL)
    (config,) = tmp_path.glob("*/*/edge_config.json")
    config.write_text("not json")
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        with pytest.raises(VectorStoreError, match="durable"):
            await store.count(MODEL, "vs")
        await store.upsert(Collection("healthy", 4), make_chunks("vs", ["text"]), unit_vectors(1))


async def test_a_cancelled_caller_leaves_the_store_working(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        opening = asyncio.create_task(store.ensure_collection(MODEL))
        await asyncio.sleep(0)
        opening.cancel()
        await asyncio.gather(opening, return_exceptions=True)
        writing = asyncio.create_task(store.upsert(MODEL, make_chunks("vs", ["text"] * 300), unit_vectors(300)))
        await asyncio.wait([writing], timeout=0.02)
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        await store.upsert(MODEL, make_chunks("vs", ["text"] * 300), unit_vectors(300))
        assert await store.count(MODEL, "vs") == 300


async def test_the_event_loop_runs_on_while_the_engine_works(tmp_path: Path) -> None:
    dimensions = 256
    model = Collection("wide", dimensions)
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.ensure_collection(model)
        vectors = np.ones((1500, dimensions), dtype=np.float32)
        writing = asyncio.create_task(store.upsert(model, make_chunks("vs", ["some words"] * 1500), vectors))
        turns = 0
        while not writing.done():
            await asyncio.sleep(0.001)
            turns += 1
        await writing
    assert turns > 30


async def test_questions_overtake_writes_that_wait(tmp_path: Path) -> None:
    async with open_vector_store(QdrantSettings(), tmp_path) as store:
        await store.ensure_collection(MODEL)
        writes = [
            asyncio.create_task(store.upsert(MODEL, make_chunks("vs", ["text"] * 64, f"file-{i}"), unit_vectors(64)))
            for i in range(30)
        ]
        await asyncio.sleep(0)
        await store.query(MODEL, Query("vs", "text"))
        assert sum(write.done() for write in writes) < 30
        await asyncio.gather(*writes)
