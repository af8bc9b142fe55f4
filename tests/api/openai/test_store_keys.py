"""What keys for some stores see of stores and their files, and what is left of stores that have expired."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.api.openai.stored import attached, made, upload

STORES = "/v1/vector_stores"
TEXT = b"The vault opens with 4711."


@dataclass(frozen=True, slots=True)
class House:
    keyholders: Keyholders
    folder: Path
    mine: str
    theirs: str
    their_file: str
    limited: httpx.Client
    """Has a key for the store `mine` alone."""

    @property
    def admin(self) -> httpx.Client:
        return self.keyholders.admin


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    with guarded_service(folder) as keyholders:
        mine, theirs = (made(keyholders.admin, name=name)["id"] for name in ("mine", "theirs"))
        their_file = attached(keyholders.admin, theirs, "vault.txt", TEXT)
        with keyholders.holder("documents", "search", stores=["mine"]) as limited:
            yield House(keyholders, folder, mine, theirs, their_file, limited)


def requests(store: str, file: str, batch: str) -> list[tuple[str, str, Any]]:
    """Every operation on a store and what is in it, deleting stores aside."""
    path = f"{STORES}/{store}"
    return [
        ("GET", path, None),
        ("POST", path, {"metadata": {"seen": "yes"}}),
        ("POST", f"{path}/search", {"query": "vault"}),
        ("GET", f"{path}/files", None),
        ("POST", f"{path}/files", {"file_id": file}),
        ("GET", f"{path}/files/{file}", None),
        ("POST", f"{path}/files/{file}", {"attributes": {"seen": True}}),
        ("GET", f"{path}/files/{file}/content", None),
        ("DELETE", f"{path}/files/{file}", None),
        ("POST", f"{path}/file_batches", {"file_ids": [file]}),
        ("GET", f"{path}/file_batches/{batch}", None),
        ("POST", f"{path}/file_batches/{batch}/cancel", None),
        ("GET", f"{path}/file_batches/{batch}/files", None),
        ("DELETE", path, None),
    ]


def anonymous(answer: httpx.Response, *names: str) -> str:
    text = answer.text
    for name in names:
        text = text.replace(name, "NAME")
    return text


def test_what_is_elsewhere_is_answered_like_what_is_nowhere(house: House) -> None:
    files = f"{STORES}/{house.theirs}/files"
    before = house.admin.get(files).json(), house.admin.get(f"{STORES}/{house.theirs}").json()
    batch = house.admin.post(f"{STORES}/{house.theirs}/file_batches", json={"file_ids": [house.their_file]}).json()[
        "id"
    ]
    elsewhere = requests(house.theirs, house.their_file, batch)
    nowhere = requests("vs_none", "file-none", "vsfb_none")
    for (method, path, body), (_, other_path, other_body) in zip(elsewhere, nowhere, strict=True):
        answer = house.limited.request(method, path, json=body)
        other = house.limited.request(method, other_path, json=other_body)
        assert answer.status_code == other.status_code == 404, (method, path)
        names = house.theirs, house.their_file, batch
        assert anonymous(answer, *names) == anonymous(other, "vs_none", "file-none", "vsfb_none")
    assert (house.admin.get(files).json(), house.admin.get(f"{STORES}/{house.theirs}").json()) == before


def test_lists_leave_out_what_is_elsewhere(house: House) -> None:
    page = house.limited.get(STORES).json()
    assert [store["id"] for store in page["data"]] == [house.mine]
    behind = house.limited.get(STORES, params={"after": house.theirs}).json()
    assert {store["id"] for store in behind.get("data", ())} <= {house.mine}


def test_stores_are_neither_made_nor_deleted_with_such_a_key(house: House) -> None:
    assert house.limited.post(STORES, json={"name": "new"}).status_code == 403
    assert house.limited.delete(f"{STORES}/{house.mine}").status_code == 403
    assert house.admin.get(f"{STORES}/{house.mine}").status_code == 200


def test_such_a_key_does_not_learn_which_names_are_free(house: House) -> None:
    for name in ("theirs", "default"):
        shown = house.limited.post(f"{STORES}/{house.mine}", json={"name": name}).json()
        assert shown["name"] == name
        assert house.limited.get(f"/stores/{house.mine}").json()["name"] == "mine"


def test_no_text_has_the_character_nul(house: House) -> None:
    path = f"{STORES}/{house.theirs}/files/{house.their_file}"
    for attributes in ({"a": "\0"}, {"a\0": "b"}):
        refused = house.admin.post(path, json={"attributes": attributes})
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "text")


def test_files_come_from_the_own_key_or_an_own_store(house: House) -> None:
    path = f"{STORES}/{house.mine}"
    own = attached(house.limited, house.mine, "pond.txt", b"The pond is deep.")
    (hit,) = house.limited.post(f"{path}/search", json={"query": "pond"}).json()["data"]
    assert hit["file_id"] == own
    unattached = upload(house.admin, "secret.txt", TEXT)
    for file_id in (unattached, house.their_file):
        refused = house.limited.post(f"{path}/file_batches", json={"file_ids": [own, file_id]})
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "file_not_found")
    house.admin.post(f"{path}/files", json={"file_id": unattached}).raise_for_status()
    again = house.limited.post(f"{path}/files", json={"file_id": unattached, "attributes": {"seen": True}})
    assert again.json()["attributes"] == {"seen": True}


def test_a_key_that_may_only_search_changes_nothing(house: House) -> None:
    path = f"{STORES}/{house.theirs}"
    with house.keyholders.holder("search") as reader:
        for method, target, body in requests(house.theirs, house.their_file, "vsfb_none"):
            status = reader.request(method, target, json=body).status_code
            if method != "GET" and target != f"{path}/search":
                assert status == 403, (method, target)
            elif "vsfb_none" not in target:
                assert status == 200, (method, target)


def expired(house: House) -> tuple[str, str]:
    """A store that nobody used for long, and the file in it."""
    store = made(house.admin, name="old", expires_after={"anchor": "last_active_at", "days": 1})["id"]
    file_id = attached(house.admin, store, "vault.txt", TEXT)
    with closing(sqlite3.connect(house.folder / "footnote.db", timeout=30)) as database, database:
        database.execute("UPDATE stores SET last_active_at = last_active_at - 90000 WHERE id = ?", [store])
    return store, file_id


def test_an_expired_store_says_so_whatever_is_asked_of_it(house: House) -> None:
    store, file_id = expired(house)
    shown = house.admin.get(f"{STORES}/{store}").json()
    assert (shown["status"], shown["expires_at"] - shown["last_active_at"]) == ("expired", 86_400)
    native = [
        house.admin.post("/documents", data={"store": store}, files={"file": ("a.txt", b"Late.")}),
        house.admin.post(f"{STORES}/{store}", json={"expires_after": None}),
        house.admin.post(f"{STORES}/{store}/search", json={"query": "vault"}),
        house.admin.post(f"{STORES}/{store}/files", json={"file_id": file_id}),
        house.admin.post(f"{STORES}/{store}/file_batches", json={"file_ids": [file_id]}),
    ]
    for answer in native:
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "vector_store_expired")
    assert house.admin.get(f"{STORES}/{store}").json()["status"] == "expired"
    assert house.admin.delete(f"{STORES}/{store}").status_code == 200


def test_use_keeps_a_store_from_expiring(house: House) -> None:
    store = made(house.admin, name="busy", expires_after={"anchor": "last_active_at", "days": 1})
    with closing(sqlite3.connect(house.folder / "footnote.db", timeout=30)) as database, database:
        database.execute("UPDATE stores SET last_active_at = last_active_at - 3600 WHERE id = ?", [store["id"]])
    before = house.admin.get(f"{STORES}/{store['id']}").json()
    assert before["last_active_at"] == store["last_active_at"] - 3600
    house.admin.post(f"{STORES}/{store['id']}/search", json={"query": "vault"}).raise_for_status()
    after = house.admin.get(f"{STORES}/{store['id']}").json()
    assert after["last_active_at"] >= store["last_active_at"]
    assert after["expires_at"] == after["last_active_at"] + 86_400
