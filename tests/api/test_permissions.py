"""Every route asks its caller for the right permission, before it reads anything."""

from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection

import pytest
from fastapi import APIRouter
from fastapi.routing import APIRoute, iter_route_contexts
from starlette.routing import Route

from api.app import create_app
from api.permissions import GuardedRoute
from settings import load_settings
from tests.api.keyholders import Keyholders, guarded_service
from tests.fakes.openai_server import FakeOpenAI

NEEDED = {
    "GET /healthz": "",
    "HEAD /healthz": "",
    "GET /readyz": "",
    "HEAD /readyz": "",
    "POST /documents": "documents",
    "GET /documents": "documents search",
    "PUT /documents/{document_id}": "documents",
    "GET /documents/{document_id}": "documents search",
    "POST /documents/{document_id}": "documents",
    "DELETE /documents/{document_id}": "documents",
    "GET /documents/{document_id}/content": "search",
    "POST /documents/{document_id}/cancel": "documents",
    "POST /documents/{document_id}/retry": "documents",
    "GET /documents/{document_id}/events": "documents",
    "GET /events": "documents",
    "GET /jobs": "documents",
    "POST /jobs/retry": "documents",
    "GET /jobs/{job_id}": "documents",
    "POST /search": "search",
    "POST /ask": "search",
    "POST /stores": "documents",
    "GET /stores": "documents search",
    "GET /stores/{store}": "documents search",
    "DELETE /stores/{store}": "documents",
    "POST /stores/{store}/reembed": "documents",
    "GET /stores/{store}/reembed": "documents",
    "DELETE /stores/{store}/reembed": "documents",
    "POST /keys": "admin",
    "GET /keys": "admin",
    "GET /keys/{key_id}": "admin",
    "PATCH /keys/{key_id}": "admin",
    "DELETE /keys/{key_id}": "admin",
    "POST /keys/{key_id}/rotate": "admin",
    "GET /backup": "admin",
    "GET /usage": "",
    "GET /usage/calls": "",
    "GET /metrics": "metrics",
    "POST /mcp": "search",
    "POST /v1/files": "documents",
    "GET /v1/files": "documents search",
    "GET /v1/files/{file_id}": "documents search",
    "GET /v1/files/{file_id}/content": "search",
    "DELETE /v1/files/{file_id}": "documents",
    "POST /v1/uploads": "documents",
    "POST /v1/uploads/{upload_id}/parts": "documents",
    "POST /v1/uploads/{upload_id}/complete": "documents",
    "POST /v1/uploads/{upload_id}/cancel": "documents",
    "POST /v1/vector_stores": "documents",
    "GET /v1/vector_stores": "documents search",
    "GET /v1/vector_stores/{vector_store_id}": "documents search",
    "POST /v1/vector_stores/{vector_store_id}": "documents",
    "DELETE /v1/vector_stores/{vector_store_id}": "documents",
    "POST /v1/vector_stores/{vector_store_id}/files": "documents",
    "GET /v1/vector_stores/{vector_store_id}/files": "documents search",
    "GET /v1/vector_stores/{vector_store_id}/files/{file_id}": "documents search",
    "POST /v1/vector_stores/{vector_store_id}/files/{file_id}": "documents",
    "GET /v1/vector_stores/{vector_store_id}/files/{file_id}/content": "search",
    "DELETE /v1/vector_stores/{vector_store_id}/files/{file_id}": "documents",
    "POST /v1/vector_stores/{vector_store_id}/file_batches": "documents",
    "GET /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}": "documents search",
    "POST /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/cancel": "documents",
    "GET /v1/vector_stores/{vector_store_id}/file_batches/{batch_id}/files": "documents search",
    "POST /v1/vector_stores/{vector_store_id}/search": "search",
    "POST /v1/responses": "search",
    "GET /v1/responses/{response_id}": "search",
    "DELETE /v1/responses/{response_id}": "search",
    "POST /v1/responses/{response_id}/cancel": "search",
    "GET /v1/responses/{response_id}/input_items": "search",
    "POST /v1/chat/completions": "search",
    "GET /v1/models": "",
    "GET /v1/models/{model:path}": "",
}
"""What was decided for each route; a new one is to be added here, with the permission that it needs."""
QUESTIONS = {"POST /v1/responses", "POST /v1/chat/completions"}
"""Ours or an upstream's, as their body says (see test_door.py)."""
FRAMEWORK = {"/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json"}
PERMISSIONS = {"documents", "search", "relay", "metrics"}


@pytest.fixture(scope="module")
def guarded(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyholders]:
    with guarded_service(tmp_path_factory.mktemp("data"), OPENAI_BASE_URL=upstream.base_url) as opened:
        yield opened


def routes() -> Iterator[tuple[str, Route]]:
    """Every route of the application, with its method and path."""
    for context in iter_route_contexts(create_app(load_settings({})).routes):
        route = context.original_route
        assert isinstance(route, Route), f"{route} is no route of a kind that is known here"
        for method in route.methods or ():
            yield f"{method} {route.path}", route


def test_what_each_route_needs_has_been_decided() -> None:
    for name, route in routes():
        if not isinstance(route, APIRoute):
            assert route.path in FRAMEWORK
            continue
        assert isinstance(route, GuardedRoute), f"{name} has a router without route_class=GuardedRoute"
        assert set(route.needs.any_of) == set(NEEDED[name].split()), name


def test_a_route_without_a_decision_keeps_the_program_from_starting() -> None:
    router = APIRouter(route_class=GuardedRoute)
    with pytest.raises(TypeError, match="/unguarded"):

        @router.get("/unguarded")
        async def unguarded() -> None:
            """Nothing."""


@pytest.mark.parametrize("permission", sorted(PERMISSIONS))
def test_each_permission_opens_its_routes_and_no_other(guarded: Keyholders, permission: str) -> None:
    with guarded.holder(permission) as holder:
        for name, route in routes():
            if not isinstance(route, APIRoute) or name in QUESTIONS:
                continue
            method, path = name.split()
            passes_on = permission == "relay" and path.startswith("/v1/")
            allowed = passes_on or not NEEDED[name] or permission in NEEDED[name].split()
            if allowed and path == "/events":
                continue  # it has no end
            answer = holder.request(method, path.replace("{", "").replace("}", ""))
            assert (answer.status_code != 403) is allowed, (name, answer.status_code, answer.text)


def test_a_refusal_says_which_permission_is_missing(guarded: Keyholders) -> None:
    with guarded.holder("relay") as holder:
        error = holder.post("/search", json={"query": "x"}).json()["error"]
    assert error["code"] == "permission_denied"
    assert "`search`" in error["message"]


def test_files_that_nobody_may_hand_in_are_not_even_received(guarded: Keyholders) -> None:
    key = guarded.key("search")["key"]
    connection = HTTPConnection(guarded.address.removeprefix("http://"), timeout=30)
    with closing(connection):
        connection.putrequest("POST", "/documents")
        connection.putheader("Authorization", f"Bearer {key}")
        connection.putheader("Content-Type", "multipart/form-data; boundary=x")
        connection.putheader("Content-Length", "1000000")
        connection.endheaders(b"--x")
        assert connection.getresponse().status == 403
