import json
from pathlib import Path

import pytest

from api.relay.routes import Route, Routes

_DESCRIPTION = Path(__file__).parents[4] / "shared/openai/openapi.json"

_KEEPING = {
    "/responses": [True, True, False],
    "/chat/completions": [False, True, False],
    "/embeddings": [False, False, False],
}


def _route(method: str, path: str) -> Route:
    return Routes().route(method, f"/v1{path}".encode())


@pytest.mark.parametrize(
    ("method", "path", "label"),
    [
        ("POST", "/chat/completions", "POST /v1/chat/completions"),
        ("GET", "/files/file-abc123/content", "GET /v1/files/{id}/content"),
        ("DELETE", "/models/ft:gpt-4o:acme::1", "DELETE /v1/models/{id}"),
        ("GET", "/models/acme/tiny-model", "GET /v1/models/{id}"),
        ("GET", "/vector_stores/vs_1/files/file-2", "GET /v1/vector_stores/{id}/files/{id}"),
        ("POST", "/engines/davinci/completions", "POST /v1/engines/{id}/completions"),
        ("GET", "/engines/davinci", "GET /v1/engines/{id}"),
        ("GET", "/tomorrow/things", "GET /v1/{id}/{id}"),
        ("GET", "/files//x", "GET /v1/files/{id}"),
        ("GET", "/", "GET /v1/"),
    ],
)
def test_labels_hold_no_ids(method: str, path: str, label: str) -> None:
    assert _route(method, path).label == label


def test_labels_stay_short_whatever_is_asked_for() -> None:
    assert len(_route("GET", "/secret" * 5_000).label) < 100


def test_ids_are_decoded() -> None:
    assert _route("GET", "/files/file%2D1/content").ids == ("file-1",)


def test_models_in_paths_are_found() -> None:
    assert _route("GET", "/models/acme%2Ftiny/x").model == "acme/tiny/x"
    assert _route("POST", "/engines/davinci/completions").model == "davinci"
    assert _route("GET", "/models").model is None


@pytest.mark.parametrize("path", ["/chat/completions", "/embeddings", "/audio/speech", "/engines/x/completions"])
def test_answers_of_models_may_be_asked_for_twice(path: str) -> None:
    assert _route("POST", path).is_answer
    assert _route("POST", path).needs_model
    assert not _route("GET", path).is_answer


@pytest.mark.parametrize("path", ["/files", "/batches", "/fine_tuning/jobs", "/threads/t/runs", "/tomorrow"])
def test_other_posts_may_have_effects(path: str) -> None:
    assert not _route("POST", path).is_answer
    assert _route("POST", path).may_create(None)


def test_what_is_kept_at_the_upstream_depends_on_what_is_asked_for() -> None:
    stored = {path: [_route("POST", path).may_create(store) for store in (None, True, False)] for path in _KEEPING}
    assert stored == _KEEPING
    assert not _route("GET", "/files").may_create(None)


@pytest.mark.parametrize("path", ["/files", "/uploads/u/parts", "/responses/resp_1/cancel", "/threads/t/messages"])
def test_posts_that_start_no_model_need_none(path: str) -> None:
    assert not _route("POST", path).needs_model


@pytest.mark.parametrize("path", ["/batches", "/threads/t/runs", "/evals/e/runs", "/chatkit/sessions", "/tomorrow"])
def test_posts_that_may_start_a_model_need_one(path: str) -> None:
    assert _route("POST", path).needs_model


def test_administration_is_told_apart() -> None:
    assert _route("GET", "/organization/users").is_administration
    assert _route("POST", "/projects/p/roles").is_administration
    assert not _route("GET", "/files/organization").is_administration


def test_every_described_path_keeps_its_words() -> None:
    if not _DESCRIPTION.exists():
        pytest.skip("the API's description (../shared/openai) is not here")
    for path in json.loads(_DESCRIPTION.read_text())["paths"]:
        plain = path.partition("?")[0]
        parts = ["{id}" if part.startswith("{") else part for part in plain.split("/")]
        asked = "/".join("x1" if part == "{id}" else part for part in parts)
        assert _route("GET", asked).label == f"GET /v1{'/'.join(parts)}"
