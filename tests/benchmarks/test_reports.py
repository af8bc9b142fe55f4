"""The benchmarks run and count what is there; how fast is nobody's business here."""

import json
from pathlib import Path

import pytest

from benchmarks import ingest, search
from benchmarks.corpus import make_folder

KINDS = {".md", ".html", ".txt", ".docx", ".pdf", ".csv", ".xlsx"}


def test_the_folder_holds_every_kind_and_is_the_same_each_time(tmp_path: Path) -> None:
    make_folder(tmp_path / "a", 24)
    make_folder(tmp_path / "b", 24)
    first, second = (sorted((tmp_path / name).iterdir()) for name in "ab")
    assert {path.suffix for path in first} == KINDS
    plain = {".md", ".html", ".txt", ".pdf", ".csv"}  # the others hold the time at which they were made
    assert [path.read_bytes() for path in first if path.suffix in plain] == [
        path.read_bytes() for path in second if path.suffix in plain
    ]


def test_every_file_is_counted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.md").write_bytes(b"")
    ingest.main([str(tmp_path), "--make", "--files", "4", "--dimensions", "8", "--json"])
    printed = capsys.readouterr()
    (run,) = json.loads(printed.out)["runs"]
    assert (run["completed"], run["failed"]) == (4, 1)
    assert "empty.md" in printed.err
    assert run["chunks"] >= run["texts_embedded"] > 0
    assert run["max_calls_in_flight"] >= 1
    assert {"service", "parsers", "engine"} <= run["cpu_seconds"].keys()


def test_every_way_of_asking_finds_the_same_passages(capsys: pytest.CaptureFixture[str]) -> None:
    search.main(["--chunks", "8", "--questions", "2", "--dimensions", "8", "--json"])
    report = json.loads(capsys.readouterr().out)
    ways = [row["way"] for row in report["ways"]]
    assert ways == ["embedding call", "raw engine", "VectorStore.query", "Searcher.search", "POST /search"]
    assert report["chunks"] >= 8
    assert report["shared_hits"] > 0.5
