"""Replacing a document: all of the old one, then all of the new one, and never a mixture."""

from typing import Any

import httpx

from tests.cli.terminal import until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait, settled

OLD = "\n\n".join(f"Old rule {n} about telescopes." for n in range(300)).encode()
NEW = "\n\n".join(f"New rule {n} about telescopes." for n in range(200)).encode()
NEVER = b"New rules that never come."


def put(http: httpx.Client, document_id: str, name: str, content: bytes, **form: str) -> httpx.Response:
    return http.put(f"/documents/{document_id}", files={"file": (name, content)}, data=form)


def texts(http: httpx.Client, store: str) -> list[str]:
    body = {"query": "rule about telescopes", "store": store, "limit": 50}
    return [hit["text"] for hit in http.post("/search", json=body).raise_for_status().json()["data"]]


def version_of(found: list[str]) -> set[str]:
    return {word for text in found for word in ("Old", "New") if word in text}


def test_the_old_version_is_found_until_all_of_the_new_one_is(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    (document,) = add_and_wait(http, {"rules.txt": OLD}, store=store, attributes='{"year": 1988}')
    upstream.script(Behaviour("stall_headers"))
    before = len(upstream.requests)
    answer = put(http, document["id"], "new rules.txt", NEVER, lane="bulk")
    assert answer.status_code == 202
    waiting = answer.json()
    assert (waiting["id"], waiting["filename"], waiting["job"]["filename"]) == (
        document["id"],
        "rules.txt",
        "new rules.txt",
    )
    assert (waiting["searchable"], waiting["version"], waiting["job"]["lane"]) == (True, 1, "bulk")
    until(lambda: len(upstream.requests) > before)
    assert http.get(f"/documents/{document['id']}").json()["status"] == "in_progress"
    # The question's own embedding must not be the one that stalls, hence words alone.
    body = {"query": "telescopes", "store": store, "mode": "bm25", "limit": 50}
    assert version_of([hit["text"] for hit in http.post("/search", json=body).json()["data"]]) == {"Old"}
    assert http.get(f"/documents/{document['id']}/content").text == OLD.decode()
    assert http.post(f"/documents/{document['id']}/cancel").json()["status"] == "completed"

    assert put(http, document["id"], "new rules.txt", NEW).status_code == 202
    done = settled(http, document["id"])
    assert (done["filename"], done["bytes"], done["error"]) == ("new rules.txt", len(NEW), None)
    assert (done["attributes"], done["version"] > 1) == ({"year": 1988}, True)
    assert version_of(texts(http, store)) == {"New"}
    assert http.get(f"/documents/{document['id']}/content").text == NEW.decode()


def test_searches_during_a_replacement_never_show_a_mixture(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"rules.txt": OLD}, store=store)
    seen: list[set[str]] = []
    for content in (NEW, OLD, NEW):
        put(http, document["id"], "rules.txt", content).raise_for_status()
        is_done = False
        while not is_done:
            is_done = http.get(f"/documents/{document['id']}").json()["status"] == "completed"
            seen.append(version_of(texts(http, store)))
    assert all(len(versions) == 1 for versions in seen), seen
    assert seen[-1] == {"New"}


def test_a_failed_replacement_leaves_the_old_version_and_says_why(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"rules.txt": OLD}, store=store)
    put(http, document["id"], "photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50).raise_for_status()
    failed = settled(http, document["id"])
    assert (failed["status"], failed["error"], failed["filename"]) == ("completed", None, "rules.txt")
    assert (failed["job"]["status"], failed["job"]["error"]["code"]) == ("failed", "unsupported_type")
    assert version_of(texts(http, store)) == {"Old"}
    retried: dict[str, Any] = http.post(f"/documents/{document['id']}/retry").json()
    assert retried["job"]["filename"] == "photo.png"
    assert settled(http, document["id"])["job"]["status"] == "failed"


def test_content_of_another_document_is_refused(http: httpx.Client, store: str) -> None:
    first, _ = add_and_wait(http, {"old.txt": OLD, "new.txt": NEW}, store=store)
    refused = put(http, first["id"], "copy.txt", NEW)
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "duplicate")
    assert settled(http, first["id"])["filename"] == "old.txt"


def test_attributes_given_with_a_replacement_hold_at_once(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"rules.txt": OLD}, store=store, attributes='{"year": 1988}')
    put(http, document["id"], "photo.png", b"\x89PNG\r\n\x1a\n", attributes='{"year": 2024}').raise_for_status()
    assert settled(http, document["id"])["attributes"] == {"year": 2024}
    condition = {"type": "eq", "key": "year", "value": 2024}
    hits = http.post("/search", json={"query": "telescopes", "store": store, "filter": condition}).json()["data"]
    assert hits


def test_bad_replacements_are_the_callers_fault(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"rules.txt": OLD}, store=store)
    assert put(http, "doc_none", "a.txt", b"x").status_code == 404
    assert put(http, document["id"], "a.txt", b"x" * 100_001).status_code == 413
    assert put(http, document["id"], "a.txt", b"x", attributes="{").json()["error"]["param"] == "attributes"
    assert http.put(f"/documents/{document['id']}", data={}).status_code == 400
    assert settled(http, document["id"])["job"]["attempts"] == 1
