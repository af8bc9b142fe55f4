"""Streams pass event by event, are counted, and end well whatever happens."""

import gzip
import json
import socket
import time
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import openai
import pytest

from tests.api.relay.door import Door
from tests.fakes.echo_server import EchoServer, Fault, Recorded, Reply, error_reply, event_stream, json_reply

_USAGE = {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12}
_DONE = b"data: [DONE]\n\n"
_BODY = {"model": "tiny", "stream": True, "messages": []}


def _event(value: object) -> bytes:
    return b"data: " + json.dumps(value, separators=(",", ":")).encode() + b"\n\n"


def _chunk(text: str, **members: object) -> bytes:
    return _event({"id": "c1", "object": "chat.completion.chunk", "choices": [{"delta": {"content": text}}], **members})


def _plain(texts: Sequence[str]) -> bytes:
    return b"".join(map(_chunk, texts)) + _DONE


def _answering(recorded: Recorded) -> Reply:
    """As OpenAI does: asked for usage, every chunk has a member more, and there is a chunk more."""
    body = json.loads(recorded.body)
    if not body.get("stream_options", {}).get("include_usage"):
        return event_stream([_plain(["a", "b"])])
    extra = _event({"id": "c1", "object": "chat.completion.chunk", "choices": [], "usage": _USAGE})
    return event_stream([_chunk("a", usage=None), _chunk("b", usage=None), extra, _DONE])


def test_tokens_of_a_stream_are_asked_for_and_taken_out(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.answering = _answering
    response = http.post("/chat/completions", json=_BODY, headers={"accept-encoding": "gzip"})
    assert response.content == _plain(["a", "b"])
    assert echo.requests[0].header("accept-encoding") == b"identity"
    entry = relay.entry()
    assert entry.streamed
    assert (entry.input_tokens, entry.output_tokens) == (9, 3)
    assert relay.spent_tokens == [12]


def test_tokens_that_the_caller_asked_for_stay(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.answering = _answering
    body = {**_BODY, "stream_options": {"include_usage": True}}
    response = http.post("/chat/completions", json=body, headers={"accept-encoding": "br"})
    assert response.content.count(b'"usage"') == 3
    assert json.loads(echo.requests[0].body) == body
    assert echo.requests[0].header("accept-encoding") == b"br"
    assert relay.entry().input_tokens == 9


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(_BODY).encode() + b" " * 4_200_000,
        b"\xef\xbb\xbf" + json.dumps(_BODY).encode(),
        json.dumps({"metadata": {"stream_options": 1}, "stream_options": {"include_usage": False}, **_BODY}).encode(),
    ],
    ids=["too long to be kept", "byte order mark", "two of the name"],
)
def test_a_stream_that_cannot_be_asked_for_its_tokens_is_estimated(
    echo: EchoServer, relay: Door, http: httpx.Client, body: bytes
) -> None:
    echo.answering = lambda _: event_stream([_plain(["a"] * 50)])
    assert http.post("/chat/completions", content=body).content == _plain(["a"] * 50)
    entry = relay.entry()
    assert entry.error is None
    assert entry.input_tokens == len(body) // 4
    assert 50 <= entry.output_tokens <= 52
    assert relay.spent_tokens == [entry.input_tokens + entry.output_tokens]


def test_pictures_are_not_estimated_by_their_bytes(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.answering = lambda _: event_stream([_plain(["a"] * 50)])
    picture = {"role": "user", "content": [{"image_url": {"url": "data:image/png;base64," + "A" * 4_200_000}}]}
    assert http.post("/chat/completions", json={**_BODY, "messages": [picture]}).status_code == 200
    assert relay.entry().input_tokens == 0


def test_an_upstream_that_refuses_to_be_asked_is_asked_no_more(
    echo: EchoServer, relay: Door, http: httpx.Client
) -> None:
    def answering(recorded: Recorded) -> Reply:
        if b"stream_options" in recorded.body:
            return error_reply(400, "unknown_field", "Unrecognized request argument: stream_options")
        return event_stream([_plain(["a"])])

    echo.answering = answering
    for _ in range(2):
        body = {**_BODY, "model": "old-timer"}
        assert http.post("/chat/completions", json=body).content == _plain(["a"])
    assert [b"stream_options" in request.body for request in echo.requests] == [True, False, False]
    assert relay.entry(2).status == 200


def test_a_refusal_that_only_quotes_the_request_is_not_held_against_the_upstream(
    echo: EchoServer, relay: Door, http: httpx.Client
) -> None:
    quoted = error_reply(422, "missing_field", 'No messages in {"stream_options": {}}')
    echo.script(quoted, quoted)
    assert http.post("/chat/completions", json=_BODY).status_code == 422
    echo.answering = _answering
    http.post("/chat/completions", json=_BODY)
    assert relay.entry(2).input_tokens == 9


def test_another_refusal_passes_as_it_is(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.script(error_reply(400, "bad_messages", "No messages.", headers=((b"x-kept", b"1"),)))
    response = http.post("/chat/completions", json=_BODY)
    assert (response.status_code, response.headers["x-kept"]) == (400, "1")
    assert response.json()["error"]["message"] == "No messages."
    assert relay.entry().error == "bad_messages"


def test_streams_of_responses_are_counted(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    usage = {"input_tokens": 5, "output_tokens": 2, "input_tokens_details": {"cached_tokens": 4}}
    body = b"event: response.completed\n" + _event({"type": "response.completed", "response": {"usage": usage}})
    echo.script(event_stream([body]))
    assert http.post("/responses", json={"model": "m", "stream": True}).content == body
    entry = relay.entry()
    assert (entry.input_tokens, entry.cached_tokens, entry.output_tokens) == (5, 4, 2)
    assert b"stream_options" not in echo.requests[0].body


def test_a_compressed_stream_passes_as_it_is(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    packed = gzip.compress(_event({"choices": [], "usage": _USAGE}))
    headers = ((b"content-type", b"text/event-stream"), (b"content-encoding", b"gzip"))
    echo.script(Reply([packed[:9], packed[9:]], headers=headers, framing="chunked"))
    with http.stream("POST", "/chat/completions", json=_BODY) as response:
        assert b"".join(response.iter_raw()) == packed
    assert relay.entry().input_tokens == 9


def test_events_pass_as_they_come(echo: EchoServer, http: httpx.Client) -> None:
    echo.script(event_stream([_chunk("a"), 0.3, _DONE]))
    with http.stream("POST", "/chat/completions", json=_BODY) as response:
        pieces = response.iter_raw()
        assert next(pieces) == _chunk("a")
        assert b"".join(pieces) == _DONE


@pytest.mark.parametrize("fault", [Fault.RESET, Fault.CLOSE, Fault.HALF_CLOSE])
def test_a_stream_that_breaks_off_ends_with_an_error_event(
    echo: EchoServer, relay: Door, http: httpx.Client, fault: Fault
) -> None:
    echo.script(event_stream([_chunk("a"), _chunk("b")[:20], 0.02, fault]))
    content = http.post("/chat/completions", json=_BODY).content
    assert content.startswith(_chunk("a") + b"data: ")
    event = json.loads(content.removeprefix(_chunk("a")).removeprefix(b"data: "))
    assert set(event["error"]) == {"message", "type", "param", "code"}
    entry = relay.entry()
    assert entry.status == 200
    assert entry.error == event["error"]["code"]


def test_the_official_client_reports_a_stream_that_breaks_off(echo: EchoServer, relay: Door) -> None:
    echo.script(event_stream([_chunk("a"), _chunk("b")[:20], 0.02, Fault.RESET]))
    with openai.OpenAI(base_url=f"{relay.url}/v1", api_key="any", max_retries=0) as client:
        stream = client.chat.completions.create(model="tiny", messages=[], stream=True)
        assert next(stream).choices[0].delta.content == "a"
        with pytest.raises(openai.APIError):
            next(stream)


def test_another_answer_that_breaks_off_cuts_the_connection(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    for framing in ("chunked", "length"):
        echo.script(Reply([b"x" * 10, Fault.CLOSE], framing=framing, declared_bytes=20))
        with pytest.raises(httpx.RemoteProtocolError):
            http.get("/files/file-1/content")
    assert relay.entry(2).error == "upstream_failed"


def test_an_error_in_the_stream_is_in_the_row(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.script(event_stream([_chunk("a"), _event({"error": {"message": "x", "code": "server_error"}})]))
    http.post("/chat/completions", json=_BODY)
    assert relay.entry().error == "server_error"


@pytest.mark.parametrize(
    "pieces", [[b"data: {nonsense\n\n", b"\xff\xfe\n"], [b"no event at all"], [b"data: 1\r\rdata: 2\r"], []]
)
def test_what_is_no_proper_stream_passes_as_it_is(echo: EchoServer, http: httpx.Client, pieces: list[bytes]) -> None:
    echo.script(event_stream(pieces))
    assert http.post("/chat/completions", json=_BODY).content == b"".join(pieces)


def _leave_after(relay: Door, wanted: bytes) -> None:
    address = urlsplit(relay.url)
    body = json.dumps(_BODY).encode()
    with socket.create_connection((address.hostname, address.port)) as connection:
        head = f"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body)
        seen = b""
        while wanted not in seen:
            seen += connection.recv(65_536)


@pytest.mark.parametrize("pieces", [[_chunk("a"), Fault.STALL], [_chunk("a"), *([_chunk("b"), 0.001] * 5_000)]])
def test_a_client_that_leaves_cancels_the_upstream_call(
    echo: EchoServer, relay: Door, pieces: list[bytes | float | Fault]
) -> None:
    echo.script(event_stream(pieces))
    _leave_after(relay, _chunk("a"))
    left_at = time.monotonic()
    entry = relay.entry()
    assert (entry.status, entry.error) == (499, "client_left")
    assert entry.input_tokens == len(json.dumps(_BODY)) // 4
    assert entry.output_tokens >= 1
    _until_left(echo)
    assert (echo.requests[0].ended_at or 0) - left_at < 5
    assert relay.tasks_left() == 0


@pytest.mark.parametrize("last", [_DONE, b'event: response.completed\ndata: {"type":"response.completed"}\n\n'])
def test_a_client_that_leaves_once_all_is_said_had_its_answer(echo: EchoServer, relay: Door, last: bytes) -> None:
    extra = _event({"choices": [], "usage": _USAGE})
    echo.script(event_stream([_chunk("a") + extra + last, Fault.STALL]))
    _leave_after(relay, last)
    entry = relay.entry()
    assert (entry.status, entry.error, entry.input_tokens) == (200, None, 9)
    _until_left(echo)


def test_a_client_that_leaves_before_the_answer_cancels_the_upstream_call(echo: EchoServer, relay: Door) -> None:
    echo.script(Reply([b"{}"], before=[Fault.STALL]))
    with httpx.Client() as http, pytest.raises(httpx.ReadTimeout):
        http.post(f"{relay.url}/v1/chat/completions", json=_BODY, timeout=0.3)
    assert relay.entry().status == 499
    _until_left(echo)


def test_a_client_that_leaves_in_the_middle_of_its_upload_cancels_the_upstream_call(
    echo: EchoServer, relay: Door
) -> None:
    address = urlsplit(relay.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 90000000\r\n\r\n" + b"x" * 1_000_000)
        while not echo.requests:
            time.sleep(0.01)
    assert relay.entry().status == 499
    _until_left(echo)
    assert relay.tasks_left() == 0


def _until_left(echo: EchoServer) -> None:
    deadline = time.monotonic() + 5
    while echo.requests[0].outcome == "open" and time.monotonic() < deadline:
        time.sleep(0.005)
    assert echo.requests[0].outcome == "left"


def test_a_slow_reader_holds_the_upstream_back(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    sent = 0

    def endless() -> object:
        nonlocal sent
        for _ in range(2_000):
            sent += 65_536
            yield _chunk("x" * 65_000)
            yield 0.0

    echo.script(event_stream(endless()))  # type: ignore[arg-type]
    with http.stream("POST", "/chat/completions", json=_BODY) as response:
        pieces = response.iter_raw(1_000)
        next(pieces)
        time.sleep(0.3)
        assert sent < 60_000_000
        assert not relay.entries
    assert relay.entry().status == 499


def test_a_models_answer_is_asked_for_again_and_told_in_the_row(
    echo: EchoServer, relay: Door, http: httpx.Client
) -> None:
    echo.script(error_reply(503, "overloaded"), json_reply({"ok": True}))
    assert http.post("/chat/completions", json={"model": "m"}).json() == {"ok": True}
    assert relay.entry().retries == 1


def test_what_may_have_had_an_effect_is_not_sent_again(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.script(error_reply(500, "broken"))
    assert http.post("/batches", json={"model": "m"}).status_code == 500
    echo.script(error_reply(500, "broken"))
    assert http.post("/batches", headers={"idempotency-key": "k"}).status_code == 200
    assert relay.entry(2).retries == 1
