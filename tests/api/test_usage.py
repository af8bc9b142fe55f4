"""`/usage` and `/metrics`: admins see everything, other keys what is theirs."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait, service, settings_for

ADMIN = "an-admin-key-of-our-own-choosing-0123456789"
PRICES = '{"writer": {"input": 1000000, "output": 10000000}, "embedder": {"input": 0}}'


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


@pytest.fixture(scope="module")
def admin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client with an admin key of a service that asks for keys."""
    folder: Path = tmp_path_factory.mktemp("data")
    with FakeOpenAI() as upstream:
        settings = settings_for(
            folder,
            OPENAI_BASE_URL=upstream.base_url,
            OPENAI_API_KEY="sk-test-secret",
            FOOTNOTE_UPSTREAM_CHAT_MODEL="writer",
            FOOTNOTE_UPSTREAM_EMBEDDING_MODEL="embedder",
            FOOTNOTE_KEYS_REQUIRED="true",
            FOOTNOTE_KEYS_ADMIN_KEY=ADMIN,
            FOOTNOTE_USAGE_FLUSH_SECONDS="0.05",
            FOOTNOTE_USAGE_PRICES=PRICES,
        )
        with service(settings) as address, httpx.Client(base_url=address, timeout=60, headers=bearer(ADMIN)) as client:
            yield client


@pytest.fixture(scope="module")
def key(admin: httpx.Client) -> dict[str, Any]:
    """A key that may search, and has searched and asked."""
    add_and_wait(admin, {"bread.txt": b"Bread is baked at dawn."})
    made = dict(admin.post("/keys", json={"name": "web site", "permissions": ["search"]}).raise_for_status().json())
    headers = bearer(made["key"])
    for path, body in (("/search", {"query": "bread"}), ("/ask", {"question": "When is bread baked?"})):
        admin.post(path, json=body, headers=headers).raise_for_status()
    assert admin.post("/search", json={"query": "x", "store": "none"}, headers=headers).status_code == 404
    until_counted(admin, made["id"], 3)
    return made


def until_counted(http: httpx.Client, key_id: str, calls: int) -> None:
    deadline = time.monotonic() + 10
    while http.get("/usage", params={"key": key_id}).json()["total"]["calls"] < calls:
        assert time.monotonic() < deadline, "the calls are not in the ledger after ten seconds"
        time.sleep(0.05)


def usage(http: httpx.Client, **params: str) -> dict[str, Any]:
    response = http.get("/usage", params=params)
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_calls_of_a_key_are_summed_with_tokens_and_cost(admin: httpx.Client, key: dict[str, Any]) -> None:
    found = usage(admin, group_by="endpoint", key=key["id"])
    groups = {group["endpoint"]: group for group in found["data"]}
    assert groups.keys() == {"POST /search", "POST /ask"}
    assert (groups["POST /search"]["calls"], groups["POST /search"]["errors"]) == (2, 1)
    ask = groups["POST /ask"]
    assert ask["input_tokens"] > 0
    assert ask["output_tokens"] > 0
    assert ask["cost_usd"] > 10 * ask["output_tokens"]
    assert found["total"]["calls"] == 3
    assert found["total"]["cost_usd"] == ask["cost_usd"]
    assert found["total"]["unpriced_calls"] == 0


def test_groups_have_what_was_asked_for_and_no_more(admin: httpx.Client, key: dict[str, Any]) -> None:
    found = usage(admin, group_by="key, model,day", model="writer")
    assert found["group_by"] == ["key", "model", "day"]
    (group,) = found["data"]
    assert (group["key"], group["key_name"], group["model"]) == (key["id"], "web site", "writer")
    assert group["day"] == datetime.now(UTC).date().isoformat()
    assert group.keys().isdisjoint({"endpoint", "upstream"})


@pytest.mark.parametrize("span", [{"from": "2030-01-01"}, {"to": "2020-01-01"}, {"from": "4000000000"}])
def test_calls_outside_the_span_are_left_out(admin: httpx.Client, key: dict[str, Any], span: dict[str, str]) -> None:
    assert usage(admin, key=key["id"], **span)["total"]["calls"] == 0


def test_a_key_that_is_no_admin_sees_its_own_calls_alone(admin: httpx.Client, key: dict[str, Any]) -> None:
    headers = bearer(key["key"])
    found = admin.get("/usage", params={"group_by": "key"}, headers=headers).json()
    assert {group["key"] for group in found["data"]} == {key["id"]}
    calls = admin.get("/usage/calls", params={"limit": 100}, headers=headers).json()["data"]
    assert {call["key_id"] for call in calls} == {key["id"]}
    assert len({group["key"] for group in usage(admin, group_by="key")["data"]}) > 1
    for path in ("/usage", "/usage/calls"):
        assert admin.get(path, params={"key": "key_settings"}, headers=headers).status_code == 403


def test_single_calls_come_page_by_page_the_newest_first(admin: httpx.Client, key: dict[str, Any]) -> None:
    seen: list[dict[str, Any]] = []
    params = {"key": key["id"], "limit": "2", "model": ""}
    del params["model"]
    while True:
        page = admin.get("/usage/calls", params=params).json()
        seen += page["data"]
        if not page["has_more"]:
            break
        params["after"] = page["last_id"]
    times = [call["at"] for call in seen]
    assert times == sorted(times, reverse=True)
    assert len({call["id"] for call in seen}) == len(seen) >= 3
    by_endpoint = {(call["endpoint"], call["status"]): call for call in seen}
    assert by_endpoint["POST /search", 404]["error"] == "store_not_found"
    ask = by_endpoint["POST /ask", 200]
    assert (ask["model"], ask["upstream"]) == ("writer", "default")


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("/usage", {"group_by": "colour"}, 400),
        ("/usage", {"from": "yesterday"}, 400),
        ("/usage", {"limit": "0"}, 400),
        ("/usage/calls", {"after": "call_none"}, 404),
    ],
)
def test_questions_that_make_no_sense_are_refused(
    admin: httpx.Client, path: str, params: dict[str, str], status: int
) -> None:
    response = admin.get(path, params=params)
    assert response.status_code == status
    assert response.json()["error"]["message"]


@pytest.mark.parametrize("stream", [False, True])
def test_relayed_calls_are_counted_until_the_budget_of_their_key_is_spent(admin: httpx.Client, stream: bool) -> None:
    form = {"name": "limited", "permissions": ["relay"], "monthly_budget_usd": 1.0}
    made = admin.post("/keys", json=form).raise_for_status().json()
    chat = {"model": "writer", "messages": [{"role": "user", "content": "two words"}], "stream": stream}
    headers = bearer(made["key"])
    assert admin.post("/v1/chat/completions", json=chat, headers=headers).status_code == 200
    until_counted(admin, made["id"], 1)
    (call,) = admin.get("/usage/calls", params={"key": made["id"]}).json()["data"]
    assert (call["endpoint"], call["streamed"]) == ("POST /v1/chat/completions", stream)
    assert (call["model"], call["upstream"], call["status"]) == ("writer", "default", 200)
    assert call["input_tokens"] == 2
    assert call["cost_usd"] == 2 + 10 * call["output_tokens"]
    assert 0 < call["first_byte_seconds"] <= call["seconds"]
    refused = admin.post("/v1/chat/completions", json=chat, headers=headers)
    assert (refused.status_code, refused.json()["error"]["code"]) == (429, "insufficient_quota")
    until_counted(admin, made["id"], 2)
    (group,) = usage(admin, group_by="upstream", key=made["id"], model="writer")["data"]
    assert group["upstream"] == "default"


def test_metrics_tell_of_calls_queue_and_ledger(admin: httpx.Client, key: dict[str, Any]) -> None:
    del key
    response = admin.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = response.text
    for line in (
        'footnote_requests_total{endpoint="POST /ask",status="200"} 1.0',
        'footnote_jobs{status="completed"} 1.0',
        "footnote_ledger_rows_lost_total 0.0",
        'gen_ai_client_token_usage_count{gen_ai_operation_name="chat",gen_ai_provider_name="',
        'footnote_upstream_up{upstream="default"} 1.0',
        "process_resident_memory_bytes",
    ):
        assert line in text
    background = 'gen_ai_operation_name="embeddings",gen_ai_provider_name="",gen_ai_request_model="embedder"'
    assert f'gen_ai_client_token_usage_count{{{background},gen_ai_token_type="input"}}' in text


def test_metrics_need_their_permission(admin: httpx.Client, key: dict[str, Any]) -> None:
    assert admin.get("/metrics", headers=bearer(key["key"])).status_code == 403
    meter = admin.post("/keys", json={"name": "prometheus", "permissions": ["metrics"]}).json()["key"]
    assert admin.get("/metrics", headers=bearer(meter)).status_code == 200
    assert admin.get("/usage", headers=bearer(meter)).status_code == 200
