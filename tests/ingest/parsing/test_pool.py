import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from ingest.parsing import ParseError, ParserPool, open_parser_pool
from ingest.parsing.errors import OutOfMemoryError, ParseCrashedError, ParseTimeoutError, UnsupportedTypeError
from settings.options import IngestSettings
from tests.ingest.parsing.bombs import wide_xlsx
from tests.ingest.parsing.files import pdf

pytestmark = pytest.mark.anyio

ENDLESS = wide_xlsx(50_000)
"""A sheet of a billion cells, all but a few of them empty."""


def settings(**options: Any) -> IngestSettings:
    return IngestSettings(parse_processes=1, **options)


def children() -> list[psutil.Process]:
    return [child for child in psutil.Process().children() if is_parser(child)]


def is_parser(process: psutil.Process) -> bool:
    try:
        return "ingest.parsing" in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 -- a process's state is not ours to signal
            await asyncio.sleep(0.01)


def write(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


async def parse(pool: ParserPool, path: Path) -> str:
    async with pool.place() as place:
        extracted, spans = await place.parse(path, path.name, max_tokens=100, overlap_tokens=0)
    assert spans
    return extracted.text


async def test_files_are_read_and_chunked_in_a_process_that_stays_warm(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        assert not children()
        path = write(tmp_path, "blob", pdf([["Page one"], ["Page two"]], title="T"))
        async with pool.place() as place:
            extracted, spans = await place.parse(path, "x.pdf", max_tokens=100, overlap_tokens=0)
        assert (extracted.text, extracted.title) == ("Page one\n\nPage two", "T")
        assert [(span.start, span.end, span.page, span.headings) for span in spans] == [(0, 18, 1, ())]
        before = children()
        assert await parse(pool, write(tmp_path, "a.md", "# 标题\n\n文".encode())) == "# 标题\n\n文"
        assert children() == before
    await until(lambda: not children())


async def test_a_warmed_pool_reads_its_first_file_in_the_process_that_is_there(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        await pool.warm()
        started = children()
        assert len(started) == 1
        assert await parse(pool, write(tmp_path, "a.md", b"text")) == "text"
        assert children() == started


async def test_errors_cross_the_process_with_their_kind_and_words(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        with pytest.raises(UnsupportedTypeError, match="unpack it"):
            await parse(pool, write(tmp_path, "a.gz", b"\x1f\x8b" + bytes(100)))


async def test_a_file_that_takes_too_long_fails_alone(tmp_path: Path) -> None:
    async with open_parser_pool(settings(parse_timeout_seconds=2)) as pool:
        with pytest.raises(ParseTimeoutError):
            await parse(pool, write(tmp_path, "endless.xlsx", ENDLESS))
        assert not children()
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"


async def test_a_file_that_takes_too_much_memory_fails_alone(tmp_path: Path) -> None:
    async with open_parser_pool(settings(parse_memory_bytes=40_000_000)) as pool:
        with pytest.raises(OutOfMemoryError):
            await parse(pool, write(tmp_path, "large.txt", b"word " * 8_000_000))
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"


async def test_a_process_that_dies_fails_its_file_only(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"
        (child,) = children()
        task = asyncio.create_task(parse(pool, write(tmp_path, "endless.xlsx", ENDLESS)))
        used = child.cpu_times().user
        await until(lambda: child.cpu_times().user > used + 0.1)
        child.kill()
        with pytest.raises(ParseCrashedError):
            await task
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"


async def test_a_process_that_died_between_two_files_is_replaced(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"
        (child,) = children()
        child.kill()
        await until(lambda: not psutil.pid_exists(child.pid))
        await asyncio.sleep(0.1)  # the event loop hears of it from a thread
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"


async def test_cancelling_ends_the_process_and_frees_its_place(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        task = asyncio.create_task(parse(pool, write(tmp_path, "endless.xlsx", ENDLESS)))
        await until(children)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not children())
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"


async def test_processes_are_limited_polite_and_know_no_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-secret")
    async with open_parser_pool(settings(parse_memory_bytes=200_000_000)) as pool:
        await parse(pool, write(tmp_path, "a.txt", b"fine"))
        (child,) = children()
        assert child.rlimit(psutil.RLIMIT_CORE) == (0, 0)
        assert 200_000_000 < child.rlimit(psutil.RLIMIT_AS)[0] < 1_000_000_000
        assert child.nice() > psutil.Process().nice()
        assert "OPENAI_API_KEY" not in child.environ()
        child.send_signal(signal.SIGINT)
        assert await parse(pool, write(tmp_path, "a.txt", b"fine")) == "fine"
        assert children() == [child]


async def test_a_file_that_is_gone_is_an_error_like_others(tmp_path: Path) -> None:
    async with open_parser_pool(settings()) as pool:
        with pytest.raises(ParseError):
            await parse(pool, tmp_path / "gone.txt")


SERVICE = """
import asyncio, sys
from pathlib import Path
from ingest.parsing import open_parser_pool
from settings.options import IngestSettings
async def main():
    async with open_parser_pool(IngestSettings(parse_processes=1)) as pool:
        print("ready", flush=True)
        async with pool.place() as place:
            await place.parse(Path(sys.argv[1]), "endless.xlsx", max_tokens=100, overlap_tokens=0)
asyncio.run(main())
"""


def test_processes_die_with_the_service_even_in_the_middle_of_a_file(tmp_path: Path) -> None:
    path = write(tmp_path, "endless.xlsx", ENDLESS)
    with subprocess.Popen([sys.executable, "-c", SERVICE, str(path)], stdout=subprocess.PIPE) as service:
        assert service.stdout is not None
        service.stdout.readline()
        deadline = time.monotonic() + 30
        found: list[psutil.Process] = []
        while not found and time.monotonic() < deadline:
            found = psutil.Process(service.pid).children()
            time.sleep(0.05)
        os.kill(service.pid, signal.SIGKILL)
    assert found
    gone, alive = psutil.wait_procs(found, timeout=20)
    assert gone
    assert not alive
