from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait, service, settings_for, settled

BAD_REQUESTS: list[tuple[str, str, dict[str, Any], int, str | None]] = [
    ("POST", "/search", {"json": {}}, 400, "query"),
    ("POST", "/search", {"json": {"query": "  "}}, 400, "query"),
    ("POST", "/search", {"json": {"query": "x", "limit": 0}}, 400, "limit"),
    ("POST", "/search", {"json": {"query": "x", "limmit": 3}}, 400, "limmit"),
    ("POST", "/search", {"json": {"query": "x", "mode": "magic"}}, 400, "mode"),
    ("POST", "/search", {"content": b"{not json", "headers": {"Content-Type": "application/json"}}, 400, None),
    ("POST", "/search", {"json": {"query": "x", "store": "nowhere"}}, 404, "store"),
    ("POST", "/ask", {"json": {"question": "x", "store": "nowhere", "stream": True}}, 404, "store"),
    ("POST", "/documents", {"data": {}}, 400, "file"),
    ("POST", "/documents", {"files": {"file": ("a.txt", b"x")}, "data": {"attributes": "[1]"}}, 400, "attributes"),
    ("POST", "/documents", {"files": {"file": ("a.txt", b"x")}, "data": {"attributes": "{"}}, 400, "attributes"),
    ("POST", "/documents", {"files": {"file": ("a.txt", b"x")}, "data": {"store": "nowhere"}}, 404, "store"),
    ("POST", "/documents", {"files": {"file": ("a.txt", b"x" * 100_001)}}, 413, "file"),
    ("GET", "/documents/doc_none", {}, 404, "document"),
    ("GET", "/documents?status=lost", {}, 400, "status"),
    ("POST", "/stores", {"json": {"name": " "}}, 400, "name"),
    (
        "POST",
        "/stores",
        {"json": {"name": "x", "chunk_max_tokens": 100, "chunk_overlap_tokens": 80}},
        400,
        "chunk_overlap_tokens",
    ),
    ("POST", "/stores", {"json": {"name": "x", "chunk_overlap_tokens": 401}}, 400, "chunk_overlap_tokens"),
    ("POST", "/stores", {"json": {"name": "a/b"}}, 400, "name"),
    ("DELETE", "/stores/nowhere", {}, 404, "store"),
    ("GET", "/nothing/here", {}, 404, None),
    ("PATCH", "/search", {}, 405, None),
]


@pytest.mark.parametrize(("method", "path", "arguments", "status", "param"), BAD_REQUESTS)
def test_every_bad_request_gets_a_reason_in_openais_shape(
    http: httpx.Client, method: str, path: str, arguments: dict[str, Any], status: int, param: str | None
) -> None:
    response = http.request(method, path, **arguments)
    assert response.status_code == status
    assert set(response.json()) == {"error"}
    error = response.json()["error"]
    assert set(error) == {"message", "type", "param", "code"}
    assert error["type"] == "invalid_request_error"
    assert len(error["message"]) > 10
    assert (error["param"] or "").split(".")[0] == (param or "")


JSON = {"Content-Type": "application/json"}


def nested(depth: int) -> str:
    return '{"type": "and", "filters": [' * depth + '{"type": "eq", "key": "a", "value": 1}' + "]}" * depth


@pytest.mark.parametrize("depth", [20, 200, 20_000])
def test_a_filter_nested_too_deeply_is_the_callers_fault(http: httpx.Client, depth: int) -> None:
    response = http.post("/search", content=f'{{"query": "x", "filter": {nested(depth)}}}', headers=JSON)
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "condition",
    [
        {"type": "eq", "key": "a"},
        {"type": "like", "key": "a", "value": "x"},
        {"type": "and", "filters": []},
        {"type": "eq", "key": "a", "value": {"b": 1}},
        "year = 2024",
    ],
    ids=["no value", "unknown operator", "nothing to join", "an object as value", "a text"],
)
def test_a_bad_filter_is_the_callers_fault(http: httpx.Client, condition: Any) -> None:
    response = http.post("/search", json={"query": "x", "filter": condition})
    assert response.status_code == 400
    assert response.json()["error"]["type"] == "invalid_request_error"


def test_a_store_name_is_taken_once(http: httpx.Client, store: str) -> None:
    response = http.post("/stores", json={"name": store})
    assert response.status_code == 409
    assert response.json()["error"]["code"] == "name_taken"


def test_every_answer_has_a_request_id_and_a_sane_one_is_kept(http: httpx.Client) -> None:
    assert http.get("/healthz").headers["x-request-id"].startswith("req_")
    assert http.get("/nothing", headers={"x-request-id": "mine-1"}).headers["x-request-id"] == "mine-1"
    assert http.get("/healthz", headers={"x-request-id": "a b"}).headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize(
    ("behaviours", "status", "code"),
    [
        ([Behaviour("status", status=401, body={"error": {"message": "No: sk-test-secret"}})], 502, "auth"),
        ([Behaviour("status", status=429, headers={"Retry-After": "2"})], 429, "rate_limited"),
        ([Behaviour("status", status=400, body={"error": {"message": "No."}})], 502, "rejected"),
        ([Behaviour("malformed_json")] * 2, 502, "failed"),  # tried once more
    ],
    ids=["key refused", "rate limited", "rejected", "malformed"],
)
def test_an_upstream_that_fails_is_named_without_secrets(
    http: httpx.Client, upstream: FakeOpenAI, store: str, behaviours: list[Behaviour], status: int, code: str
) -> None:
    add_and_wait(http, {"a.txt": b"The dome is opened an hour before."}, store=store)
    upstream.script(*behaviours)
    response = http.post("/search", json={"query": f"dome {code}", "store": store})
    assert response.status_code == status
    assert code in response.json()["error"]["code"]
    assert "sk-test-secret" not in response.text


def form(attributes: str) -> dict[str, Any]:
    return {"files": {"file": ("a.txt", b"x")}, "data": {"attributes": attributes}}


@pytest.mark.parametrize(
    "attributes",
    ['{"a": NaN}', '{"a": Infinity}', '{"a": -1e999}', '{"a": 9007199254740993}', '{"a": -1' + "0" * 400 + "}"],
)
def test_a_number_that_nothing_can_be_compared_with_is_the_callers_fault(http: httpx.Client, attributes: str) -> None:
    response = http.post("/documents", **form(attributes))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_attributes")
    assert "a: " in response.json()["error"]["message"]


def test_attributes_nested_too_deeply_are_the_callers_fault(http: httpx.Client) -> None:
    response = http.post("/documents", **form('{"a": ' + "[" * 50_000 + "]" * 50_000 + "}"))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "invalid_attributes")


@pytest.mark.parametrize("value", ["NaN", "1e999", "9007199254740993", "[1, NaN]", "[-9007199254740993]"])
def test_a_filter_with_such_a_number_is_too(http: httpx.Client, value: str) -> None:
    condition = f'{{"type": "{"in" if "[" in value else "eq"}", "key": "a", "value": {value}}}'
    response = http.post("/search", content=f'{{"query": "x", "filter": {condition}}}', headers=JSON)
    assert response.status_code == 400
    assert response.json()["error"]["code"] in {"finite_number", "exact_number"}


def test_the_largest_integers_are_kept_as_they_are(http: httpx.Client, store: str) -> None:
    (document,) = add_and_wait(http, {"a.txt": b"x"}, store=store, attributes='{"a": -9007199254740992, "b": 1.5}')
    assert document["attributes"] == {"a": -9007199254740992, "b": 1.5}


@pytest.mark.parametrize("name", [".", "..", "vs_mine", "a\u0007b", "a\u2028b", "a\u202eb"])
def test_a_store_name_that_misleads_is_refused(http: httpx.Client, name: str) -> None:
    response = http.post("/stores", json={"name": name})
    assert (response.status_code, response.json()["error"]["param"]) == (400, "name")
    assert "printable" in response.json()["error"]["message"]


def test_a_page_after_a_document_that_is_not_in_the_store_is_not_found(http: httpx.Client, store: str) -> None:
    (elsewhere,) = add_and_wait(http, {"elsewhere.txt": b"In the default store."})
    for after in ("doc_none", elsewhere["id"]):
        error = http.get("/documents", params={"store": store, "after": after}).json()["error"]
        assert (error["code"], error["param"]) == ("document_not_found", "after")


def test_a_disk_that_fails_one_file_is_told_and_the_others_are_searchable(upstream: FakeOpenAI, tmp_path: Path) -> None:
    good, bad = b"The dome is opened.", b"The mirror is cleaned."
    settings = settings_for(tmp_path, OPENAI_BASE_URL=upstream.base_url, OPENAI_API_KEY="sk-test-secret")
    with service(settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        (tmp_path / "files" / sha256(bad).hexdigest()[:2]).write_bytes(b"in the way of a folder")
        files = [("file", ("good.txt", good)), ("file", ("bad.txt", bad))]
        response = client.post("/documents", files=files)
        assert (response.status_code, response.json()["error"]["code"]) == (507, "storage_failed")
        assert str(tmp_path) not in response.text
        (kept,) = client.get("/documents").json()["data"]
        assert settled(client, kept["id"])["status"] == "completed"


def test_head_of_the_health_pages_answers_like_get(http: httpx.Client) -> None:
    for path in ("/healthz", "/readyz"):
        response = http.head(path)
        assert (response.status_code, response.content) == (200, b"")
