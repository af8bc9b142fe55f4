"""Many at once: uploads that meet, and a service that stays awake."""

import time
from concurrent.futures import ThreadPoolExecutor

import httpx

from tests.serving import add, settled


def test_the_same_file_uploaded_ten_times_at_once_is_one_document(http: httpx.Client, store: str) -> None:
    content = b"The dome is opened one hour before observing."
    with ThreadPoolExecutor(10) as threads:
        uploads = [threads.submit(add, http, {f"{number}.txt": content}, store=store) for number in range(10)]
        (documents,) = zip(*(upload.result() for upload in uploads), strict=True)
    assert len({document["id"] for document in documents}) == 1
    assert [document["new"] for document in documents].count(True) == 1
    done = settled(http, documents[0]["id"])
    assert (done["status"], done["chunks"]) == ("completed", 1)
    assert http.get(f"/stores/{store}").json()["documents"]["total"] == 1
    assert len(http.post("/search", json={"query": "dome", "store": store}).json()["data"]) == 1


def test_uploads_and_the_deletion_of_their_store_never_end_in_an_internal_error(http: httpx.Client, store: str) -> None:
    def upload(number: int) -> int:
        files = {"file": (f"{number}.txt", f"Star number {number}.".encode())}
        return http.post("/documents", data={"store": store}, files=files).status_code

    with ThreadPoolExecutor(8) as threads:
        uploads = [threads.submit(upload, number) for number in range(60)]
        while not any(one.done() for one in uploads):
            time.sleep(0.001)
        deleted = http.delete(f"/stores/{store}")
        statuses = {one.result() for one in uploads}
    assert deleted.status_code == 200
    assert statuses <= {202, 404}
    assert http.get(f"/stores/{store}").status_code == 404


def test_the_service_answers_while_it_reads_many_documents(http: httpx.Client, store: str) -> None:
    small = {f"{number}.txt": f"Star number {number} is seen in winter.".encode() for number in range(36)}
    large = {
        f"large {number}.md": (f"# Part {number}\n\n" + f"Star {number} is seen from the terrace.\n\n" * 2_400).encode()
        for number in range(4)
    }
    assert min(map(len, large.values())) > 80_000
    documents = add(http, large, store=store) + add(http, small, store=store)
    answered = 0
    pending = {document["id"] for document in documents}
    while pending:
        assert http.get("/healthz", timeout=5).status_code == 200
        answered += 1
        some = http.get("/documents", params={"id": list(pending)[:40]}, timeout=5).raise_for_status().json()["data"]
        pending -= {document["id"] for document in some if document["status"] in {"completed", "failed"}}
        assert http.get("/readyz", timeout=5).status_code == 200
    assert answered > 3
    assert http.get(f"/stores/{store}").json()["documents"]["completed"] == 40
