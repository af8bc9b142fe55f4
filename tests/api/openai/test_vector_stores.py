from typing import Any

import httpx
import pytest

from tests.api.openai.stored import attached, made, upload
from tests.serving import add_and_wait

STORES = "/v1/vector_stores"


def test_a_store_is_told_as_it_was_described(http: httpx.Client) -> None:
    form = {
        "name": "Hand/book",
        "description": "What one must know",
        "metadata": {"team": "北"},
        "expires_after": {"anchor": "last_active_at", "days": 3},
        "unheard_of": True,
    }
    store = made(http, **form)
    assert {name: store[name] for name in form if name in store} == {
        name: value for name, value in form.items() if name != "unheard_of"
    }
    assert store["expires_at"] == store["last_active_at"] + 3 * 86_400
    assert store["status"] == "completed"
    assert store["file_counts"] == {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0}
    assert http.get(f"{STORES}/{store['id']}").json() == store


def test_a_bare_store_has_no_expiry_and_an_empty_name(http: httpx.Client) -> None:
    store = made(http)
    assert (store["name"], store["metadata"], store["expires_at"]) == ("", {}, None)
    assert "expires_after" not in store


def test_a_name_is_the_native_one_where_it_is_free(http: httpx.Client) -> None:
    first, second = made(http, name="twice"), made(http, name="twice")
    assert first["name"] == second["name"] == "twice"
    assert http.get("/stores/twice").json()["id"] == first["id"]
    assert http.get(f"/stores/{second['id']}").json()["name"] == second["id"]
    http.post(f"{STORES}/{first['id']}", json={"name": "renamed"}).raise_for_status()
    assert http.get("/stores/renamed").json()["id"] == first["id"]
    assert http.get("/stores/twice").status_code == 404


def test_what_a_change_leaves_out_stays(http: httpx.Client) -> None:
    store = made(http, name="steady", metadata={"a": "b"}, expires_after={"anchor": "last_active_at", "days": 1})
    path = f"{STORES}/{store['id']}"
    assert http.post(path, json={}).json() == store
    changed = http.post(path, json={"metadata": {"c": "d"}, "name": None}).json()
    assert changed == store | {"metadata": {"c": "d"}}
    never = http.post(path, json={"expires_after": None, "metadata": None}).json()
    assert (never["metadata"], never["expires_at"], never["name"]) == ({}, None, "steady")


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days"),
        ({"expires_after": {"anchor": "created_at", "days": 1}}, "expires_after.anchor"),
        ({"metadata": {f"key{n}": "" for n in range(17)}}, "metadata"),
        ({"metadata": {"a": "b" * 513}}, "metadata.a"),
        ({"name": "a\0b"}, "name"),
        ({"file_ids": ["file-none"] * 501}, "file_ids"),
        ({"chunking_strategy": {"type": "static"}}, "chunking_strategy.static.static"),
    ],
)
def test_a_wrong_field_is_named(http: httpx.Client, form: dict[str, Any], param: str) -> None:
    answer = http.post(STORES, json=form)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_a_store_comes_with_its_files_or_not_at_all(http: httpx.Client) -> None:
    file_id = upload(http, "pond.txt", b"The pond is deep.")
    before = http.get(STORES, params={"limit": 100}).json()
    answer = http.post(STORES, json={"name": "whole", "file_ids": [file_id, "file-none"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "file_not_found")
    assert http.get(STORES, params={"limit": 100}).json() == before
    chunking = {"type": "static", "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 100}}
    store = made(http, name="whole", file_ids=[file_id], chunking_strategy=chunking)
    assert store["file_counts"]["total"] == 1
    (file,) = http.get(f"{STORES}/{store['id']}/files").json()["data"]
    assert (file["id"], file["chunking_strategy"]) == (file_id, chunking)


def test_usage_is_that_of_the_files_that_can_be_found(http: httpx.Client) -> None:
    store = made(http)
    attached(http, store["id"], "pond.txt", b"The pond is deep.")
    attached(http, store["id"], "photo.png", b"\x89PNG\r\n\x1a\n" + b"\0" * 50)
    (native,) = add_and_wait(http, {"sky.txt": b"The sky is wide."}, store=store["id"])
    shown = http.get(f"{STORES}/{store['id']}").json()
    assert shown["file_counts"] == {"in_progress": 0, "completed": 2, "failed": 1, "cancelled": 0, "total": 3}
    files = http.get(f"{STORES}/{store['id']}/files").json()["data"]
    assert shown["usage_bytes"] == sum(file["usage_bytes"] for file in files) == 33
    assert native["file_id"] in {file["id"] for file in files}


def test_lists_go_both_ways(http: httpx.Client) -> None:
    ids = [made(http, name=f"listed {number}")["id"] for number in range(3)]

    def listed(**asked: Any) -> tuple[list[str], bool]:
        page = http.get(STORES, params=asked).json()
        found = [store["id"] for store in page["data"]]
        assert (page["first_id"], page["last_id"]) == ((found[0], found[-1]) if found else ("", ""))
        return found, page["has_more"]

    whole, _ = listed(limit=100)
    assert set(ids) <= set(whole)
    assert listed(limit=100, order="asc")[0] == whole[::-1]
    assert listed(limit=2) == (whole[:2], True)
    assert listed(limit=2, after=whole[0]) == (whole[1:3], len(whole) > 3)
    assert listed(limit=2, before=whole[3]) == (whole[1:3], True)
    assert listed(limit=9, before=whole[2]) == (whole[:2], False)
    assert listed(after=whole[-1]) == ([], False)
    assert http.get(STORES, params={"after": "vs_none"}).json()["error"]["param"] == "after"
    assert http.get(STORES, params={"limit": 0}).status_code == 400


def test_a_list_can_be_gone_through_while_it_is_deleted(http: httpx.Client) -> None:
    first, second, third = (made(http)["id"] for _ in range(3))
    page = http.get(STORES, params={"limit": 1, "after": third}).json()
    assert http.delete(f"{STORES}/{second}").status_code == 200
    behind = http.get(STORES, params={"limit": 1, "after": page["last_id"]}).json()
    before = http.get(STORES, params={"limit": 1, "before": second}).json()
    assert [page["last_id"], behind["first_id"], before["first_id"]] == [second, first, third]
    assert http.get(STORES, params={"limit": 1, "after": ""}).json()["first_id"] == third
    assert http.get(STORES, params={"after": "vs_" + "f" * 24}).status_code == 404


def test_half_a_character_is_no_files_id(http: httpx.Client) -> None:
    answer = http.post(STORES, content=b'{"file_ids": ["\\ud800"]}', headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_value")


def test_a_deleted_store_is_gone_and_its_files_stay(http: httpx.Client) -> None:
    store = made(http)
    file_id = attached(http, store["id"], "pond.txt", b"The pond is deep.")
    batch = http.post(f"{STORES}/{store['id']}/file_batches", json={"file_ids": [file_id]})
    assert batch.status_code == 200
    deleted = http.delete(f"{STORES}/{store['id']}").json()
    assert deleted == {"id": store["id"], "object": "vector_store.deleted", "deleted": True}
    answer = http.get(f"{STORES}/{store['id']}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "vector_store_not_found")
    assert http.get(f"/v1/files/{file_id}").json()["filename"] == "pond.txt"
