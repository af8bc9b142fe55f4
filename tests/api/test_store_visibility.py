"""A key for one store never sees another's text, hits, names, counts or errors."""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait, listening

SECRET = "The vault opens with the code 4711."
NOT_THERE = "doc_none"


@dataclass(frozen=True)
class House:
    """Two stores, and a key for one of them."""

    keyholders: Keyholders
    mine: Mapping[str, Any]
    theirs: Mapping[str, Any]
    my_document: Mapping[str, Any]
    their_document: Mapping[str, Any]
    their_failed: Mapping[str, Any]
    limited: httpx.Client


@pytest.fixture(scope="module")
def house(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        admin = opened.admin
        mine, theirs = (admin.post("/stores", json={"name": name}).json() for name in ("mine", "theirs"))
        (my_document,) = add_and_wait(admin, {"garden.txt": b"The garden opens at nine."}, store="mine")
        (their_document,) = add_and_wait(admin, {"vault.txt": SECRET.encode()}, store="theirs")
        (their_failed,) = add_and_wait(admin, {"broken-vault.pdf": b"%PDF-1.4 broken"}, store="theirs")
        assert their_failed["status"] == "failed"
        with opened.holder("documents", "search", stores=["mine"]) as limited:
            yield House(opened, mine, theirs, my_document, their_document, their_failed, limited)


def hidden(house: House, text: str) -> None:
    """Nothing of the other store is in this."""
    for secret in ("4711", "vault", house.theirs["id"], house.their_document["id"], house.their_failed["id"]):
        assert secret not in text, secret


def requests(store: str, document: str, job: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Everything that can be asked about a store, a document and a job."""
    file = {"file": ("a.txt", b"Something.")}
    for path in (f"/stores/{store}", f"/stores/{store}/reembed", f"/documents?store={store}", f"/jobs?store={store}"):
        yield "GET", path, {}
    yield "GET", f"/events?store={store}", {}
    yield "POST", f"/jobs/retry?store={store}", {}
    yield "POST", f"/stores/{store}/reembed", {"json": {"embedding_model": "bm25"}}
    yield "DELETE", f"/stores/{store}/reembed", {}
    yield "DELETE", f"/stores/{store}", {}
    yield "POST", "/documents", {"data": {"store": store}, "files": file}
    for path in ("/search", "/ask"):
        yield "POST", path, {"json": {"query": "vault", "store": store}}
    yield "POST", "/ask", {"json": {"query": "vault", "store": store, "stream": True}}
    for path in ("", "/content", "/events"):
        yield "GET", f"/documents/{document}{path}", {}
    yield "POST", f"/documents/{document}", {"json": {"attributes": {"a": 1}}}
    yield "PUT", f"/documents/{document}", {"files": file}
    for path in ("/cancel", "/retry"):
        yield "POST", f"/documents/{document}{path}", {}
    yield "DELETE", f"/documents/{document}", {}
    yield "GET", f"/jobs/{job}", {}


def test_what_is_elsewhere_is_answered_as_what_is_not_there(house: House) -> None:
    job = house.their_document["job"]["id"]
    for store in (house.theirs["id"], "theirs"):
        there = requests(store, house.their_document["id"], job)
        nowhere = requests("vs_none" if store.startswith("vs_") else "nobody", NOT_THERE, "job_none")
        for (method, path, arguments), (_, other_path, other_arguments) in zip(there, nowhere, strict=True):
            answer = house.limited.request(method, path, **arguments)
            other = house.limited.request(method, other_path, **other_arguments)
            assert answer.status_code == other.status_code == 404, (method, path)
            names = (store, house.their_document["id"], job)
            assert anonymous(answer, *names) == anonymous(other, "vs_none", "nobody", NOT_THERE, "job_none")
    assert house.keyholders.admin.get(f"/documents/{house.their_document['id']}").json() == house.their_document


def anonymous(answer: httpx.Response, *names: str) -> Any:
    text = answer.text
    for name in names:
        text = text.replace(name, "NAME")
    return json.loads(text)


def test_lists_and_counts_leave_out_what_is_elsewhere(house: House) -> None:
    limited = house.limited
    assert [store["name"] for store in limited.get("/stores").json()["data"]] == ["mine"]
    jobs = limited.get("/jobs").json()
    assert [job["document_id"] for job in jobs["data"]] == [house.my_document["id"]]
    assert jobs["totals"]["total"] == 1
    assert jobs["finished_lately"]["documents"] <= 1
    named = [house.their_document["id"], house.my_document["id"]]
    found = limited.get("/documents", params={"id": named}).json()
    assert [document["id"] for document in found["data"]] == [house.my_document["id"]]
    for path in ("/stores", "/jobs", "/jobs?status=failed", "/documents?store=mine", "/usage", "/usage/calls"):
        hidden(house, limited.get(path).text)


def test_what_is_elsewhere_is_no_place_to_go_on_from(house: House) -> None:
    for path, theirs, nobodys in (
        ("/jobs", house.their_document["job"]["id"], "job_none"),
        ("/documents?store=mine", house.their_document["id"], NOT_THERE),
    ):
        found = house.limited.get(path, params={"after": theirs} | ({"store": "mine"} if "?" in path else {}))
        other = house.limited.get(path, params={"after": nobodys} | ({"store": "mine"} if "?" in path else {}))
        assert found.status_code == other.status_code == 404
        assert anonymous(found, theirs) == anonymous(other, nobodys)


def test_searching_and_asking_find_nothing_from_elsewhere(house: House) -> None:
    for path in ("/search", "/ask"):
        answer = house.limited.post(path, json={"query": "Which code opens the vault?", "store": "mine"})
        assert answer.status_code == 200
        assert "4711" not in answer.text
        assert house.their_document["id"] not in answer.text


def test_retrying_what_failed_leaves_what_is_elsewhere_alone(house: House) -> None:
    assert house.limited.post("/jobs/retry").json()["retried"] == 0
    after = house.keyholders.admin.get(f"/documents/{house.their_failed['id']}").json()
    assert after["job"]["queued_at"] == house.their_failed["job"]["queued_at"]


def test_stores_are_neither_made_nor_deleted_with_such_a_key(house: House) -> None:
    assert house.limited.post("/stores", json={"name": "theirs"}).status_code == 403
    assert house.limited.post("/stores", json={"name": "new"}).status_code == 403
    assert house.limited.delete("/stores/mine").status_code == 403
    assert house.limited.get("/stores/default").status_code == 404
    assert {store["name"] for store in house.keyholders.admin.get("/stores").json()["data"]} == {"mine", "theirs"}


def test_everything_about_the_own_store_works(house: House) -> None:
    limited = house.limited
    (document,) = add_and_wait(limited, {"pond.txt": b"The pond is deep."}, store="mine")
    assert limited.get(f"/documents/{document['id']}/content").text == "The pond is deep."
    assert limited.post("/search", json={"query": "pond", "store": house.mine["id"]}).json()["data"]
    assert limited.get("/stores/mine").json()["documents"]["completed"] == 2
    assert limited.delete(f"/documents/{document['id']}").status_code == 200


def test_a_feed_tells_of_the_own_store_only(house: House) -> None:
    limited, admin = house.limited, house.keyholders.admin

    def work() -> None:
        add_and_wait(admin, {"vault-two.txt": b"The second vault."}, store="theirs")
        add_and_wait(admin, {"last.txt": b"The last one."}, store="mine")

    with listening(limited, "/events") as events:
        told = [next(events)]
        assert told[0][1] == "totals"
        working = threading.Thread(target=work)
        working.start()
        for event in events:
            told.append(event)
            if event[2].get("filename") == "last.txt" and event[2]["status"] == "completed":
                break
        working.join()
    assert told[0][2]["jobs"]["failed"] == 0
    hidden(house, json.dumps(told))
    since = told[1][0]
    with listening(limited, "/events", **{"Last-Event-ID": since}) as events:
        hidden(house, json.dumps([next(events), next(events)]))


def test_a_key_for_a_store_that_was_deleted_sees_nothing(house: House) -> None:
    admin = house.keyholders.admin
    admin.post("/stores", json={"name": "gone"})
    with house.keyholders.holder("documents", "search", stores=["gone"]) as holder:
        admin.delete("/stores/gone")
        admin.post("/stores", json={"name": "gone"})
        assert holder.get("/stores").json()["data"] == []
        assert holder.get("/stores/gone").status_code == 404
        assert holder.get("/jobs").json()["totals"]["total"] == 0
