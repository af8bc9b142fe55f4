"""The OpenAPI description describes what the service does."""

from typing import Any

import httpx
import pytest

from tests.serving import add_and_wait

METHODS = {"get", "post", "put", "delete"}


@pytest.fixture(scope="module")
def description(http: httpx.Client) -> dict[str, Any]:
    return dict(http.get("/openapi.json").raise_for_status().json())


def test_every_operation_says_what_it_does_and_what_comes_back(description: dict[str, Any]) -> None:
    for path, operations in description["paths"].items():
        for method in METHODS & set(operations):
            operation = operations[method]
            assert operation["tags"], (method, path)
            assert operation["description"].endswith("."), (method, path)
            (good,) = [status for status in operation["responses"] if status.startswith("2")]
            assert operation["responses"][good]["content"], (method, path)


def test_every_example_of_a_store_is_taken(http: httpx.Client, description: dict[str, Any]) -> None:
    names = description["components"]["schemas"]["StoreForm"]["properties"]["name"]["examples"]
    assert names
    for name in names:
        assert http.post("/stores", json={"name": name}).status_code == 201


def test_the_example_of_attributes_is_taken(http: httpx.Client, description: dict[str, Any], store: str) -> None:
    forms = description["components"]["schemas"]
    (form,) = [schema for name, schema in forms.items() if name.startswith("Body_add_documents")]
    said = form["properties"]["attributes"]["description"]
    example = said[said.index("{") : said.index("}") + 1]
    files = {"file": ("a.txt", b"A text of the year.")}
    answer = http.post("/documents", data={"store": store, "attributes": example}, files=files)
    assert answer.status_code == 202
    assert answer.json()["data"][0]["attributes"] == {"year": 2024}


def test_answers_have_exactly_the_fields_that_are_described(
    http: httpx.Client, description: dict[str, Any], store: str
) -> None:
    schemas = description["components"]["schemas"]
    (document,) = add_and_wait(http, {"a.txt": b"A text."}, store=store)
    for path, schema in (
        (f"/stores/{store}", "StoreBody"),
        (f"/documents?store={store}", "DocumentList"),
        (f"/documents/{document['id']}", "DocumentBody"),
        (f"/jobs/{document['job']['id']}", "JobBody"),
        ("/jobs", "JobList"),
        ("/healthz", "Health"),
        ("/readyz", "Readiness"),
    ):
        assert set(http.get(path).json()) == set(schemas[schema]["properties"]), path
    found = http.post("/search", json={"query": "x", "store": store}).json()
    assert set(found) == set(schemas["SearchBody"]["properties"])
    answer = http.post("/ask", json={"question": "x", "store": store}).json()
    assert set(answer) == set(schemas["AnswerBody"]["properties"])
