"""Keys are made, changed, rotated and revoked by admins alone, and shown once."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        yield opened


def test_a_key_is_shown_once(guarded: Keyholders) -> None:
    answer = guarded.admin.post("/keys", json={"name": "web site"})
    made = answer.json()
    assert answer.headers["cache-control"] == "no-store"
    assert made["key"].startswith("sk-fn-")
    assert made["hint"] == made["key"][-4:]
    assert made["permissions"] == ["documents", "search", "relay"]
    for path in ("/keys", f"/keys/{made['id']}"):
        assert made["key"] not in guarded.admin.get(path).text
    assert guarded.admin.get(f"/keys/{made['id']}").json() == {k: v for k, v in made.items() if k != "key"}


def test_only_what_is_named_changes_and_null_takes_a_limit_away(guarded: Keyholders) -> None:
    made = guarded.key("search", requests_per_minute=5, models=["gpt-*"])
    path = f"/keys/{made['id']}"
    changed = guarded.admin.patch(path, json={"name": "renamed", "requests_per_minute": None}).json()
    assert changed == {k: v for k, v in made.items() if k != "key"} | {"name": "renamed", "requests_per_minute": None}
    with guarded.client(made["key"]) as holder:
        assert holder.post("/documents", files={"file": ("a.txt", b"x")}).status_code == 403
        guarded.admin.patch(path, json={"permissions": ["documents"]})
        assert holder.post("/documents", files={"file": ("a.txt", b"x")}).status_code == 202


def test_stores_may_be_named_and_are_kept_by_id(guarded: Keyholders) -> None:
    store = guarded.admin.post("/stores", json={"name": "named"}).json()
    assert guarded.key("search", stores=["named"])["stores"] == [store["id"]]
    answer = guarded.admin.post("/keys", json={"name": "x", "stores": ["no such store"]})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "store_not_found")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"name": ""},
        {"name": "x", "permissions": []},
        {"name": "x", "permissions": ["root"]},
        {"name": "x", "stores": []},
        {"name": "x", "requests_per_minute": 0},
        {"name": "x", "monthly_budget_usd": -1},
        {"name": "x", "expires_at": 1},
        {"name": "x", "scopes": ["search"]},
        {"name": "x", "permissions": ["admin"], "stores": ["default"]},
    ],
)
def test_nonsense_is_refused(guarded: Keyholders, form: dict[str, Any]) -> None:
    guarded.admin.get("/stores/default")
    assert guarded.admin.post("/keys", json=form).status_code == 400


@pytest.mark.parametrize("change", [{"name": ""}, {"name": None}, {"permissions": []}, {"permissions": None}])
def test_a_key_keeps_a_name_and_a_permission(guarded: Keyholders, change: dict[str, Any]) -> None:
    assert guarded.admin.patch(f"/keys/{guarded.key()['id']}", json=change).status_code == 400


def test_a_revoked_key_stays_listed_and_cannot_come_back(guarded: Keyholders) -> None:
    made = guarded.key()
    guarded.admin.delete(f"/keys/{made['id']}")
    assert guarded.admin.delete(f"/keys/{made['id']}").status_code == 200
    listed = next(key for key in guarded.admin.get("/keys").json()["data"] if key["id"] == made["id"])
    assert listed["revoked_at"] <= time.time()
    for answer in (
        guarded.admin.patch(f"/keys/{made['id']}", json={"name": "x"}),
        guarded.admin.post(f"/keys/{made['id']}/rotate"),
    ):
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "key_revoked")


def test_the_last_admin_cannot_lock_everybody_out(guarded: Keyholders) -> None:
    admin = guarded.key("admin")
    with guarded.client(admin["key"]) as alone:
        for answer in (
            alone.delete(f"/keys/{admin['id']}"),
            alone.patch(f"/keys/{admin['id']}", json={"permissions": ["search"]}),
        ):
            assert (answer.status_code, answer.json()["error"]["code"]) == (409, "last_admin_key")
        assert alone.get("/keys").status_code == 200
        alone.post("/keys", json={"name": "another", "permissions": ["admin"]})
        assert alone.delete(f"/keys/{admin['id']}").status_code == 200


def test_the_last_use_is_known(guarded: Keyholders) -> None:
    made = guarded.key()
    assert made["last_used_at"] is None
    with guarded.client(made["key"]) as holder:
        holder.get("/stores")
    assert guarded.admin.get(f"/keys/{made['id']}").json()["last_used_at"] == pytest.approx(time.time(), abs=60)


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_key_that_is_not_there_is_not_found(guarded: Keyholders, method: str) -> None:
    answer = guarded.admin.request(method, "/keys/key_none", json={"name": "x"} if method == "PATCH" else None)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "key_not_found")
    assert guarded.admin.post("/keys/key_none/rotate").status_code == 404


@pytest.mark.parametrize("permission", ["documents", "search", "relay", "metrics"])
def test_nobody_else_sees_or_changes_keys(guarded: Keyholders, permission: str) -> None:
    made = guarded.key(permission)
    path = f"/keys/{made['id']}"
    with guarded.client(made["key"]) as holder:
        answers = [holder.get("/keys"), holder.get(path), holder.delete(path), holder.post(f"{path}/rotate")]
        answers += [holder.post("/keys", json={"name": "x"}), holder.patch(path, json={"permissions": ["admin"]})]
    assert {answer.status_code for answer in answers} == {403}
    assert guarded.admin.get(path).json()["permissions"] == [permission]
