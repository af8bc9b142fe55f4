"""Which questions are for stores, however their JSON is written."""

import json

import pytest

from api.parting.questions import Questions

STORE = "vs_0123456789abcdef01234567"
RESPONSE = "resp_0123456789abcdef01234567"


def questions(*names: str) -> Questions:
    return Questions(names, lambda model: model.startswith("store/") or model in names)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "store/handbook", "messages": []}',
        b'{"model": "store\\/handbook", "messages": []}',
        json.dumps({"messages": [], "model": "store/手册"}).encode(),
        json.dumps({"messages": [], "model": "store/手册"}, ensure_ascii=False).encode(),
    ],
)
def test_a_store_may_be_the_model(body: bytes) -> None:
    asked = questions()
    assert asked.may_name_model(body)
    assert asked.names_model(body, is_whole=True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "gpt", "messages": [{"role": "user", "content": "store/handbook"}]}',
        b'{"model": "store", "messages": []}',
        b'{"model": ["store/handbook"]}',
        b'["store/handbook"]',
        b'{"model": "store/handbo',
    ],
)
def test_what_only_mentions_a_store_is_passed_on(body: bytes) -> None:
    assert not questions().names_model(body, is_whole=True)


@pytest.mark.parametrize("name", ["librarian", "Bücherei", "a b"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_models_of_the_settings_are_found(name: str, ascii_only: bool) -> None:
    asked = questions(name)
    body = json.dumps({"model": name}, ensure_ascii=ascii_only).encode()
    assert asked.may_name_model(body)
    assert asked.names_model(body, is_whole=True)
    assert not asked.names_model(b'{"model": "gpt"}', is_whole=True)


def test_most_questions_are_not_even_parsed() -> None:
    asked = questions("librarian")
    body = b'{"model": "gpt", "messages": [{"role": "user", "content": "Is the store open?"}]}'
    assert not asked.may_name_model(body)
    assert not asked.may_name_things(body)


def test_the_model_of_a_large_question_is_found_in_its_beginning() -> None:
    beginning = b'{"model": "store/handbook", "messages": [{"role": "user", "content": "' + b"x" * 1000
    assert questions().names_model(beginning, is_whole=False)


def test_stores_and_responses_are_found_in_a_request() -> None:
    search = {"type": "file_search", "vector_store_ids": [STORE, "vs_abc", 3]}
    other = {"type": "code_interpreter", "vector_store_ids": [STORE]}
    for tools, previous, found in [
        ([search], None, ([STORE], True)),
        ([other], RESPONSE, ([RESPONSE], False)),
        ([other, search], RESPONSE, ([STORE, RESPONSE], True)),
        ("file_search", "resp_theirs", ([], False)),
        ([{"type": "file_search", "vector_store_ids": None}], None, ([], True)),
    ]:
        body = json.dumps({"model": "gpt", "tools": tools, "previous_response_id": previous}).encode()
        assert questions().things_named(body) == found
        if found != ([], False):
            assert questions().may_name_things(body)
