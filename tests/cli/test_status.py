"""What the terminal tells of the work, and how it stops it, starts it anew and replaces documents."""

import json
from pathlib import Path

import httpx

from tests.cli.terminal import run, started, until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add, add_and_wait, settled


def test_status_tells_of_stores_work_and_failures(
    http: httpx.Client, address: str, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    http.post("/stores", json={"name": "status"})
    add_and_wait(http, {"a.txt": b"One star.", "[red]empty\x1b.txt": b""}, store="status")
    before = len(upstream.requests)
    upstream.script(Behaviour("stall_headers"))
    (document,) = add(http, {"stalled.txt": b"It stalls, and is shown."}, store="status")
    until(lambda: len(upstream.requests) > before)
    with (
        started(tmp_path, "status", "--store", "status", FOOTNOTE_URL=address) as shown,
        started(tmp_path, "status", "--store", "status", "--json", FOOTNOTE_URL=address) as as_json,
        started(tmp_path, "status", "--store", "nowhere", FOOTNOTE_URL=address) as nowhere,
    ):
        outcome = shown.ended()
        assert (outcome.status, outcome.err) == (0, "")
        lines = [line.split() for line in outcome.out.splitlines()]
        assert ["status", "0", "1", "1", "1", "0"] in lines
        assert "1 document with 1 chunk in the last 60 s." in outcome.out
        assert f"{document['id']}" in outcome.out
        assert "[red]empty.txt: The file holds no text." in outcome.out
        told = json.loads(as_json.ended().out)
        assert [job["filename"] for job in told["in_progress"]] == ["stalled.txt"]
        assert (nowhere.ended().status, "nowhere" in nowhere.ended().err) == (1, True)

    cancelled = run(tmp_path, "cancel", document["id"], "doc_none", FOOTNOTE_URL=address)
    assert (cancelled.status, cancelled.out.splitlines()[0]) == (1, f"{document['id']}: cancelled.")
    assert "doc_none: There is no document" in cancelled.out
    assert settled(http, document["id"])["status"] == "cancelled"


def test_a_pause_is_explained_and_failed_documents_are_tried_again(
    http: httpx.Client, address: str, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    note = tmp_path / "note.txt"
    note.write_text("Nobody answers to this note at first.")
    upstream.script(*[Behaviour("status", status=500, body={"error": {"message": "at lunch"}})] * 2)
    added = run(tmp_path, "add", str(note), "--store", "pause", FOOTNOTE_URL=address)
    assert (added.status, added.out) == (0, "1 file searchable, 1 chunk.\n")
    assert "waiting: " in added.err
    assert "Trying again " in added.err

    upstream.script(Behaviour("status", status=400, body={"error": {"message": "not today"}}))
    note.write_text("This note is refused once.")
    assert run(tmp_path, "add", str(note), "--store", "pause", FOOTNOTE_URL=address).status == 1
    (failed,) = http.get("/documents", params={"store": "pause", "status": "failed"}).json()["data"]
    tried = run(tmp_path, "retry", failed["id"], FOOTNOTE_URL=address)
    assert (tried.status, tried.out) == (0, f"{failed['id']}: queued again.\n")
    assert settled(http, failed["id"])["status"] == "completed"
    tried = run(tmp_path, "retry", "--failed", "--store", "pause", FOOTNOTE_URL=address)
    assert (tried.status, tried.out) == (0, "0 documents queued again.\n")
    for wrong in (("retry",), ("retry", failed["id"], "--failed"), ("retry", failed["id"], "--store", "pause")):
        assert run(tmp_path, *wrong, FOOTNOTE_URL=address).err.startswith("Name documents, or use --failed")


def test_a_document_is_replaced_or_stays_as_it_is(http: httpx.Client, address: str, tmp_path: Path) -> None:
    http.post("/stores", json={"name": "replaced"})
    (document,) = add_and_wait(http, {"old.txt": b"The old rules."}, store="replaced")
    new, empty = tmp_path / "new.txt", tmp_path / "empty.txt"
    new.write_text("The new rules.")
    empty.write_text("")
    arguments = ("replace", document["id"])
    replaced = run(tmp_path, *arguments, str(new), "--attributes", '{"year": 2024}', FOOTNOTE_URL=address)
    assert (replaced.status, replaced.out) == (0, f"{document['id']} is new.txt now, 1 chunk.\n")
    assert settled(http, document["id"])["attributes"] == {"year": 2024}
    failed = run(tmp_path, *arguments, str(empty), FOOTNOTE_URL=address)
    assert (failed.status, failed.out) == (1, "empty.txt: The file holds no text. The earlier version stays.\n")
    assert http.get(f"/documents/{document['id']}/content").text == "The new rules."


def test_many_files_go_into_the_bulk_lane(http: httpx.Client, address: str, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(17):
        (folder / f"{number}.txt").write_text(f"Star number {number} of the long list.")
    assert run(tmp_path, "add", str(folder), "--store", "bulk", FOOTNOTE_URL=address).status == 0
    jobs = http.get("/jobs", params={"store": "bulk", "limit": 100}).json()["data"]
    assert [job["lane"] for job in jobs] == ["bulk"] * 17
    assert run(tmp_path, "add", str(folder / "0.txt"), "--store", "few", FOOTNOTE_URL=address).status == 0
    assert http.get("/jobs", params={"store": "few"}).json()["data"][0]["lane"] == "urgent"
