import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api.relay.asking_usage import Refusals, is_refusal, with_usage
from api.relay.forms import form_models, is_form
from api.relay.request_head import read_head, read_partial_head
from api.relay.stripping import RequestHeaders, uncompressed

_TEXTS = st.text(max_size=20)
_JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=8,
)


def test_the_model_is_read_among_unknown_members() -> None:
    head = read_head(b'{"messages": [{"content": {"model": "no"}}], "model": "yes", "future": [1, {"a": null}]}')
    assert head.model_name == "yes"


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b'"model"', b'{"model": 3}', b'{"model": null}', b"\xff"])
def test_a_body_without_a_model_names_none(body: bytes) -> None:
    assert read_head(body).model_name is None


def test_the_model_is_read_from_a_beginning() -> None:
    body = json.dumps({"model": "tiny", "stream": True, "input": "x" * 500_000}).encode()
    head = read_partial_head(body[:100_000])
    assert (head.model_name, head.stream) == ("tiny", True)


def test_a_name_that_may_go_on_is_not_taken() -> None:
    assert read_partial_head(b'{"input": 1, "model": "gpt-4').model_name is None
    assert read_partial_head(b"nonsense").model_name is None
    assert read_partial_head(b"[1, 2").model_name is None


@pytest.mark.parametrize(
    ("body", "effects"),
    [
        (b'{"model": "m"}', False),
        (b'{"background": true}', True),
        (b'{"background": false, "conversation": null}', False),
        (b'{"conversation": "conv_1"}', True),
        (b'{"tools": [{"type": "function", "name": "f"}, {"type": "web_search_preview"}]}', False),
        (b'{"tools": [{"type": "mcp", "server_url": "x"}]}', True),
        (b'{"tools": [{"name": "untyped"}]}', True),
        (b'{"tools": "none"}', False),
    ],
)
def test_requests_with_effects_are_told_apart(body: bytes, effects: bool) -> None:
    assert read_head(body).has_effects is effects


@settings(deadline=None)
@given(st.dictionaries(_TEXTS, _JSON, max_size=5), st.none() | st.just({}) | st.dictionaries(_TEXTS, _JSON, max_size=3))
def test_usage_is_asked_for_and_nothing_else_changes(members: dict[str, Any], options: dict[str, Any] | None) -> None:
    members = {name: value for name, value in members.items() if name != "stream_options"}
    body = json.dumps({**members, "stream": True, "stream_options": options}).encode()
    asked = with_usage(body, read_head(body))
    if asked is not None:
        wanted = {**members, "stream": True, "stream_options": {**(options or {}), "include_usage": True}}
        assert json.loads(asked) == wanted


def test_usage_is_asked_for_by_inserting_bytes_alone() -> None:
    body = b' {\t"model" : "m" , "stream":true, "x":1.50}'
    asked = with_usage(body, read_head(body))
    assert asked == b' {"stream_options":{"include_usage":true},\t"model" : "m" , "stream":true, "x":1.50}'


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "m"}',
        b'{"stream": false}',
        b'{"stream": "true"}',
        b'{"stream": true, "stream_options": {"include_usage": true}}',
        b'{"stream": true, "stream_options": "odd"}',
    ],
)
def test_usage_is_not_asked_for_where_that_is_not_called_for(body: bytes) -> None:
    assert with_usage(body, read_head(body)) is None


@pytest.mark.parametrize("value", [b"null", b"{}", b'{"include_usage":false}', b'{"include_obfuscation":false}'])
def test_other_options_of_the_stream_stay(value: bytes) -> None:
    body = b'{"stream":true,"stream_options":%b,"n":1}' % value
    asked = with_usage(body, read_head(body))
    assert asked is not None
    assert json.loads(asked)["stream_options"] == {**(json.loads(value) or {}), "include_usage": True}
    assert asked.startswith(b'{"stream":true,"stream_options":{')
    assert asked.endswith(b'},"n":1}')


def test_refusals_are_recognised_and_remembered() -> None:
    refusals = Refusals()
    assert is_refusal(400, b'{"error":{"message":"Unrecognized field: stream_options"}}')
    assert not is_refusal(400, b'{"error":{"message":"bad"}}')
    assert not is_refusal(500, b"stream_options")
    refusals.add("old")
    assert "old" in refusals
    assert "new" not in refusals


_FORM = (
    b'--bo\'und\r\nContent-Disposition: form-data; name="file"; filename="model"\r\n\r\nbytes\r\n'
    b"--bo'und\r\ncontent-disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--bo'und--\r\n"
)


@pytest.mark.parametrize(
    "content_type", ["multipart/form-data; boundary=bo'und", 'Multipart/Form-Data; BOUNDARY="bo\'und"']
)
def test_the_model_of_a_form_is_found(content_type: str) -> None:
    assert is_form(content_type)
    assert form_models(content_type, _FORM) == ["whisper-1"]


def test_a_form_that_is_cut_off_names_no_half_model() -> None:
    whole = _FORM.index(b"\r\n--bo'und--") + len(b"\r\n--bo'und")
    content_type = "multipart/form-data; boundary=bo'und"
    assert [form_models(content_type, _FORM[:end]) for end in range(whole)] == [[]] * whole
    assert form_models("multipart/form-data", _FORM) == []


def test_what_is_ours_and_hop_by_hop_is_stripped_and_nothing_else() -> None:
    kept = [
        (b"user-agent", b"me"),
        (b"x-future", b"1"),
        (b"accept-encoding", b"br"),
        (b"x-future", b"2"),
        (b"openai-organization", b"org"),
        (b"x-request-id", b"r"),
    ]
    dropped = [
        (b"host", b"here"),
        (b"authorization", b"Bearer secret"),
        (b"api-key", b"secret"),
        (b"cookie", b"a=b"),
        (b"te", b"trailers"),
        (b"x-hop", b"1"),
        (b"connection", b"Keep-Alive, X-Hop"),
        (b"transfer-encoding", b"chunked"),
        (b"x-footnote-upstream", b"one"),
        (b"sec-websocket-protocol", b"realtime, openai-insecure-api-key.sk-fn-secret"),
    ]
    assert RequestHeaders([*dropped[:4], *kept, *dropped[4:]]).kept == kept


def test_what_the_relay_needs_is_read_from_the_headers() -> None:
    headers = RequestHeaders(
        [
            (b"content-length", b"12"),
            (b"content-type", b"application/json"),
            (b"content-encoding", b"gzip"),
            (b"idempotency-key", b"k"),
            (b"x-footnote-upstream", b"two"),
        ]
    )
    assert (headers.content_bytes, headers.content_type) == (12, "application/json")
    assert headers.content_encoding == b"gzip"
    assert headers.is_idempotent
    assert headers.upstream == "two"
    assert RequestHeaders([(b"content-length", b"-1")]).content_bytes is None


def test_an_answer_that_has_to_be_read_is_asked_for_uncompressed() -> None:
    assert uncompressed([(b"a", b"1"), (b"accept-encoding", b"br")]) == [
        (b"a", b"1"),
        (b"accept-encoding", b"identity"),
    ]


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from([b"x-a", b"accept", b"x-footnote", b"cookies"]), st.binary(max_size=5))))
def test_unknown_headers_survive_in_their_order(headers: list[tuple[bytes, bytes]]) -> None:
    assert RequestHeaders(headers).kept == headers
