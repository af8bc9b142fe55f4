import os
import signal
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import run, started, until
from tests.fakes.openai_server import FakeOpenAI

GUIDE = "# 指南\n\n望远镜可以借三个星期。\n".encode("gb18030")
FILES = {
    "loans.md": b"# Loans\n\nA telescope may be kept for three weeks.\n",
    "deep/down/rules.txt": b"The dome is opened one hour before observing.",
    "中文/指南.md": GUIDE,
    "zz copy of loans.md": b"# Loans\n\nA telescope may be kept for three weeks.\n",
    "deep/[red]photo.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    "empty.txt": b"",
    "zz also empty.md": b"",
    ".hidden.md": b"Not for others.",
    ".git/config": b"Not for others either.",
    "deep/.cache/x.txt": b"Nor this.",
}
SEARCHABLE = ["loans.md", "deep/down/rules.txt", "中文/指南.md"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "files"
    for name, content in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def test_every_file_of_a_folder_ends_searchable_or_failed_with_a_reason(
    http: httpx.Client, address: str, folder: Path, tmp_path: Path
) -> None:
    first = run(tmp_path, "add", str(folder), "--store", "folder", FOOTNOTE_URL=address)
    assert first.status == 1
    summary, failed, *failures = first.out.splitlines()
    assert summary == "4 files searchable (1 of them already there), 3 chunks."
    assert failed == "3 failed:"
    names = [failure.strip().partition(": ")[0] for failure in failures]
    assert names == ["deep/[red]photo.png", "empty.txt", "zz also empty.md"]
    assert all(len(failure.partition(": ")[2]) > 10 for failure in failures)
    assert "7/7" in first.err

    documents = http.get("/documents", params={"store": "folder", "limit": 100}).json()["data"]
    assert sorted(d["filename"] for d in documents if d["status"] == "completed") in (
        sorted(SEARCHABLE),
        sorted({*SEARCHABLE, "zz copy of loans.md"} - {"loans.md"}),
    )

    again = run(
        tmp_path,
        "add",
        str(folder / "loans.md"),
        str(folder / "deep" / "down"),
        "--store",
        "folder",
        FOOTNOTE_URL=address,
    )
    assert (again.status, again.out) == (0, "2 files searchable (2 of them already there), 2 chunks.\n")


def test_names_that_are_not_text_and_attributes_that_are_not_json(address: str, tmp_path: Path) -> None:
    folder = tmp_path / "odd"
    folder.mkdir()
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.txt")).write_bytes(b"Coffee is served on the terrace.")
    arguments = ("add", str(folder), "--store", "odd")
    with (
        started(tmp_path, *arguments, "--attributes", "{year", FOOTNOTE_URL=address) as refused,
        started(tmp_path, "add", "missing", FOOTNOTE_URL=address) as missing,
    ):
        assert refused.ended().status == 1
        assert "caf\ufffd.txt: attributes must be a JSON object" in refused.ended().out
        assert (missing.ended().status, missing.ended().out) == (2, "")
        assert "does not exist" in missing.ended().err
    added = run(tmp_path, *arguments, FOOTNOTE_URL=address)
    assert (added.status, added.out) == (0, "1 file searchable, 1 chunk.\n")


def test_ctrl_c_ends_an_addition_that_has_long_to_go(address: str, upstream: FakeOpenAI, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(3_000):
        (folder / f"{number}.txt").write_text(f"Star number {number} of the catalogue.")
    before = len(upstream.requests)
    with started(tmp_path, "add", str(folder), "--store", "many", FOOTNOTE_URL=address) as adding:
        until(lambda: len(upstream.requests) > before)
        adding.process.send_signal(signal.SIGINT)
        ended = adding.ended()
    assert ended.status not in {0, -signal.SIGKILL}
    assert "Traceback" not in ended.err
    with httpx.Client(base_url=address, timeout=60) as http:
        assert http.get("/stores/many").json()["documents"]["total"] < 3_000
        http.delete("/stores/many")


def test_a_store_may_have_a_name_with_marks_that_mean_something_in_addresses(
    http: httpx.Client, address: str, tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("A note.")
    name = "What? #1 %41"
    for _ in range(2):
        added = run(tmp_path, "add", str(note), "--store", name, FOOTNOTE_URL=address)
        assert (added.status, added.out.partition(" ")[0]) == (0, "1")
    assert name in [store["name"] for store in http.get("/stores").json()["data"]]


def test_a_folder_without_files_is_said_to_be_empty(http: httpx.Client, address: str, tmp_path: Path) -> None:
    (tmp_path / "empty" / ".hidden").mkdir(parents=True)
    added = run(tmp_path, "add", "empty", "--store", "never made", FOOTNOTE_URL=address)
    assert (added.status, added.out) == (1, "")
    assert added.err == "There is nothing to add: no files are there, other than hidden ones.\n"
    assert "never made" not in [store["name"] for store in http.get("/stores").json()["data"]]
