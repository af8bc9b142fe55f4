"""Who may ask for what."""

import socket
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from api.callers import LOCAL, Caller
from api.errors import ApiError
from tests.api.relay.door import Door, door
from tests.fakes.echo_server import EchoServer, error_reply

_SOME_MODELS = Caller(key_id="key_1", permissions=frozenset({"relay"}), models=("tiny*", "whisper-1"))


def _code(response: httpx.Response) -> Any:
    return response.json()["error"]["code"]


def test_a_key_without_the_permission_is_refused(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    relay.caller = Caller(key_id="key_1", permissions=frozenset({"search"}))
    response = http.post("/chat/completions", json={"model": "m"})
    assert (response.status_code, _code(response)) == (403, "permission_denied")
    assert not echo.requests
    assert (relay.entry().key_id, relay.entry().error) == ("key_1", "permission_denied")


def test_the_account_at_the_upstream_is_not_for_limited_keys(relay: Door, http: httpx.Client) -> None:
    for caller in (LOCAL, Caller(key_id="key_1", permissions=frozenset({"relay"}))):
        relay.caller = caller
        assert http.get("/organization/users").status_code == 200
    relay.caller = _SOME_MODELS
    for path in ("/organization/users", "/%6frganization/users", "/organization%2Fusers"):
        assert http.get(path).status_code == 403
    assert http.get("/files").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/v1/../metrics",
        "/v1/files/%2E%2e/%2e./x",
        "/v1/./files",
        "/v1/files/..%2F..%2Fmetrics",
        "/v1/engines/../../metrics",
        "/v1/engines/..%2F..%2Fadmin/keys",
        "/v1/engines/tiny%2F..%2F..%2Forganization/users",
        "/v1/files/..%5C..%5Cmetrics",
        "/v1/files/..;/..;x/metrics",
    ],
)
def test_paths_do_not_climb_out_of_the_upstreams(echo: EchoServer, relay: Door, path: str) -> None:
    address = urlsplit(relay.url)
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        assert connection.recv(100).startswith(b"HTTP/1.1 400 ")
    assert relay.entry().error == "invalid_path"
    assert not echo.requests


def test_a_refusal_of_the_limits_is_passed_on(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    headers = {"retry-after": "3"}
    relay.refusal = ApiError(HTTPStatus.TOO_MANY_REQUESTS, "Too many.", code="rate_limit_exceeded", headers=headers)
    response = http.post("/chat/completions", json={"model": "m"})
    assert (response.status_code, response.headers["retry-after"]) == (429, "3")
    assert not echo.requests
    assert relay.entry().status == 429


def test_models_of_others_are_not_there(echo: EchoServer, relay: Door, http: httpx.Client) -> None:
    relay.caller = _SOME_MODELS
    assert http.post("/chat/completions", json={"model": "tiny-2"}).status_code == 200
    response = http.post("/chat/completions", json={"model": "large"})
    assert (response.status_code, _code(response)) == (404, "model_not_found")
    assert http.get("/models/large").status_code == 404
    assert http.delete("/models/large").status_code == 404
    assert len(echo.requests) == 1


@pytest.mark.parametrize(
    "body",
    [
        b'{"model": "tiny", "model": "large"}',
        b'{"model": "large", "model": "tiny"}',
        b'{"model": "tiny", "Model": "large"}',
        b'{"model": "tiny", "\\u006dodel": "large"}',
        b"{}",
        b'{"model": null}',
        b'{"model": ["large"]}',
        b"model=large",
    ],
)
def test_a_model_cannot_be_smuggled_past_the_key(
    echo: EchoServer, relay: Door, http: httpx.Client, body: bytes
) -> None:
    relay.caller = _SOME_MODELS
    assert http.post("/chat/completions", content=body).status_code in {403, 404}
    assert not echo.requests


def test_a_nested_member_is_no_model(relay: Door, http: httpx.Client) -> None:
    relay.caller = _SOME_MODELS
    assert http.post("/chat/completions", json={"model": "tiny", "metadata": {"model": "large"}}).status_code == 200


def test_models_of_forms_are_looked_at(relay: Door, http: httpx.Client) -> None:
    relay.caller = _SOME_MODELS
    files = {"file": ("a.mp3", b"sound")}
    assert http.post("/audio/transcriptions", data={"model": "whisper-1"}, files=files).status_code == 200
    assert http.post("/audio/transcriptions", data={"model": "large"}, files=files).status_code == 404
    assert http.post("/audio/transcriptions", data={"model": ["whisper-1", "large"]}, files=files).status_code == 404
    assert http.post("/audio/transcriptions", files=files).status_code == 403


@pytest.mark.parametrize(
    "other",
    [
        b"content-disposition: form-data; name*=utf-8''model",
        b'content-disposition: form-data; name="mo\\del"',
        b'content-disposition: form-data; name ="model"',
        b"content-disposition: form-data; name=\"x\"; name*=utf-8''model",
        b'content-disposition: form-data;\r\n name="model"',
        b'content-disposition: form-data; name="x"\r\ncontent-disposition: form-data; name*=model',
        b'content-disposition: form-data; name="x"\r\n\r\n\n--B\ncontent-disposition: form-data; name="model"\n',
    ],
)
def test_a_form_cannot_name_a_model_in_odd_ways(
    echo: EchoServer, relay: Door, http: httpx.Client, other: bytes
) -> None:
    relay.caller = _SOME_MODELS
    body = b'--B\r\ncontent-disposition: form-data; name="model"\r\n\r\nwhisper-1\r\n--B\r\n'
    body += other + b"\r\n\r\nlarge\r\n--B--\r\n"
    headers = {"content-type": "multipart/form-data; boundary=B"}
    assert http.post("/audio/transcriptions", content=body, headers=headers).status_code == 403
    assert not echo.requests


def test_what_starts_no_model_needs_none(relay: Door, http: httpx.Client) -> None:
    relay.caller = _SOME_MODELS
    assert http.post("/files", files={"file": b"x"}).status_code == 200
    assert http.get("/batches").status_code == 200
    assert http.post("/batches", json={"input_file_id": "file-1"}).status_code == 403


@pytest.mark.parametrize("path", ["/batches", "/%62atches", "/evals/eval_1/runs", "/realtime/client_secrets"])
def test_a_member_says_nothing_where_models_are_named_elsewhere(
    echo: EchoServer, relay: Door, http: httpx.Client, path: str
) -> None:
    relay.caller = _SOME_MODELS
    request = {"model": "tiny", "input_file_id": "file-1", "session": {"model": "large"}}
    assert http.post(path, json=request).status_code == 403
    assert not echo.requests
    relay.caller = LOCAL
    assert http.post(path, json=request).status_code == 200


@pytest.mark.parametrize(
    "types",
    [
        ["multipart/form-data; xboundary=AAA; boundary=BBB"],
        ["multipart/form-data; boundary=AAA", "multipart/form-data; boundary=BBB"],
        ["multipart/form-data; boundary=BBB", "multipart/form-data; boundary=AAA"],
        ["application/json", "multipart/form-data; boundary=AAA"],
    ],
)
def test_forms_that_can_be_read_in_two_ways_are_refused(
    echo: EchoServer, relay: Door, http: httpx.Client, types: list[str]
) -> None:
    relay.caller = _SOME_MODELS
    field = '--{0}\r\ncontent-disposition: form-data; name="model"\r\n\r\n{1}\r\n--{0}--\r\n'
    body = field.format("AAA", "whisper-1") + field.format("BBB", "large")
    headers = [("content-type", one) for one in types]
    assert http.post("/audio/transcriptions", content=body, headers=headers).status_code == 403
    assert not echo.requests


def test_a_body_that_is_not_kept_is_not_trusted(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url, replay_bytes=1_000) as opened:
        body = b'{"model": "tiny", "input": "' + b"x" * 900_000 + b'", "model": "large"}'
        assert httpx.post(f"{opened.url}/v1/embeddings", content=body).status_code == 200
        opened.caller = _SOME_MODELS
        assert httpx.post(f"{opened.url}/v1/embeddings", content=body).status_code == 403


def test_without_an_upstream_the_answer_says_what_to_set(tmp_path: Path) -> None:
    with door(tmp_path) as opened:
        response = httpx.get(f"{opened.url}/v1/models")
        assert (response.status_code, _code(response)) == (404, "no_upstream")
        assert "OPENAI_BASE_URL" in response.json()["error"]["message"]
        assert opened.entry().error == "no_upstream"


def test_nothing_passes_where_the_relay_is_off(echo: EchoServer, tmp_path: Path) -> None:
    with door(tmp_path, echo.base_url, enabled=False) as opened:
        assert httpx.get(f"{opened.url}/v1/models").status_code == 404
    assert not echo.requests


def test_an_upstream_that_cannot_be_reached_is_told_in_our_words(tmp_path: Path) -> None:
    with door(tmp_path, "http://127.0.0.1:9/v1", max_retries=0) as opened:
        response = httpx.post(f"{opened.url}/v1/chat/completions", json={"model": "m"})
        assert response.status_code == 502
        assert "127.0.0.1" not in response.text
        entry = opened.entry()
        assert (entry.status, entry.upstream, entry.input_tokens) == (502, "default", 0)


def test_a_key_that_the_upstream_refuses_is_no_fault_of_the_caller(echo: EchoServer, http: httpx.Client) -> None:
    echo.script(error_reply(401, "invalid_api_key", "Incorrect API key provided: sk-upstream"))
    response = http.get("/files")
    assert (response.status_code, _code(response)) == (502, "upstream_authentication")
    assert "sk-upstream" not in response.text
