"""Filters as they come over HTTP, every operator of OpenAI's file search."""

from typing import Any

import httpx
import pytest

from tests.serving import add_and_wait

DOCUMENTS = {
    "old.txt": '{"year": 1988, "team": "red", "public": true}',
    "new.txt": '{"year": 2024, "team": "blue", "public": false}',
    "bare.txt": None,
}
OLD, NEW, BARE = DOCUMENTS
CASES: list[tuple[str, Any, set[str]]] = [
    ("eq", 1988, {OLD}),
    ("ne", 1988, {NEW, BARE}),
    ("gt", 1988, {NEW}),
    ("gte", 1988, {OLD, NEW}),
    ("lt", 2024, {OLD}),
    ("lte", 2024, {OLD, NEW}),
    ("in", [1988, 3000], {OLD}),
    ("nin", [1988, 3000], {NEW, BARE}),
    ("eq", "1988", set()),
]


@pytest.fixture(scope="module")
def filled(http: httpx.Client) -> str:
    """A store with documents that differ in their attributes alone."""
    assert http.post("/stores", json={"name": "filters"}).status_code == 201
    for name, attributes in DOCUMENTS.items():
        form = {"attributes": attributes} if attributes else {}
        add_and_wait(http, {name: f"The mirror of {name} is polished.".encode()}, store="filters", **form)
    return "filters"


def names(http: httpx.Client, store: str, condition: Any) -> set[str]:
    response = http.post("/search", json={"query": "mirror", "store": store, "filter": condition})
    assert response.status_code == 200, response.text
    return {hit["filename"] for hit in response.json()["data"]}


@pytest.mark.parametrize(("operator", "value", "expected"), CASES)
def test_each_operator_compares_as_it_says(
    http: httpx.Client, filled: str, operator: str, value: Any, expected: set[str]
) -> None:
    assert names(http, filled, {"type": operator, "key": "year", "value": value}) == expected


def test_texts_and_booleans_compare_too(http: httpx.Client, filled: str) -> None:
    assert names(http, filled, {"type": "in", "key": "team", "value": ["blue", "green"]}) == {NEW}
    assert names(http, filled, {"type": "eq", "key": "public", "value": True}) == {OLD}
    assert names(http, filled, {"type": "eq", "key": "public", "value": 1}) == set()


def test_conditions_are_joined(http: httpx.Client, filled: str) -> None:
    red, recent = {"type": "eq", "key": "team", "value": "red"}, {"type": "gt", "key": "year", "value": 2000}
    assert names(http, filled, {"type": "or", "filters": [red, recent]}) == {OLD, NEW}
    assert names(http, filled, {"type": "and", "filters": [red, recent]}) == set()
    nested = {"type": "and", "filters": [{"type": "or", "filters": [red, recent]}, recent]}
    assert names(http, filled, nested) == {NEW}


def test_an_answer_is_written_from_what_the_filter_lets_through(http: httpx.Client, filled: str) -> None:
    condition = {"type": "eq", "key": "team", "value": "blue"}
    answer = http.post("/ask", json={"question": "Which mirror?", "store": filled, "filter": condition}).json()
    assert {passage["filename"] for passage in answer["passages"]} == {NEW}
    assert {citation["filename"] for citation in answer["citations"]} == {NEW}


def test_a_comparison_that_makes_no_sense_is_the_callers_fault(http: httpx.Client, filled: str) -> None:
    condition = {"type": "gt", "key": "year", "value": "1988"}
    response = http.post("/search", json={"query": "mirror", "store": filled, "filter": condition})
    assert response.status_code == 400
    assert response.json()["error"]["code"] == "invalid_filter"
