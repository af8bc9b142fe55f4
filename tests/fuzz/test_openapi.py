"""Requests made up from our own OpenAPI description: whatever is asked, the service has an answer to it."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from api.app import create_app
from settings import load_settings
from tests.fakes.openai_server import FakeOpenAI
from tests.serving import add_and_wait, service, settings_for

EXAMPLES = 3
ENDLESS = {"/events", "/documents/{document_id}/events"}
"""Streams that have no end of their own."""
RECURSIVE = {"/search", "/ask", "/v1/vector_stores/{vector_store_id}/search", "/v1/responses"}
"""Their filters hold filters: to find out what does not fit takes seconds, and test_filters.py has it."""
DESCRIPTION = create_app(load_settings({})).openapi()
SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)
_MADE: list[Any] = list(SCHEMA.get_all_operations())
OPERATIONS: dict[str, Any] = {
    found.label: found for found in (made.ok() for made in _MADE) if found.path not in ENDLESS
}


@dataclass(frozen=True)
class Target:
    """A running service with something of each kind."""

    address: str
    session: requests.Session
    known: dict[str, str]
    """Ids of things that are there, by the names that parameters have for them."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    folder: Path = tmp_path_factory.mktemp("data")
    with FakeOpenAI() as fake:
        chosen = settings_for(folder, OPENAI_BASE_URL=fake.base_url, FOOTNOTE_RELAY_ENABLED="false")
        with service(chosen) as address, httpx.Client(base_url=address, timeout=60) as http, requests.Session() as s:
            yield Target(address, s, _things(http))


def _things(http: httpx.Client) -> dict[str, str]:
    (document,) = add_and_wait(http, {"note.md": b"# Opening\n\nOpen on Fridays."})
    kept = _made(http.post("/v1/files", files={"file": ("kept.txt", b"Kept.")}, data={"purpose": "assistants"}))
    store = _made(http.post("/v1/vector_stores", json={"name": "fuzzed"}))
    batch = _made(http.post(f"/v1/vector_stores/{store}/file_batches", json={"file_ids": [kept]}))
    upload = {"filename": "a.txt", "purpose": "assistants", "bytes": 3, "mime_type": "text/plain"}
    return {
        "document_id": document["id"],
        "job_id": document["job"]["id"],
        "store": "default",
        "file_id": kept,
        "vector_store_id": store,
        "batch_id": batch,
        "upload_id": _made(http.post("/v1/uploads", json=upload)),
        "response_id": _made(http.post("/v1/responses", json={"model": "store/default", "input": "When?"})),
        "key_id": _made(http.post("/keys", json={"name": "fuzzed", "permissions": ["search"]})),
        "model": "store/default",
    }


def _made(answer: httpx.Response) -> str:
    assert answer.is_success, answer.text
    return str(answer.json()["id"])


def _cases(operation: Any, known: dict[str, str]) -> st.SearchStrategy[Any]:
    """Requests that fit the description, most of them about things that are there, and requests that do not fit it."""
    about = {name: known[name] for name in known if f"{{{name}}}" in operation.path}
    near = operation.as_strategy(path_parameters=about if operation.method != "delete" else None)
    about_things = near.map(lambda case: _about_things(case, known))
    if operation.path in RECURSIVE:
        return st.one_of(about_things, near)
    return st.one_of(about_things, near, operation.as_strategy(schemathesis.GenerationMode.NEGATIVE))


def _about_things(case: Any, known: dict[str, str]) -> Any:
    """The request with things that are there wherever its body names some."""
    values = {**known, "purpose": "assistants", "filename": "a.txt"}
    lists = {
        "file_ids": [known["file_id"]],
        "vector_store_ids": [known["vector_store_id"]],
        "previous_response_id": None,
    }
    case.body = _replaced(case.body, {**values, **lists})
    return case


def _replaced(value: Any, values: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: values[name] if name in values else _replaced(one, values) for name, one in value.items()}
    return [_replaced(one, values) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("label", OPERATIONS)
def test_nothing_that_is_asked_is_an_error_of_ours(target: Target, label: str) -> None:
    operation = OPERATIONS[label]

    @seed(1)
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(_cases(operation, target.known))
    def ask(case: Any) -> None:
        answer = case.call(base_url=target.address, session=target.session, timeout=30)
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            assert set(json.loads(answer.text)["error"]) == {"message", "type", "param", "code"}, answer.text

    ask()
