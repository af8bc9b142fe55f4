import httpx

from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add, add_and_wait, settled

LOANS = b"# Loans\n\nA telescope may be kept for three weeks.\n\n# Damage\n\nReport damage within two days.\n"
OPENING = "天文台每周二和周五晚上开放。望远镜可以借三个星期。".encode("gb18030")


def embedded_texts(upstream: FakeOpenAI) -> int:
    return sum(len(request.body["input"]) for request in upstream.requests if request.path == "/v1/embeddings")


def test_files_are_taken_at_once_and_become_searchable(http: httpx.Client, store: str) -> None:
    documents = add(http, {"loans.md": LOANS, "开放时间.txt": OPENING}, store=store)
    assert [document["filename"] for document in documents] == ["loans.md", "开放时间.txt"]
    done = [settled(http, document["id"]) for document in documents]
    assert [document["status"] for document in done] == ["completed", "completed"]
    assert all(document["chunks"] == document["chunks_done"] > 0 for document in done)
    assert done[0]["title"] == "Loans"


def test_content_is_the_text_that_offsets_count_in(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"开放时间.txt": OPENING}, store=store)
    text = http.get(f"/documents/{document['id']}/content").text
    assert text.strip() == OPENING.decode("gb18030")
    hit = http.post("/search", json={"query": "望远镜", "store": store}).json()["data"][0]
    part = http.get(f"/documents/{document['id']}/content", params={"start": hit["start"], "end": hit["end"]})
    assert part.text == hit["text"]


def test_the_same_file_again_is_recognised_and_not_embedded_twice(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    (first,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    before = embedded_texts(upstream)
    (again,) = add(http, {"copy of loans.md": LOANS}, store=store)
    assert (again["id"], again["new"], again["status"]) == (first["id"], False, "completed")
    assert embedded_texts(upstream) == before


def test_the_same_text_in_another_store_is_not_paid_for_again(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    content = b"The dome is opened one hour before observing."
    add_and_wait(http, {"dome.txt": content}, store=store)
    before = embedded_texts(upstream)
    http.post("/stores", json={"name": "second"})
    (document,) = add_and_wait(http, {"dome.txt": content}, store="second")
    assert document["status"] == "completed"
    assert embedded_texts(upstream) == before


def test_a_deleted_document_leaves_no_trace(http: httpx.Client, store: str) -> None:
    kept, deleted = add_and_wait(http, {"loans.md": LOANS, "a.txt": b"Star charts are kept for months."}, store=store)
    assert http.delete(f"/documents/{deleted['id']}").json() == {
        "id": deleted["id"],
        "object": "document.deleted",
        "deleted": True,
    }
    assert http.get(f"/documents/{deleted['id']}").status_code == 404
    assert http.get(f"/documents/{deleted['id']}/content").status_code == 404
    hits = http.post("/search", json={"query": "star charts", "store": store}).json()["data"]
    assert {hit["document_id"] for hit in hits} == {kept["id"]}
    assert http.delete(f"/documents/{deleted['id']}").status_code == 404


def test_a_deleted_file_can_be_added_anew(http: httpx.Client, store: str) -> None:
    (first,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    http.delete(f"/documents/{first['id']}")
    (again,) = add_and_wait(http, {"loans.md": LOANS}, store=store)
    assert again["id"] != first["id"]
    assert again["status"] == "completed"


def test_a_document_deleted_while_in_work_never_comes_back(http: httpx.Client, store: str) -> None:
    content = "\n\n".join(f"Paragraph {n} about the moon and its craters." for n in range(400)).encode()
    (document,) = add(http, {"moon.txt": content}, store=store)
    http.delete(f"/documents/{document['id']}")
    add_and_wait(http, {"last.txt": b"The last one in the queue."}, store=store)
    hits = http.post("/search", json={"query": "craters of the moon", "store": store}).json()["data"]
    assert {hit["filename"] for hit in hits} == {"last.txt"}


def test_a_file_without_text_fails_with_a_reason(http: httpx.Client, store: str) -> None:
    for name, content in {
        "empty.txt": b"",
        "blank.md": b" \n\n ",
        "photo.png": b"\x89PNG\r\n\x1a\n" + b"\0" * 50,
    }.items():
        (document,) = add_and_wait(http, {name: content}, store=store)
        assert document["status"] == "failed", name
        assert document["error"]["code"], name
        assert len(document["error"]["message"]) > 10, name
        content_answer = http.get(f"/documents/{document['id']}/content")
        assert content_answer.status_code == 409
        assert document["error"]["message"] in content_answer.json()["error"]["message"]


def test_a_failed_file_is_tried_again_when_it_is_added_again(
    http: httpx.Client, upstream: FakeOpenAI, store: str
) -> None:
    from tests.fakes.openai_server import Behaviour

    upstream.script(Behaviour("status", status=400, body={"error": {"message": "not today"}}))
    (failed,) = add_and_wait(http, {"x.txt": b"A text that is refused once."}, store=store)
    assert failed["status"] == "failed"
    assert failed["error"]["code"] == "embedding_failed"
    assert "not today" in failed["error"]["message"]
    (again,) = add_and_wait(http, {"x.txt": b"A text that is refused once."}, store=store)
    assert (again["id"], again["status"]) == (failed["id"], "completed")


def test_lists_are_in_pages_newest_first(http: httpx.Client, store: str) -> None:
    added = add_and_wait(http, {f"{n}.txt": f"Text number {n}".encode() for n in range(5)}, store=store)
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = http.get("/documents", params={"store": store, "limit": 2, **after}).json()
        seen += [document["id"] for document in page["data"]]
        if not page["has_more"]:
            break
        after = {"after": page["last_id"]}
    assert sorted(seen) == sorted(document["id"] for document in added)
    assert len(seen) == 5


def test_a_list_can_be_limited_to_a_status(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"a.txt": b"Some text", "empty.txt": b""}, store=store)
    page = http.get("/documents", params={"store": store, "status": "failed"}).json()
    assert [document["filename"] for document in page["data"]] == ["empty.txt"]


def test_attributes_are_kept_and_filter_hits(http: httpx.Client, store: str) -> None:
    add_and_wait(http, {"old.txt": b"The mirror is polished."}, store=store, attributes='{"year": 1988, "语言": "en"}')
    add_and_wait(http, {"new.txt": b"The mirror is cleaned."}, store=store, attributes='{"year": 2024}')

    def names(condition: object) -> set[str]:
        response = http.post("/search", json={"query": "mirror", "store": store, "filter": condition})
        assert response.status_code == 200, response.text
        return {hit["filename"] for hit in response.json()["data"]}

    assert names({"type": "gt", "key": "year", "value": 2000}) == {"new.txt"}
    assert names({"type": "eq", "key": "语言", "value": "en"}) == {"old.txt"}
    either = [{"type": "eq", "key": "year", "value": 1988}, {"type": "in", "key": "year", "value": [2024]}]
    assert names({"type": "or", "filters": either}) == {"old.txt", "new.txt"}


def test_attributes_given_anew_replace_the_earlier_ones(http: httpx.Client, store: str) -> None:
    content = {"a.txt": b"The objective is inspected in March."}
    add_and_wait(http, content, store=store, attributes='{"team": "red"}')
    (document,) = add_and_wait(http, content, store=store, attributes='{"team": "blue"}')
    assert document["attributes"] == {"team": "blue"}
    condition = {"type": "eq", "key": "team", "value": "blue"}
    hits = http.post("/search", json={"query": "objective", "store": store, "filter": condition}).json()["data"]
    assert len(hits) == 1
