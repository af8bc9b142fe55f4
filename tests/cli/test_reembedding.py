from dataclasses import replace
from pathlib import Path

import httpx

from tests.cli.terminal import run, started
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait

FILES = {f"{number}.txt": f"The dome of observatory {number} opens at dusk.".encode() for number in range(3)}


def test_a_store_changes_its_model_and_says_so(address: str, http: httpx.Client, tmp_path: Path) -> None:
    http.post("/stores", json={"name": "changing"})
    add_and_wait(http, FILES, store="changing")
    done = run(tmp_path, "reembed", "--store", "changing", "--model", "other-model", FOOTNOTE_URL=address)
    assert (done.status, done.err) == (0, "")
    assert done.out.endswith("changing has changed to other-model.\n")
    with (
        started(tmp_path, "reembed", "--store", "changing", "--model", "other-model", FOOTNOTE_URL=address) as same,
        started(tmp_path, "reembed", "--store", "changing", "--give-up", FOOTNOTE_URL=address) as idle,
        started(tmp_path, "reembed", "--store", "changing", FOOTNOTE_URL=address) as nothing,
    ):
        assert (same.ended().status, same.ended().err) == (1, "The store has this embedding model already.\n")
        assert "nothing to give up" in idle.ended().err
        assert "--model" in nothing.ended().err


def test_what_holds_a_change_up_is_named(
    address: str, http: httpx.Client, upstream: FakeOpenAI, tmp_path: Path
) -> None:
    http.post("/stores", json={"name": "held up"})
    add_and_wait(http, FILES, store="held up")
    model = http.get("/stores/held up").json()["embedding_model"]
    upstream.character = replace(upstream.character, refused_text=FILES["1.txt"].decode())
    failed = run(tmp_path, "reembed", "--store", "held up", "--model", "third-model", FOOTNOTE_URL=address)
    upstream.character = replace(upstream.character, refused_text=None)
    assert failed.status == 1
    assert "1.txt (doc_" in failed.out
    assert f"1 of 3 documents could not be embedded with third-model, so held up stays with {model}" in failed.out
    given_up = run(tmp_path, "reembed", "--store", "held up", "--give-up", FOOTNOTE_URL=address)
    assert (given_up.status, given_up.out) == (0, f"held up stays with {model}.\n")
