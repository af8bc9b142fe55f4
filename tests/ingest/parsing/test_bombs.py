"""Hostile files through real, limited processes: each ends with its own reason, and harms nothing else."""

import asyncio
import random
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from ingest.parsing import ParseError, ParserPool, open_parser_pool
from settings.options import IngestSettings
from tests.ingest.parsing.bombs import epub, everything, mail_with, odt, wide_xlsx
from tests.ingest.parsing.files import pdf, read
from tests.ingest.parsing.test_hostile import MAKERS
from tests.ingest.parsing.test_office import sheets, slides, word

pytestmark = pytest.mark.anyio

MEGABYTE = 1_000_000
SMALL = IngestSettings(
    parse_processes=1, parse_memory_bytes=48 * MEGABYTE, max_text_characters=2 * MEGABYTE, parse_timeout_seconds=60
)
"""A fifth of the default limits, for files a tenth of what hostile ones may be."""

REASONS = {
    "flat.zip": "unsupported_type",
    "nested.zip": "unsupported_type",
    "bomb.docx": "too_large",
    "bomb.pptx": "too_large",
    "bomb.xlsx": "too_large",
    "bomb.epub": "too_large",
    "bomb.odt": "too_large",
    "lying.docx": "corrupt",
    "link.docx": "corrupt",
    "link.odt": "corrupt",
    "flate.pdf": "out_of_memory",
    "twice_flate.pdf": "out_of_memory",
    "looping_pages.pdf": "corrupt",
    "claimed_pages.pdf": "empty",
    "multiplied_forms.pdf": "out_of_memory",
    "looping_object_streams.pdf": "corrupt",
    "looping_xref.pdf": "empty",
    "deep.docx": "corrupt",
    "deep.odt": "corrupt",
    "deep.html": "read",
    "deep_inline.html": "read",
    "deep_lists.html": "read",
    "deep_tables.html": "read",
    "deep.json": "corrupt",
    "deep_objects.json": "corrupt",
    "deep.rtf": "read",
    "line.txt": "too_large",
    "line.csv": "too_large",
    "line.md": "too_large",
    "line.html": "out_of_memory",
    "line.json": "too_large",
    "cells.csv": "too_large",
    "tags.html": "out_of_memory",
    "items.json": "out_of_memory",
    "quotes.csv": "too_large",
    "marks.md": "too_large",
    "blanks.md": "too_large",
    "wide.csv": "too_large",
    "far.xlsx": "read",
    "forwarded.eml": "corrupt",
    "parts.eml": "corrupt",
    "bombs.eml": "read",
    "cells.ipynb": "corrupt",
}


async def outcome(pool: ParserPool, path: Path) -> str:
    async with pool.place() as place:
        try:
            await place.parse(path, path.name, max_tokens=800, overlap_tokens=400)
        except ParseError as exc:
            return exc.code
        return "read"


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    return path


@pytest.fixture(scope="module")
def bombs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("bombs")
    return [written(folder, name, data) for name, data in everything(10)]


async def test_every_bomb_ends_with_its_own_reason(bombs: list[Path]) -> None:
    async with open_parser_pool(SMALL.model_copy(update={"parse_processes": 2})) as pool:
        outcomes = await asyncio.gather(*(outcome(pool, path) for path in bombs))
    found = {path.name: outcome for path, outcome in zip(bombs, outcomes, strict=True)}
    # Where its memory ends in the middle of this one, pdfium does not always notice before it dies of it.
    assert found.pop("multiplied_pages.pdf") in {"empty", "crashed", "out_of_memory"}
    assert found == REASONS


async def test_memory_of_the_service_and_its_readers_stays_bounded_while_bombs_are_read(bombs: list[Path]) -> None:
    chosen = {"flate.pdf", "items.json", "tags.html", "line.txt", "multiplied_forms.pdf"}
    service, readers, stop = psutil.Process(), [0], threading.Event()
    before, own = service.memory_info().rss, service.cmdline()

    def watch() -> None:
        while not stop.wait(0.01):
            for child in service.children():
                with suppress(psutil.Error):
                    if child.cmdline() != own:  # between fork and exec a child has its parent's memory
                        readers.append(child.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        async with open_parser_pool(SMALL) as pool:
            for path in bombs:
                if path.name in chosen:
                    await outcome(pool, path)
    finally:
        stop.set()
        watcher.join()
    assert 0 < max(readers) < 150 * MEGABYTE + SMALL.parse_memory_bytes
    assert service.memory_info().rss - before < 30 * MEGABYTE


async def test_other_files_are_read_while_a_hostile_one_keeps_a_process_busy(tmp_path: Path) -> None:
    endless = written(tmp_path, "endless.xlsx", wide_xlsx(50_000))
    fine = written(tmp_path, "fine.txt", b"fine")
    async with open_parser_pool(IngestSettings(parse_processes=2)) as pool:
        hostile = asyncio.create_task(outcome(pool, endless))
        assert [await outcome(pool, fine) for _ in range(20)] == ["read"] * 20
        assert not hostile.done()
        hostile.cancel()
        with suppress(asyncio.CancelledError):
            await hostile


@contextmanager
def tempting_server() -> Iterator[tuple[str, list[object]]]:
    """An address that counts who comes."""
    callers: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def accept() -> None:
            while not stop.is_set():
                with suppress(TimeoutError):
                    connection, caller = server.accept()
                    callers.append(caller)
                    connection.close()

        thread = threading.Thread(target=accept)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}", callers
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize("make", MAKERS)
def test_nothing_is_fetched_that_a_file_refers_to(make: Callable[[str, str], bytes]) -> None:
    with tempting_server() as (address, callers):
        for doctype in (
            f'<?xml version="1.0"?><!DOCTYPE x SYSTEM "{address}/x.dtd">',
            f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY leak SYSTEM "{address}/x">]>',
            f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY % leak SYSTEM "{address}/x"> %leak;]>',
        ):
            with suppress(ParseError):
                read(make(doctype, "leak"), "x")
    assert not callers


@pytest.mark.parametrize("make", MAKERS)
def test_an_entity_repeated_without_end_is_not_expanded(make: Callable[[str, str], bytes]) -> None:
    doctype = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "{"a" * 100_000}">]>'
    with suppress(ParseError):
        assert len(read(make(doctype, "a;" + "&a;" * 10_000 + "&a"), "x").text) < 1_000_000


def healthy() -> dict[str, bytes]:
    """A small file of each kind."""
    return {
        "x.pdf": pdf([["Some text"], ["More"]], title="T", outline=[("Some", 1)]),
        "x.docx": word(),
        "x.pptx": slides(),
        "x.xlsx": sheets([["a", "b"], [1, 2]]),
        "x.epub": epub(),
        "x.odt": odt(),
        "x.eml": mail_with([("a.docx", word()), ("b.csv", b"a,b\n1,2\n")]),
        "x.html": b"<html><body><table><tr><td>a<td>b<tr><td>c</table><ul><li>d</ul></body></html>" * 3,
        "x.md": b"# Title\n\n```\ncode\n```\n\ntext [link](x)\n" * 3,
        "x.csv": b'a;b\n"1;2";3\n' * 5,
        "x.json": b'{"a": [1, {"b": "c"}], "d": null}',
        "x.jsonl": b'{"a": 1}\n{"a": 2}\n',
        "x.ipynb": b'{"cells": [{"cell_type": "markdown", "source": ["# a"], "outputs": []}]}',
        "x.rtf": b"{\\rtf1\\ansi {\\fonttbl\\f0 Swiss;}\\f0 Some \\b text\\b0\\par \\u8364? more\\par}",
        "x.txt": "Grüße und Küsse\n".encode("cp1252") * 3,
    }


def damaged(data: bytes, chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        return data[: chance.randrange(1, len(data))]
    changed = bytearray(data)
    for _ in range(chance.randrange(1, 20)):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


@pytest.mark.parametrize("name", healthy())
async def test_damaged_files_are_read_or_refused_but_never_crash_or_hang(name: str, tmp_path: Path) -> None:
    chance = random.Random(name)
    data = healthy()[name]
    async with open_parser_pool(IngestSettings(parse_processes=1, parse_timeout_seconds=30)) as pool:
        found = {
            await outcome(pool, written(tmp_path, name, damaged(data, chance) if number else data))
            for number in range(25)
        }
    assert "read" in found
    assert found <= {"read", "corrupt", "empty", "encrypted", "unsupported_type", "too_large"}
