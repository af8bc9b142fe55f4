"""`footnote backup` and `footnote restore`, from one service to the next."""

import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.cli.terminal import Outcome, run
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait, service, settings_for

TEXTS = {
    "dome.txt": b"The dome is opened one hour before observing.\n\nIt is closed when the wind is above 15 m/s.",
    "mirror.txt": b"The mirror is washed twice a year with distilled water.",
    "loans.txt": b"A borrowed telescope must be returned after 14 days.",
}
QUESTION = {"question": "How long can I keep a borrowed telescope?"}


@pytest.fixture(scope="module")
def embeddings() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


def footnote(folder: Path, *arguments: str, FOOTNOTE_URL: str = "http://127.0.0.1:9") -> Outcome:  # noqa: N803
    return run(folder, *arguments, FOOTNOTE_DATA_DIR=str(folder), FOOTNOTE_URL=FOOTNOTE_URL)


def test_a_restored_service_answers_as_before(embeddings: FakeOpenAI, tmp_path: Path) -> None:
    source, target, path = tmp_path / "source", tmp_path / "target", tmp_path / "backup.tar.gz"
    environ = {"OPENAI_BASE_URL": embeddings.base_url, "FOOTNOTE_UPSTREAM_CHAT_MODEL": "none"}
    with service(settings_for(source, **environ)) as address, httpx.Client(base_url=address, timeout=60) as http:
        documents = add_and_wait(http, TEXTS)
        before = seen(http)
        outcome = footnote(tmp_path / "elsewhere", "backup", str(path), FOOTNOTE_URL=address)
        assert outcome.status == 0, outcome.err
        assert outcome.out.startswith(f"Backed up to {path}: 3 documents, 3 files (0.0 MB), ")
        assert http.get(f"/documents/{documents[0]['id']}").json()["status"] == "completed"
    offline = footnote(source, "backup", str(tmp_path / "offline.tar"), "--offline")
    assert offline.status == 0, offline.err

    outcome = footnote(target, "restore", str(path))
    assert (outcome.status, outcome.out.startswith(f"Restored {path}: 3 documents, ")) == (0, True), outcome.err
    with service(settings_for(target, **environ)) as address, httpx.Client(base_url=address, timeout=60) as http:
        assert seen(http) == before
    again = footnote(target, "restore", str(path))
    assert (again.status, "The database has data already" in again.err) == (1, True)


def seen(http: httpx.Client) -> str:
    """What a person sees of the documents, of a search and of an answer."""
    listed = http.get("/documents").json()["data"]
    found = http.post("/search", json={"query": QUESTION["question"]}).json()["data"]
    answered = http.post("/ask", json=QUESTION).json()
    contents = [http.get(f"/documents/{document['id']}/content").text for document in listed]
    assert answered["citations"][0]["quote"] == "A borrowed telescope must be returned after 14 days."
    for hit in (*found, *answered["passages"]):
        hit["score"] = round(hit["score"], 5)
    return json.dumps([listed, contents, found, answered["answer"], answered["citations"], answered["passages"]])


def test_what_goes_wrong_is_said_in_one_sentence(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        free = f"http://127.0.0.1:{reserved.getsockname()[1]}"
    path = tmp_path / "backup.tar"
    nobody = footnote(tmp_path, "backup", str(path), FOOTNOTE_URL=free)
    assert (nobody.status, nobody.out) == (1, "")
    assert f"There is no service at {free}." in nobody.err
    assert "--offline" in nobody.err
    no_folder = footnote(tmp_path, "backup", str(tmp_path / "absent" / "backup.tar"), "--offline")
    assert (no_folder.status, "No such file or directory" in no_folder.err) == (1, True)
    path.write_bytes(b"x" * 10_000)
    foreign = footnote(tmp_path, "restore", str(path))
    assert (foreign.status, "The file is no backup of Footnote" in foreign.err) == (1, True)
    for outcome in (nobody, no_folder, foreign):
        assert "Traceback" not in outcome.err
        assert not list(tmp_path.glob("*.part"))
