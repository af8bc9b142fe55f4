from typing import Any

import httpx
import pytest

from api.openai.store_files import content_page
from tests.api.openai.stored import attached, ended, for_a_while, made, upload
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait

POND = "# The pond\n\nThe pond is seven metres deep. 池塘很深。".encode()
PHOTO = b"\x89PNG\r\n\x1a\n" + b"\0" * 50


@pytest.fixture
def path(http: httpx.Client) -> str:
    """A new store's."""
    return f"/v1/vector_stores/{made(http)['id']}"


def store_of(path: str) -> str:
    return path.rpartition("/")[2]


def attach(http: httpx.Client, path: str, name: str, content: bytes, **form: Any) -> str:
    return attached(http, store_of(path), name, content, **form)


def test_a_file_says_how_it_is_cut_and_what_was_said_of_it(http: httpx.Client, path: str) -> None:
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 50}}
    file_id = attach(http, path, "pond.md", POND, attributes={"year": 2024}, chunking_strategy=chunking)
    shown = http.get(f"{path}/files/{file_id}").json()
    assert (shown["status"], shown["last_error"], shown["usage_bytes"]) == ("completed", None, len(POND))
    assert (shown["attributes"], shown["chunking_strategy"]) == ({"year": 2024}, chunking)
    assert shown["vector_store_id"] == store_of(path)
    automatic = attach(http, path, "pond.md", POND, chunking_strategy={"type": "auto"}, attributes=None)
    static = http.get(f"{path}/files/{automatic}").json()["chunking_strategy"]["static"]
    assert static == {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400}


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({}, "file_id"),
        ({"attributes": {"a": [1]}}, "attributes.a"),
        ({"chunking_strategy": {"type": "odd"}}, "chunking_strategy"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, path: str, form: dict[str, Any], param: str) -> None:
    named = {"file_id": "file-none"} if form else {}
    answer = http.post(f"{path}/files", json=named | form)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith(param)


@pytest.mark.parametrize(("size", "overlap"), [(99, 0), (4097, 0), (200, 101), (200, -1)])
def test_chunks_repeat_at_most_half_of_themselves(http: httpx.Client, path: str, size: int, overlap: int) -> None:
    static = {"max_chunk_size_tokens": size, "chunk_overlap_tokens": overlap}
    form = {"file_id": "file-none", "chunking_strategy": {"type": "static", "static": static}}
    answer = http.post(f"{path}/files", json=form)
    assert answer.status_code == 400
    assert "chunk" in answer.json()["error"]["message"]


def test_a_file_that_cannot_be_read_says_why(http: httpx.Client, path: str) -> None:
    shown = http.get(f"{path}/files/{attach(http, path, 'photo.png', PHOTO)}").json()
    assert (shown["status"], shown["last_error"]["code"]) == ("failed", "unsupported_file")
    assert shown["last_error"]["reason"] == "unsupported_type"
    empty = http.get(f"{path}/files/{attach(http, path, 'empty.txt', b' ')}").json()
    assert (empty["last_error"]["code"], empty["last_error"]["reason"]) == ("invalid_file", "empty")
    content = http.get(f"{path}/files/{shown['id']}/content")
    assert (content.status_code, content.json()["error"]["code"]) == (400, "no_content")
    assert shown["last_error"]["message"] in content.json()["error"]["message"]


def test_new_attributes_are_searched_by_at_once_and_cost_nothing(
    http: httpx.Client, path: str, upstream: FakeOpenAI
) -> None:
    file_id = attach(http, path, "pond.md", POND, attributes={"year": 2023, "draft": True})
    calls = len(upstream.requests)
    changed = http.post(f"{path}/files/{file_id}", json={"attributes": {"year": 2024}}).json()
    assert changed["attributes"] == {"year": 2024}
    assert len(upstream.requests) == calls
    for year, found in ((2024, 1), (2023, 0)):
        filters = {"type": "and", "filters": [{"type": "eq", "key": "year", "value": year}]}
        answer = http.post(f"{path}/search", json={"query": "pond", "filters": filters}).json()
        assert len(answer["data"]) == found


def test_the_text_of_a_file_is_what_offsets_count_in(http: httpx.Client, path: str) -> None:
    file_id = attach(http, path, "pond.md", POND)
    page = http.get(f"{path}/files/{file_id}/content").json()
    (hit,) = http.post(f"{path}/search", json={"query": "How deep?"}).json()["data"]
    (piece,) = page["data"]
    assert piece["text"][hit["start"] : hit["end"]] == hit["quote"] == hit["content"][0]["text"]
    assert (page["has_more"], page["next_page"]) == (False, None)


def test_a_very_long_text_comes_in_pages(http: httpx.Client, path: str) -> None:
    text = "".join(str(number % 10) for number in range(2_500_000))
    pieces, page = [], content_page(text, 0)
    while page.next_page is not None:
        assert page.has_more
        pieces += [piece.text for piece in page.data]
        page = content_page(text, int(page.next_page))
    assert "".join([*pieces, page.data[0].text]) == text
    assert len(pieces) == 2
    file_id = attach(http, path, "pond.md", POND)
    rest = http.get(f"{path}/files/{file_id}/content", params={"page": 7}).json()
    assert rest["data"][0]["text"] == POND.decode()[7:]


def test_files_are_listed_by_how_far_they_have_come(http: httpx.Client, path: str) -> None:
    good, bad = attach(http, path, "pond.md", POND), attach(http, path, "photo.png", PHOTO)
    (native,) = add_and_wait(http, {"sky.txt": b"The sky is wide."}, store=store_of(path))
    expected = {"completed": [native["file_id"], good], "failed": [bad], "in_progress": [], "cancelled": []}
    for status, ids in expected.items():
        page = http.get(f"{path}/files", params={"filter": status}).json()
        assert [file["id"] for file in page["data"]] == ids
    first = http.get(f"{path}/files", params={"limit": 1, "order": "asc"}).json()
    assert ([file["id"] for file in first["data"]], first["has_more"]) == ([good], True)
    rest = http.get(f"{path}/files", params={"order": "asc", "after": good}).json()
    assert [file["id"] for file in rest["data"]] == [bad, native["file_id"]]
    assert http.get(f"{path}/files", params={"filter": "odd"}).json()["error"]["param"] == "filter"
    assert http.get(f"{path}/files", params={"before": "file-none"}).status_code == 404


def test_a_list_can_be_gone_through_while_it_is_emptied(http: httpx.Client, path: str) -> None:
    ids = [upload(http, f"{number}.txt", b"The pond is deep.") for number in range(3)]
    http.post(f"{path}/file_batches", json={"file_ids": ids}).raise_for_status()
    seen: list[str] = []
    query: dict[str, str | int] = {"limit": 1}
    while files := http.get(f"{path}/files", params=query).json()["data"]:
        seen.append(files[0]["id"])
        assert http.delete(f"{path}/files/{seen[-1]}").status_code == 200
        query = {"limit": 1, "after": seen[-1]}
    assert seen == ids[::-1]


def test_a_detached_file_stays_unless_it_came_as_a_document(http: httpx.Client, path: str) -> None:
    kept = attach(http, path, "pond.md", POND)
    (native,) = add_and_wait(http, {"sky.txt": b"The sky is wide."}, store=store_of(path))
    for file_id, status in ((kept, 200), (native["file_id"], 404)):
        deleted = http.delete(f"{path}/files/{file_id}").json()
        assert deleted == {"id": file_id, "object": "vector_store.file.deleted", "deleted": True}
        assert http.get(f"{path}/files/{file_id}").status_code == 404
        assert http.delete(f"{path}/files/{file_id}").status_code == 404
        assert http.get(f"/v1/files/{file_id}").status_code == status
    assert http.post(f"{path}/search", json={"query": "pond"}).json()["data"] == []


def test_a_batch_is_followed_to_its_end(http: httpx.Client, path: str) -> None:
    ids = [upload(http, f"{number}.md", b"# Note %d" % number) for number in range(3)]
    bad = upload(http, "photo.png", PHOTO)
    files = [{"file_id": file_id, "attributes": {"note": number}} for number, file_id in enumerate([*ids, bad])]
    batch = http.post(f"{path}/file_batches", json={"files": files, "attributes": {"ignored": True}}).json()
    assert (batch["object"], batch["vector_store_id"]) == ("vector_store.files_batch", store_of(path))
    done = ended(http, f"{path}/file_batches/{batch['id']}")
    assert (done["id"], done["status"]) == (batch["id"], "completed")
    assert done["file_counts"] == {"in_progress": 0, "completed": 3, "failed": 1, "cancelled": 0, "total": 4}
    # There is nothing left to cancel.
    assert http.post(f"{path}/file_batches/{done['id']}/cancel").json() == done
    listed = http.get(f"{path}/file_batches/{batch['id']}/files", params={"order": "asc"}).json()
    assert [(file["id"], file["attributes"]) for file in listed["data"]] == [
        (file["file_id"], file["attributes"]) for file in files
    ]
    failed = http.get(f"{path}/file_batches/{batch['id']}/files", params={"filter": "failed"}).json()
    assert [file["id"] for file in failed["data"]] == [bad]
    alone = http.post(f"{path}/file_batches", json={"file_ids": [upload(http, "photo.png", PHOTO)]}).json()
    assert ended(http, f"{path}/file_batches/{alone['id']}")["status"] == "failed"


@pytest.mark.parametrize("form", [{}, {"file_ids": ["file-none"], "files": [{"file_id": "file-none"}]}])
def test_a_batch_names_its_files_in_one_way(http: httpx.Client, path: str, form: dict[str, Any]) -> None:
    assert http.post(f"{path}/file_batches", json=form).status_code == 400


def test_a_batch_takes_so_many_files_and_no_more(http: httpx.Client, path: str) -> None:
    for count, status in ((2000, 404), (2001, 400)):
        answer = http.post(f"{path}/file_batches", json={"file_ids": [f"file-{number}" for number in range(count)]})
        assert answer.status_code == status
    assert http.get(f"{path}/file_batches/vsfb_none").status_code == 404
    assert http.get(f"{path}/files").json()["data"] == []


def test_a_cancelled_batch_ends_without_what_was_not_done(http: httpx.Client, path: str, upstream: FakeOpenAI) -> None:
    quick, slow = attach(http, path, "quick.md", b"# Quick"), upload(http, "slow.md", b"# Slow")
    calls = len(upstream.requests)
    upstream.script(Behaviour("stall_headers"))
    batch = http.post(f"{path}/file_batches", json={"file_ids": [quick, slow]}).json()
    try:
        for_a_while(lambda: len(upstream.requests) > calls)
        cancelled = http.post(f"{path}/file_batches/{batch['id']}/cancel").json()
    finally:
        upstream.release()
    assert (cancelled["id"], cancelled["status"]) == (batch["id"], "cancelled")
    assert cancelled["file_counts"] == {"in_progress": 0, "completed": 1, "failed": 0, "cancelled": 1, "total": 2}
    assert http.get(f"{path}/files/{slow}").json()["status"] == "cancelled"
    content = http.get(f"{path}/files/{slow}/content").json()
    assert "cancelled" in content["error"]["message"]


def test_searching_gives_the_hits_of_the_native_search(http: httpx.Client, path: str) -> None:
    for name, text in (("a", "The pond is deep."), ("b", "A deep sky over the house."), ("c", "Pond, and pond again.")):
        attach(http, path, f"{name}.md", f"# {name}\n\n{text}".encode(), attributes={"name": name})
    found = http.post(f"{path}/search", json={"query": "Which pond is deep?", "max_num_results": 2}).json()
    native = http.post("/search", json={"query": "Which pond is deep?", "store": store_of(path), "limit": 2}).json()
    same = ("chunk_id", "score", "filename", "page", "start", "end", "document_id", "headings", "attributes")
    assert [[hit[name] for name in same] for hit in found["data"]] == [
        [hit[name] for name in same] for hit in native["data"]
    ]
    assert [hit["quote"] for hit in found["data"]] == [hit["text"] for hit in native["data"]]
    assert len(found["data"]) == 2
    assert set(found) == {"object", "search_query", "data", "has_more", "next_page", "reranked"}
    assert found["search_query"] == ["Which pond is deep?"]
    files = {file["id"] for file in http.get(f"{path}/files").json()["data"]}
    assert {hit["file_id"] for hit in found["data"]} <= files


def test_several_queries_are_searched_for_at_once(http: httpx.Client, path: str) -> None:
    attach(http, path, "pond.md", POND)
    attach(http, path, "sky.md", b"The sky is wide.")
    found = http.post(f"{path}/search", json={"query": ["pond", "sky"], "rewrite_query": False}).json()
    assert found["search_query"] == ["pond", "sky"]
    ids = [hit["chunk_id"] for hit in found["data"]]
    assert len(ids) == len(set(ids)) == 2


def test_a_query_is_rewritten_where_that_is_asked_for(http: httpx.Client, path: str, upstream: FakeOpenAI) -> None:
    attach(http, path, "pond.md", POND)
    upstream.script(Behaviour("reply", body="depth of the pond"))
    found = http.post(f"{path}/search", json={"query": "Hello! It, how deep?", "rewrite_query": True}).json()
    assert found["search_query"] == ["depth of the pond"]
    assert found["data"]


def test_hits_below_the_threshold_are_left_out(http: httpx.Client, path: str) -> None:
    for name in ("one", "two", "three"):
        attach(http, path, f"{name}.md", f"The {name} is here.".encode())

    def scores(threshold: float) -> list[float]:
        options = {"score_threshold": threshold, "ranker": "auto"}
        answer = http.post(f"{path}/search", json={"query": "Where is the two?", "ranking_options": options})
        return [hit["score"] for hit in answer.json()["data"]]

    whole = scores(0.0)
    assert whole == sorted(whole, reverse=True)
    assert all(0 <= score <= 1 for score in whole)
    assert scores(whole[0]) == [score for score in whole if score >= whole[0]]
    assert len(scores(whole[0])) < len(whole)


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({}, "query"),
        ({"query": 5}, "query"),
        ({"query": []}, "query"),
        ({"query": " "}, "query"),
        ({"query": "a", "max_num_results": 51}, "max_num_results"),
        ({"query": "a", "ranking_options": {"score_threshold": 2}}, "ranking_options.score_threshold"),
        ({"query": "a", "ranking_options": {"ranker": "odd"}}, "ranking_options.ranker"),
        ({"query": "a", "filters": {"type": "eq", "key": "b"}}, "filters"),
    ],
)
def test_a_wrong_search_is_refused(http: httpx.Client, path: str, form: dict[str, Any], param: str) -> None:
    answer = http.post(f"{path}/search", json=form)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"].startswith(param)
