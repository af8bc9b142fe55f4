"""Another model's name, and every other byte the same."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.upstream.relay.calls import chat, each, get
from upstream.relay import Call, Replay
from upstream.relay.renaming import renamed

pytestmark = pytest.mark.anyio

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just('"model": "m"') | st.just("model"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text() | st.just("model"), inner, max_size=3),
    max_leaves=12,
)


def _body(call: Call) -> bytes:
    assert isinstance(call.body, bytes)
    return call.body


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(), JSON, max_size=4), st.booleans())
def test_only_the_model_of_the_request_itself_changes(
    before: dict[str, Any], after: dict[str, Any], compact: bool
) -> None:
    before.pop("model", None)
    after.pop("model", None)
    value = {**before, "model": "m", **after}
    body = json.dumps(value, separators=(",", ":") if compact else None).encode()
    changed = renamed(chat(body), "a new “name”")
    assert json.loads(_body(changed)) == value | {"model": "a new “name”"}
    assert changed.content_length == len(_body(changed))
    assert len(_body(changed)) == len(body) - len('"m"') + len(json.dumps("a new “name”"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{ "model" :\t"m" , "x": 1.10}', b'{ "model" :\t"new" , "x": 1.10}'),
        (b'{"metadata":{"model":"m"},"model":"m"}', b'{"metadata":{"model":"m"},"model":"new"}'),
        (b'{"input":"\\"model\\":\\"m\\"","model":"m"}', b'{"input":"\\"model\\":\\"m\\"","model":"new"}'),
        (b'{"model":"a\\\\","x":"\xe6\xb6\xb5"}', b'{"model":"new","x":"\xe6\xb6\xb5"}'),
        (b'{"input": "no model"}', b'{"input": "no model"}'),
        (b'{"model": null}', b'{"model": null}'),
        (b"not JSON", b"not JSON"),
    ],
)
def test_blanks_numbers_and_escapes_stay_as_they_are(body: bytes, expected: bytes) -> None:
    assert _body(renamed(chat(body), "new")) == expected


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        ("/models/old", "/models/new"),
        ("/models/ol%64", "/models/new"),
        ("/models/other", "/models/other"),
        ("/engines/old/completions?x=1", "/engines/new/completions?x=1"),
        ("/realtime?a=%2F&model=old&b=", "/realtime?a=%2F&model=new&b="),
        ("/files/old", "/files/old"),
    ],
)
def test_names_in_addresses_change_too(target: str, expected: str) -> None:
    assert renamed(get(target, model="old"), "new").target == expected


FORM = (
    b'--b\r\nContent-Disposition: form-data; name="file"; filename="model"\r\n\r\n\x00name="model"\xff\r\n'
    b'--b\r\nContent-Disposition: form-data; name="model"\r\n\r\nold\r\n'
    b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nold\r\n--b--\r\n'
)
FORM_HEADERS = ((b"content-type", b'multipart/form-data; boundary="b"'),)


def _form(body: Any) -> Call:
    return Call("POST", "/audio/transcriptions", FORM_HEADERS, body, len(FORM), Replay.ALWAYS, model="old")


def test_the_field_of_a_form_changes() -> None:
    changed = renamed(_form(FORM), "brand-new")
    assert _body(changed) == FORM.replace(b"\r\n\r\nold\r\n--b\r\n", b"\r\n\r\nbrand-new\r\n--b\r\n", 1)
    assert changed.content_length == len(_body(changed))


@pytest.mark.parametrize("size", [1, 7, 50, 1000])
async def test_a_form_that_passes_in_pieces_changes_and_its_length_is_right(size: int) -> None:
    pieces = [FORM[start : start + size] for start in range(0, len(FORM), size)]
    changed = renamed(_form(each(pieces)), "brand-new")
    body = b"".join([piece async for piece in changed.body])  # type: ignore[union-attr]
    assert body == _body(renamed(_form(FORM), "brand-new"))
    assert changed.content_length == len(body)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_json_that_passes_in_pieces_changes_and_its_length_is_right(size: int) -> None:
    body = b'{"messages": [{"model": "x"}], "model": "m", "rest": "' + b"z" * 300 + b'"}'
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    call = chat(body)
    call.body = each(pieces)
    changed = renamed(call, "longer-name")
    got = b"".join([piece async for piece in changed.body])  # type: ignore[union-attr]
    assert got == body.replace(b'"model": "m"', b'"model": "longer-name"')
    assert changed.content_length == len(got)
