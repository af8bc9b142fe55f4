"""A question for our stores is ours, also in JSON that only lenient servers can read."""

import json

import pytest

from api.parting import Taken
from api.parting.purposes import purpose_in_json
from api.parting.questions import Questions
from tests.api.parting.sending import arriving

STORE = "vs_0123456789abcdef01234567"
MODEL = '{"model": "store/handbook", "messages": []%s}'
SEARCH = '{"model": "gpt", "tools": [{"type": "file_search", "vector_store_ids": ["' + STORE + '"]}]%s}'
QUESTIONS = Questions(("librarian",), lambda model: model in {"store/handbook", "librarian"})
ENDS = [', "x": NaN', ', "x": "\\ud800"', ",", ", /* so */", ', "x": ' + "[" * 100_000]
"""Of what msgspec refuses."""


def names_model(body: bytes, *, is_whole: bool = True) -> bool:
    return QUESTIONS.may_name_model(body) and QUESTIONS.names_model(body, is_whole=is_whole)


@pytest.mark.parametrize("end", ENDS)
def test_what_comes_behind_does_not_matter(end: str) -> None:
    assert names_model((MODEL % end).encode())
    searching = (SEARCH % end).encode()
    assert QUESTIONS.may_name_things(searching)
    assert QUESTIONS.things_named(searching)[0] == [STORE]


@pytest.mark.parametrize("code", ["utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
@pytest.mark.parametrize("model", ["store/handbook", "librarian"])
def test_the_encoding_does_not_matter(code: str, model: str) -> None:
    assert names_model(json.dumps({"model": model}).encode(code))
    searching = (SEARCH % "").encode(code)
    assert QUESTIONS.may_name_things(searching)
    assert QUESTIONS.things_named(searching) == ([STORE], True)


@pytest.mark.parametrize(
    "body",
    [
        rb'{"mod\u0065l": "\u0073tore\u002Fhandbook"}',
        rb'{"model": "\u006cibrarian"}',
        b'{"model": "gpt", "model": "store/handbook"}',
    ],
)
def test_the_spelling_does_not_matter(body: bytes) -> None:
    assert names_model(body)


def test_a_large_question_may_name_its_model_late() -> None:
    late = '{"messages": ["%s"], "model": "store/handbook", "x": "' % ("x" * 300_000)
    assert names_model(late.encode(), is_whole=False)


def test_one_odd_tool_does_not_hide_the_others() -> None:
    tools = ["odd", {"type": "file_search", "vector_store_ids": [STORE]}]
    assert QUESTIONS.things_named(json.dumps({"tools": tools}).encode()) == ([STORE], True)


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "gpt", "x": NaN, "messages": ["store/handbook"]}',
        rb'{"model": "gpt", "messages": ["\"model\": \"store/handbook\""],}',
        json.dumps({"model": "gpt", "input": "<é> & 'x'"}).replace("&", "\\u0026").encode(),
    ],
)
def test_what_only_mentions_a_store_is_still_passed_on(body: bytes) -> None:
    assert not names_model(body)


@pytest.mark.anyio
@pytest.mark.parametrize("end", ENDS)
async def test_a_file_that_is_to_stay_here_stays(end: str) -> None:
    body = b'{"purpose": "assistants"' + end.encode() + b"}"
    assert await purpose_in_json(Taken(arriving([body]))) == "assistants"
