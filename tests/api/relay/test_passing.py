"""Requests and answers pass through as they are."""

import gzip
import json
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.api.relay.door import Door
from tests.fakes.echo_server import EchoServer, Reply, digest, error_reply, json_reply

_CHAT = {
    "id": "chatcmpl-1",
    "object": "chat.completion",
    "model": "tiny-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello."}}],
    "usage": {"prompt_tokens": 9, "completion_tokens": 3, "total_tokens": 12},
}


def test_a_chat_call_passes_and_leaves_a_row(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.script(json_reply(_CHAT, headers=((b"X-Request-Id", b"req-up"), (b"x-future", b"1"))))
    response = http.post("/chat/completions", json={"model": "tiny", "messages": []})
    assert response.json() == _CHAT
    assert response.headers["x-request-id"] == "req-up"
    assert response.headers["x-future"] == "1"
    entry = relay.entry()
    assert (entry.endpoint, entry.status, entry.model) == ("POST /v1/chat/completions", 200, "tiny")
    assert (entry.input_tokens, entry.output_tokens, entry.upstream) == (9, 3, "default")
    assert entry.request_bytes == echo.requests[0].body_bytes
    assert entry.response_bytes == len(response.content)
    assert entry.error is None
    assert not entry.streamed
    assert 0 < (entry.first_byte_seconds or 0) <= entry.seconds
    assert relay.spent_tokens == [12]


def test_what_is_fetched_counts_once_and_only_if_it_was_made_in_the_background(
    echo: EchoServer, relay: Door, http: httpx.Client
) -> None:
    usage = {"input_tokens": 9, "output_tokens": 3, "total_tokens": 12}
    for background, spent in ((True, [12]), (False, [])):
        relay.spent_tokens.clear()
        for _ in range(3):
            echo.script(json_reply({"id": "resp_1", "background": background, "usage": usage}))
            assert http.get(f"/responses/resp_{background}").status_code == 200
        relay.entry(3)
        relay.entries.clear()
        assert relay.spent_tokens == spent


def test_bytes_of_path_query_and_body_are_the_same(echo: EchoServer, relay: Door) -> None:
    target = "/v1/files//a%2Fb;c/%E5%A4%A9%20?x=&x=1+2&y=%2b&&z"
    body = b'{"model": "m",  "x": 1.50, "u": "\\u00e4", "unknown": [null]}'
    with httpx.Client() as http:
        request = http.build_request("POST", relay.url, content=body, headers={"content-type": "application/json"})
        request.url = request.url.copy_with(raw_path=target.encode())
        http.send(request)
    assert echo.requests[0].target == target
    assert echo.requests[0].body == body


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
def test_every_method_passes(echo: EchoServer, relay: Door, http: httpx.Client, method: str) -> None:
    response = http.request(method, "/tomorrow/thing")
    assert response.status_code == 200
    assert echo.requests[0].method == method
    assert relay.entry().endpoint == f"{method} /v1/{{id}}/{{id}}"


@pytest.mark.parametrize("status", [201, 202, 204, 304, 400, 404, 409, 418, 422, 501])
def test_every_status_passes(echo: EchoServer, relay: Door, http: httpx.Client, status: int) -> None:
    pieces = [] if status in {204, 304} else [b'{"error": {"code": "some_code"}}']
    echo.script(Reply(pieces, status))
    response = http.post("/files")
    assert response.status_code == status
    assert response.content == b"".join(pieces)
    assert relay.entry().status == status


def test_our_key_and_cookies_stay_here_and_all_else_passes(echo: EchoServer, http: httpx.Client) -> None:
    headers = {
        "authorization": "Bearer sk-fn-secret",
        "api-key": "sk-fn-secret",
        "cookie": "a=secret",
        "x-footnote-thing": "secret",
        "openai-beta": "assistants=v2",
        "user-agent": "me/1.0",
        "x-stainless-lang": "python",
    }
    http.get("/files", headers=headers)
    seen = {name.lower().decode(): value.decode() for name, value in echo.requests[0].headers}
    assert "secret" not in json.dumps(seen)
    assert {name: seen[name] for name in ("openai-beta", "user-agent", "x-stainless-lang")} == {
        "openai-beta": "assistants=v2",
        "user-agent": "me/1.0",
        "x-stainless-lang": "python",
    }


def test_cookies_of_upstreams_stay_there(echo: EchoServer, http: httpx.Client) -> None:
    echo.script(json_reply({}, headers=((b"set-cookie", b"a=b"), (b"X-Kept", b"yes"))))
    response = http.get("/files")
    assert "set-cookie" not in response.headers
    assert response.headers["x-kept"] == "yes"


def test_compressed_answers_pass_as_they_are_and_are_counted(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    packed = gzip.compress(json.dumps(_CHAT).encode())
    echo.script(Reply([packed], headers=((b"content-type", b"application/json"), (b"content-encoding", b"gzip"))))
    with http.stream("POST", "/chat/completions", json={"model": "tiny"}) as response:
        assert b"".join(response.iter_raw()) == packed
    assert relay.entry().input_tokens == 9


def test_binary_answers_pass(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    sound = bytes(range(256)) * 1_000
    echo.script(Reply([sound], headers=((b"content-type", b"audio/mpeg"),), framing="chunked"))
    assert http.post("/audio/speech", json={"model": "tts", "input": "x"}).content == sound
    assert relay.entry().response_bytes == len(sound)


def test_large_uploads_pass_in_pieces(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    content = bytes(range(256)) * 40_000
    response = http.post("/files", files={"file": ("x.jsonl", content)}, data={"purpose": "batch"})
    assert response.status_code == 200
    sent = response.request.read()
    assert echo.requests[0].sha256 == digest(sent)
    assert relay.entry().request_bytes == len(sent)


@pytest.mark.parametrize("pieces", [[b"one", b"two"], [b"x" * 3_000_000] * 3, []])
def test_bodies_without_a_length_pass(echo: EchoServer, http: httpx.Client, pieces: list[bytes]) -> None:
    http.post("/files", content=iter(pieces))
    assert echo.requests[0].sha256 == digest(b"".join(pieces))


def test_what_is_sent_while_it_is_spoken_is_heard_while_it_is_spoken(
    echo: EchoServer, relay: Door, http: httpx.Client
) -> None:
    def speaking() -> Iterator[bytes]:
        yield b"RIFF first"
        deadline = time.monotonic() + 10
        while not echo.requests and time.monotonic() < deadline:
            time.sleep(0.005)
        yield b" second" if echo.requests else b" nobody listens"

    http.post("/tomorrow/speech", content=speaking(), headers={"content-type": "audio/wav"})
    assert echo.requests[0].body == b"RIFF first second"
    assert relay.entry().request_bytes == len(echo.requests[0].body)


def test_a_client_that_waits_for_100_continue_is_served(echo: EchoServer, relay: Door) -> None:
    import socket
    from urllib.parse import urlsplit

    address = urlsplit(relay.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(b"POST /v1/files HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n")
        connection.sendall(b"Expect: 100-continue\r\nConnection: close\r\n\r\n")
        assert connection.recv(1_000).startswith(b"HTTP/1.1 100 ")
        connection.sendall(b"body")
        answer = b""
        while piece := connection.recv(65_536):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert echo.requests[0].body == b"body"
    assert echo.requests[0].header("expect") is None


def test_the_code_of_an_upstreams_error_is_in_the_row(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    echo.script(error_reply(400, "context_length_exceeded"))
    assert http.post("/chat/completions", json={"model": "m"}).json()["error"]["code"] == "context_length_exceeded"
    assert relay.entry().error == "context_length_exceeded"


def test_limits_of_the_key_replace_those_of_the_upstream(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    relay.admission_headers = [(b"x-ratelimit-limit-requests", b"5")]
    relay.waits = True
    echo.script(json_reply({}, headers=((b"x-ratelimit-limit-requests", b"900"), (b"x-ratelimit-limit-tokens", b"7"))))
    headers = http.get("/files").headers
    assert headers.get_list("x-ratelimit-limit-requests") == ["5"]
    assert headers["x-ratelimit-limit-tokens"] == "7"


def test_nothing_is_left_behind(relay: Door, http: httpx.Client) -> None:
    for _ in range(5):
        http.post("/chat/completions", json={"model": "m"})
    assert relay.tasks_left() == 0
