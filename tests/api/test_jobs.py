"""Jobs over HTTP: what they tell of the work, and how it is stopped and started anew."""

import httpx
import pytest

from tests.cli.terminal import until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add, add_and_wait, settled

LONG = "\n\n".join(f"Paragraph {n} about the moon and its craters." for n in range(1_500)).encode()


def stalled(http: httpx.Client, upstream: FakeOpenAI, store: str, content: bytes = b"It stalls.") -> dict[str, object]:
    """A document whose embedding is under way and does not end."""
    before = len(upstream.requests)
    upstream.script(Behaviour("stall_headers"))
    (document,) = add(http, {"stalled.txt": content}, store=store)
    until(lambda: len(upstream.requests) > before)
    return document


def test_a_document_tells_of_its_job(http: httpx.Client, store: str) -> None:
    (handed_in,) = add(http, {"a.txt": b"The dome is opened."}, store=store)
    assert (handed_in["job"]["kind"], handed_in["job"]["document_id"]) == ("ingest", handed_in["id"])
    document = settled(http, handed_in["id"])
    assert (document["version"], document["searchable"]) == (1, True)
    job = document["job"]
    assert (job["id"], job["status"], job["step"], job["attempts"]) == (handed_in["job"]["id"], "completed", None, 1)
    assert (job["chunks"], job["chunks_done"], job["failures"], job["error"]) == (1, 1, 0, None)
    assert job["queued_at"] <= job["started_at"] <= job["finished_at"]
    assert job["waiting_seconds"] == pytest.approx(job["started_at"] - job["queued_at"], abs=0.01)
    assert job["running_seconds"] == pytest.approx(job["finished_at"] - job["started_at"], abs=0.01)
    assert http.get(f"/jobs/{job['id']}").json() == job
    assert http.get(f"/documents?store={store}").json()["data"] == [document]


def test_a_lane_is_taken_as_it_is_given_and_otherwise_chosen_by_size(http: httpx.Client, store: str) -> None:
    (small,) = add(http, {"small.txt": b"Small."}, store=store)
    (bulk,) = add(http, {"bulk.txt": b"Small, too."}, store=store, lane="bulk")
    assert (small["job"]["lane"], bulk["job"]["lane"]) == ("urgent", "bulk")
    files = [("file", ("x.txt", b"x"))]
    wrong = http.post("/documents", data={"store": store, "lane": "fast"}, files=files)
    assert (wrong.status_code, wrong.json()["error"]["param"]) == (400, "lane")


def test_jobs_are_listed_by_status_with_their_totals(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"a.txt": b"One.", "b.txt": b"Two.", "empty.txt": b""}, store=store)
    listed = http.get("/jobs", params={"store": store, "status": ["failed", "cancelled"]}).json()
    assert [job["filename"] for job in listed["data"]] == ["empty.txt"]
    assert listed["data"][0]["error"]["message"]
    assert listed["totals"] == {
        "queued": 0,
        "in_progress": 0,
        "completed": 2,
        "failed": 1,
        "cancelled": 0,
        "total": 3,
    }
    assert listed["finished_lately"] == {"seconds": 60.0, "documents": 2, "chunks": 2}
    assert http.get("/jobs", params={"store": store, "kind": "reembed"}).json()["totals"]["total"] == 0


def test_jobs_are_in_pages_those_queued_last_first(http: httpx.Client, store: str) -> None:
    added = [add_and_wait(http, {f"{n}.txt": f"Text {n}".encode()}, store=store)[0] for n in range(5)]
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = http.get("/jobs", params={"store": store, "limit": 2, **after}).json()
        seen += [job["document_id"] for job in page["data"]]
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert seen == [document["id"] for document in reversed(added)]
    unknown = http.get("/jobs", params={"after": "job_none"}).json()["error"]
    assert (unknown["code"], unknown["param"]) == ("job_not_found", "after")


def test_what_does_not_answer_puts_a_document_off_and_says_why(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    upstream.script(*[Behaviour("status", status=500, body={"error": {"message": "at lunch"}})] * 2)
    (document,) = add(http, {"a.txt": b"Nobody answers this at first."}, store=store)
    until(lambda: bool(http.get("/jobs", params={"store": store, "put_off": True}).json()["data"]))
    (job,) = http.get("/jobs", params={"store": store, "put_off": True}).json()["data"]
    assert (job["status"], job["failures"], job["error"]["code"]) == ("queued", 1, "embedding_failed")
    assert job["next_try_at"] > job["started_at"]
    done = settled(http, document["id"])
    assert (done["status"], done["job"]["error"], done["job"]["next_try_at"]) == ("completed", None, None)


def test_work_under_way_is_cancelled(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    document = stalled(http, upstream, store)
    cancelled = http.post(f"/documents/{document['id']}/cancel").json()
    assert (cancelled["status"], cancelled["searchable"]) == ("cancelled", False)
    assert (cancelled["job"]["status"], cancelled["job"]["step"]) == ("cancelled", None)
    content = http.get(f"/documents/{document['id']}/content")
    assert (content.status_code, "was cancelled" in content.json()["error"]["message"]) == (409, True)
    assert http.get(f"/stores/{store}").json()["documents"]["cancelled"] == 1
    again = http.post(f"/documents/{document['id']}/cancel")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_cancel")


def test_a_document_that_waits_is_cancelled_and_begun_anew(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    upstream.script(*[Behaviour("status", status=500)] * 2)
    (document,) = add(http, {"a.txt": b"The dome is closed."}, store=store)
    until(lambda: http.get(f"/documents/{document['id']}").json()["job"]["failures"] == 1)
    assert http.post(f"/documents/{document['id']}/cancel").json()["status"] == "cancelled"
    retried = http.post(f"/documents/{document['id']}/retry")
    assert (retried.status_code, retried.json()["job"]["failures"]) == (202, 0)
    done = settled(http, document["id"])
    assert (done["status"], done["chunks"]) == ("completed", 1)
    again = http.post(f"/documents/{document['id']}/retry")
    assert (again.status_code, again.json()["error"]["code"]) == (409, "nothing_to_retry")


def test_all_failed_documents_of_a_store_are_tried_again(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    refusals = [Behaviour("status", status=400, body={"error": {"message": "not today"}})] * 2
    for n, refusal in enumerate(refusals):
        upstream.script(refusal)
        (failed,) = add_and_wait(http, {f"{n}.txt": f"Refused once, {n}.".encode()}, store=store)
        assert failed["status"] == "failed"
    http.post("/stores", json={"name": "bystander"})
    assert http.post("/jobs/retry", params={"store": "bystander"}).json()["retried"] == 0
    assert http.post("/jobs/retry", params={"store": store}).json() == {"object": "jobs.retried", "retried": 2}
    until(lambda: http.get(f"/stores/{store}").json()["documents"]["completed"] == 2)
    assert http.post("/jobs/retry", params={"store": store}).json()["retried"] == 0


def test_attributes_change_without_embedding_anything(http: httpx.Client, upstream: FakeOpenAI, store: str) -> None:
    (document,) = add_and_wait(http, {"a.txt": b"The mirror is cleaned."}, store=store, attributes='{"year": 1988}')
    before = len(upstream.requests)
    changed = http.post(f"/documents/{document['id']}", json={"attributes": {"year": 2024}})
    assert (changed.status_code, changed.json()["attributes"]) == (200, {"year": 2024})
    assert len(upstream.requests) == before
    assert found(http, store, {"type": "eq", "key": "year", "value": 2024}) == ["a.txt"]
    assert found(http, store, {"type": "eq", "key": "year", "value": 1988}) == []
    for wrong in ({"attributes": {"a": [1]}}, {"attributes": {}, "filename": "b"}, {}):
        assert http.post(f"/documents/{document['id']}", json=wrong).status_code == 400


def test_attributes_changed_while_the_document_is_in_work_are_those_it_is_found_with(
    http: httpx.Client, store: str
) -> None:
    add_and_wait(http, {"other.txt": b"Of no interest."}, store=store)
    (document,) = add(http, {"a.txt": LONG}, store=store, attributes='{"year": 1988}')
    until(lambda: http.get(f"/documents/{document['id']}").json()["status"] == "in_progress")
    http.post(f"/documents/{document['id']}", json={"attributes": {"year": 2024}}).raise_for_status()
    assert settled(http, document["id"])["attributes"] == {"year": 2024}
    assert set(found(http, store, {"type": "eq", "key": "year", "value": 2024})) == {"a.txt"}
    assert found(http, store, {"type": "eq", "key": "year", "value": 1988}) == []


def test_attributes_of_a_document_that_waits_in_an_empty_store_can_be_changed(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    document = stalled(http, upstream, store)
    assert http.post(f"/documents/{document['id']}", json={"attributes": {"a": 1}}).status_code == 200
    http.post(f"/documents/{document['id']}/cancel").raise_for_status()


def found(http: httpx.Client, store: str, condition: object) -> list[str]:
    body = {"query": "mirror moon", "store": store, "filter": condition}
    return [hit["filename"] for hit in http.post("/search", json=body).raise_for_status().json()["data"]]


@pytest.mark.parametrize("path", ["/documents/doc_none/cancel", "/documents/doc_none/retry", "/jobs/retry?store=none"])
def test_what_is_not_there_cannot_be_stopped_or_started(http: httpx.Client, path: str) -> None:
    assert http.post(path).status_code == 404
    assert http.get("/jobs/job_none").status_code == 404
