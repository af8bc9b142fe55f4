"""`/v1/files`: what is kept for its own sake, who sees it, and what goes with it."""

from collections.abc import Iterator
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.api.openai.filing_upstream import FilingUpstream
from tests.serving import add

CONTENT = "The dome opens at dusk. 星图\n".encode()


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[FilingUpstream]:
    with FilingUpstream(3) as opened:
        yield opened


@pytest.fixture(scope="module")
def keyholders(elsewhere: FilingUpstream, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    folder: Path = tmp_path_factory.mktemp("data")
    limits = {"FOOTNOTE_SERVER_MAX_UPLOAD_BYTES": "1000", "FOOTNOTE_INGEST_IN_SERVICE": "false"}
    upstream = {
        "OPENAI_BASE_URL": elsewhere.base_url,
        "OPENAI_API_KEY": "sk-test",
        "FOOTNOTE_UPSTREAM_MAX_RETRIES": "0",
    }
    with guarded_service(folder, **limits, **upstream) as opened:
        yield opened


@pytest.fixture
def http(keyholders: Keyholders) -> Iterator[httpx.Client]:
    """A client that may do everything here, and nothing at the upstream."""
    with keyholders.holder("documents", "search") as client:
        yield client


def create(http: httpx.Client, name: str = "dome.txt", content: bytes = CONTENT, /, **form: str) -> httpx.Response:
    return http.post("/v1/files", data={"purpose": "assistants", **form}, files={"file": (name, content)})


def created(http: httpx.Client, name: str = "dome.txt", content: bytes = CONTENT, /, **form: str) -> dict[str, Any]:
    return dict(create(http, name, content, **form).raise_for_status().json())


def refused(response: httpx.Response) -> tuple[int, str, str | None]:
    error = response.json()["error"]
    return response.status_code, error["code"], error["param"]


def new_store(keyholders: Keyholders, name: str) -> str:
    return str(keyholders.admin.post("/stores", json={"name": name}).raise_for_status().json()["id"])


def listed(http: httpx.Client, **query: str | int) -> list[str]:
    return [file["id"] for file in http.get("/v1/files", params=query).raise_for_status().json()["data"]]


def test_a_file_is_told_as_openai_does_and_comes_back_byte_for_byte(http: httpx.Client) -> None:
    file = created(http, "dome 星.txt", purpose="user_data")
    assert file == {
        "id": file["id"],
        "object": "file",
        "bytes": len(CONTENT),
        "created_at": file["created_at"],
        "filename": "dome 星.txt",
        "purpose": "user_data",
        "status": "processed",
    }
    assert http.get(f"/v1/files/{file['id']}").json() == file
    content = http.get(f"/v1/files/{file['id']}/content")
    assert content.content == CONTENT
    assert content.headers["content-type"] == "text/plain"
    assert content.headers["content-disposition"] == "attachment; filename*=utf-8''dome%20%E6%98%9F.txt"
    assert content.headers["x-content-type-options"] == "nosniff"


def test_an_empty_file_comes_back_empty(http: httpx.Client) -> None:
    file = created(http, "empty.bin", b"")
    assert http.get(f"/v1/files/{file['id']}/content").content == b""


def test_a_file_expires_when_it_was_told_to(http: httpx.Client) -> None:
    form = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
    file = created(http, **form)
    assert file["expires_at"] == file["created_at"] + 3600


@pytest.mark.parametrize(
    ("form", "param"),
    [
        ({"expires_after[anchor]": "created_at", "expires_after[seconds]": "3599"}, "expires_after[seconds]"),
        ({"expires_after[anchor]": "now", "expires_after[seconds]": "3600"}, "expires_after[anchor]"),
        ({"expires_after[seconds]": "3600"}, "expires_after"),
        ({"expires_after[anchor]": "created_at"}, "expires_after"),
    ],
)
def test_a_wrong_expiry_is_named(http: httpx.Client, form: dict[str, str], param: str) -> None:
    status, _, named = refused(create(http, **form))
    assert (status, named) == (400, param)


def test_files_that_cannot_be_kept_are_refused_and_the_error_says_why(http: httpx.Client) -> None:
    too_large = create(http, "large.txt", bytes(1001))
    assert refused(too_large) == (413, "file_too_large", "file")
    assert "server.max_upload_bytes" in too_large.json()["error"]["message"]
    assert refused(create(http, purpose="batch")) == (400, "invalid_purpose", "purpose")
    assert refused(http.post("/v1/files", data={"purpose": "assistants"})) == (400, "missing", "file")
    assert refused(http.post("/v1/files", files={"file": ("a", b"a")})) == (400, "missing", "purpose")


def test_a_purpose_that_is_the_upstreams_goes_there_with_a_key_that_may(keyholders: Keyholders) -> None:
    with keyholders.holder("relay") as client:
        assert created(client, purpose="batch")["id"] == "file-theirs"


@pytest.mark.parametrize("path", ["", "/content"])
def test_an_unknown_file_is_not_found(http: httpx.Client, path: str) -> None:
    response = http.get("/v1/files/file-000000000000000000000000" + path)
    assert refused(response) == (404, "file_not_found", "file_id")


def test_what_came_as_a_document_is_a_file_for_assistants(keyholders: Keyholders, http: httpx.Client) -> None:
    store = new_store(keyholders, "native")
    (document,) = add(http, {"native.txt": b"native"}, store=store)
    file = http.get("/v1/files", params={"limit": 1}).json()["data"][0]
    assert (file["filename"], file["purpose"]) == ("native.txt", "assistants")
    assert http.get(f"/v1/files/{file['id']}/content").content == b"native"
    http.delete(f"/documents/{document['id']}").raise_for_status()
    assert refused(http.get(f"/v1/files/{file['id']}"))[0] == 404


def test_a_deleted_file_is_gone_with_its_documents(keyholders: Keyholders, http: httpx.Client) -> None:
    store = new_store(keyholders, "deleting")
    (document,) = add(http, {"native.txt": b"deleted with its file"}, store=store)
    (file_id,) = listed(http, limit=1)
    gone = http.delete(f"/v1/files/{file_id}")
    assert gone.json() == {"id": file_id, "object": "file", "deleted": True}
    assert http.get(f"/documents/{document['id']}").status_code == 404
    assert http.get(f"/v1/files/{file_id}").status_code == http.delete(f"/v1/files/{file_id}").status_code == 404


def test_the_list_comes_in_pages_both_ways(http: httpx.Client) -> None:
    made = {created(http, f"{number}.txt", purpose="user_data")["id"] for number in range(3)}

    def walk(order: str) -> list[str]:
        found: list[str] = []
        query: dict[str, str | int] = {"order": order, "limit": 2, "purpose": "user_data"}
        while True:
            page = http.get("/v1/files", params=query).json()
            ids = [file["id"] for file in page["data"]]
            assert (page["first_id"], page["last_id"]) == (ids[0], ids[-1])
            found += ids
            if not page["has_more"]:
                return found
            query["after"] = page["last_id"]

    assert walk("asc") == walk("desc")[::-1]
    assert made <= set(walk("asc"))
    assert set(listed(http, purpose="assistants")).isdisjoint(made)


def test_the_list_can_be_gone_through_while_it_is_deleted(http: httpx.Client) -> None:
    first, second, third = (created(http, f"{number}.txt", purpose="user_data")["id"] for number in range(3))
    for file_id in (third, second):
        assert http.delete(f"/v1/files/{file_id}").status_code == 200
    for query in ({"after": second}, {"after": third}, {"after": ""}):
        page = http.get("/v1/files", params={**query, "purpose": "user_data"}).json()
        assert page["first_id"] == first


def test_a_list_of_nothing_has_empty_ids(keyholders: Keyholders) -> None:
    with keyholders.holder("search", stores=[new_store(keyholders, "empty")]) as nobody:
        page = nobody.get("/v1/files").json()
    assert page == {"object": "list", "data": [], "first_id": "", "last_id": "", "has_more": False}


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 10_001}, {"order": "up"}])
def test_a_wrong_query_is_named(http: httpx.Client, query: dict[str, str | int]) -> None:
    status, _, param = refused(http.get("/v1/files", params=query))
    assert (status, param) == (400, next(iter(query)))


def test_the_list_goes_on_unknown_ids_only_where_somebody_knows_them(http: httpx.Client) -> None:
    assert refused(http.get("/v1/files", params={"after": "file-none"})) == (404, "file_not_found", "after")


def test_behind_our_files_come_those_of_the_upstream(keyholders: Keyholders, elsewhere: FilingUpstream) -> None:
    with keyholders.holder("documents", "search", "relay") as client:
        created(client)
        ours = listed(client, purpose="assistants") + listed(client, purpose="user_data")
        everything = listed(client)
        assert set(everything[:-3]) == set(ours)
        assert everything[-3:] == elsewhere.names

        pages: list[list[str]] = []
        query: dict[str, str | int] = {"limit": len(ours) - 1}
        while True:
            page = client.get("/v1/files", params=query).json()
            pages.append([file["id"] for file in page["data"]])
            if not page["has_more"]:
                break
            query = {"limit": 2, "after": page["last_id"]}
        assert list(chain.from_iterable(pages)) == everything
        assert listed(client, limit=len(ours)) == everything[:-3]
        assert client.get("/v1/files", params={"limit": len(ours)}).json()["has_more"]


def test_our_files_are_listed_where_the_upstream_gives_none(
    keyholders: Keyholders, http: httpx.Client, elsewhere: FilingUpstream
) -> None:
    assert not set(listed(http)) & set(elsewhere.names), "this key may not relay"
    elsewhere.broken = True
    try:
        with keyholders.holder("documents", "relay") as client:
            assert sorted(listed(client)) == sorted(listed(http)) != []
    finally:
        elsewhere.broken = False


def test_a_key_for_some_stores_finds_nothing_of_others(keyholders: Keyholders, http: httpx.Client) -> None:
    mine, other = new_store(keyholders, "mine"), new_store(keyholders, "other's")
    foreign = created(http)["id"]
    add(http, {"mine.txt": b"in my store"}, store=mine)
    (in_mine,) = listed(http, limit=1)
    with keyholders.holder("documents", "search", stores=[mine]) as client:
        own = created(client, "own.txt")["id"]
        assert sorted(listed(client)) == sorted([own, in_mine])
        for response in (
            client.get(f"/v1/files/{foreign}"),
            client.get(f"/v1/files/{foreign}/content"),
            client.delete(f"/v1/files/{foreign}"),
        ):
            assert refused(response)[:2] == (404, "file_not_found")
        gone = f"{foreign[:-1]}{'1' if foreign.endswith('0') else '0'}"
        behind = [listed(client, after=place, order="asc") for place in (foreign, gone)]
        assert behind[0] == behind[1]
        assert foreign not in behind[0]
        keyholders.admin.post(f"/v1/vector_stores/{other}/files", json={"file_id": in_mine}).raise_for_status()
        assert refused(client.delete(f"/v1/files/{in_mine}"))[:2] == (403, "permission_denied")
        client.delete(f"/v1/files/{own}").raise_for_status()
    assert http.get(f"/v1/files/{foreign}").status_code == 200


def test_a_key_needs_the_right_permission(keyholders: Keyholders, http: httpx.Client) -> None:
    file_id = created(http)["id"]
    with keyholders.holder("search") as reader, keyholders.holder("documents") as worker:
        assert refused(create(reader))[:2] == (403, "permission_denied")
        assert refused(reader.delete(f"/v1/files/{file_id}"))[:2] == (403, "permission_denied")
        assert reader.get(f"/v1/files/{file_id}/content").content == CONTENT
        assert refused(worker.get(f"/v1/files/{file_id}/content"))[:2] == (403, "permission_denied")
        assert worker.get(f"/v1/files/{file_id}").status_code == 200


def test_bytes_that_are_gone_are_told(http: httpx.Client, tmp_path_factory: pytest.TempPathFactory) -> None:
    content = b"lost"
    file_id = created(http, "lost.txt", content)["id"]
    for path in tmp_path_factory.getbasetemp().rglob(sha256(content).hexdigest()):
        path.unlink()
    response = http.get(f"/v1/files/{file_id}/content")
    assert refused(response) == (410, "file_content_missing", "file_id")
    assert "upload it again" in response.json()["error"]["message"]
