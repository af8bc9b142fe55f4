from typing import Any

import httpx
import pytest

from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait

BAD_REQUESTS: list[tuple[str, str, dict[str, Any], int, str | None]] = [
    ("POST", "/search", {"json": {}}, 400, "query"),
    ("POST", "/search", {"json": {"query": "  "}}, 400, "query"),
    ("POST", "/search", {"json": {"query": "x", "limit": 0}}, 400, "limit"),
    ("POST", "/search", {"json": {"query": "x", "limmit": 3}}, 400, "limmit"),
    ("POST", "/search", {"json": {"query": "x", "mode": "magic"}}, 400, "mode"),
    ("POST", "/search", {"content": b"{not json"}, 400, None),
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


def nested(depth: int) -> str:
    return '{"type": "and", "filters": [' * depth + '{"type": "eq", "key": "a", "value": 1}' + "]}" * depth


@pytest.mark.parametrize("depth", [20, 200, 20_000])
def test_a_filter_nested_too_deeply_is_the_callers_fault(http: httpx.Client, depth: int) -> None:
    response = http.post("/search", content=f'{{"query": "x", "filter": {nested(depth)}}}')
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
    ("behaviour", "status", "code"),
    [
        (Behaviour("status", status=401, body={"error": {"message": "Incorrect API key sk-test-secret"}}), 502, "auth"),
        (Behaviour("status", status=429, headers={"Retry-After": "999"}), 429, "rate_limited"),
        (Behaviour("status", status=400, body={"error": {"message": "No."}}), 502, "rejected"),
        (Behaviour("malformed_json"), 502, "failed"),
    ],
    ids=["key refused", "rate limited", "rejected", "malformed"],
)
def test_an_upstream_that_fails_is_named_without_secrets(
    http: httpx.Client, upstream: FakeOpenAI, store: str, behaviour: Behaviour, status: int, code: str
) -> None:
    add_and_wait(http, {"a.txt": b"The dome is opened an hour before."}, store=store)
    upstream.script(behaviour)
    response = http.post("/search", json={"query": f"dome {code}", "store": store})
    assert response.status_code == status
    assert code in response.json()["error"]["code"]
    assert "sk-test-secret" not in response.text
