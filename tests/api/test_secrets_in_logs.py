"""No key, prompt or text ever gets into a log, an error of ours, the ledger or the metrics, whichever way it came."""

import json
import signal
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing, suppress
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import WebSocketException
from websockets.sync.client import connect
from websockets.typing import Subprotocol

from tests.cli.terminal import Outcome, started, until
from tests.fakes.echo_server import EchoServer, Fault, Recorded, Reply, echo, error_reply, event_stream, json_reply
from tests.serving import add_and_wait

WORDS = "zanzibar marmalade oscillator"
UPSTREAM_KEY = "sk-proj-7f3kQzOfTheUpstream"
ADMIN_KEY = "an-admin-key-8h2LpWc4TtV-of-our-own-choosing"
WRONG_KEY = "sk-fn-9wrongKeyOfSomebodyElse0000000000000000000"
FOREIGN_KEY = "sk-proj-ForeignKey5566"
COOKIE = "session=C00kieOfSomebody"
SECRETS = ("zanzibar", "marmalade", UPSTREAM_KEY, ADMIN_KEY, WRONG_KEY, FOREIGN_KEY, "C00kieOfSomebody")
CHUNK = f'data: {{"choices": [{{"index": 0, "delta": {{"content": "{WORDS}"}}}}]}}\n\n'.encode()
FAILED_CHUNK = f'data: {{"error": {{"message": "{WORDS} {UPSTREAM_KEY}", "code": "{WORDS}"}}}}\n\n'.encode()
TEXTS = ({"input": WORDS, "model": "m"}, {"messages": [{"role": "user", "content": WORDS}], "model": "m"})

VECTOR = json_reply({"data": [{"index": 0, "embedding": [0.5, 0.5, 0.5, 0.5]}], "usage": {"prompt_tokens": 5}})


def answering(recorded: Recorded) -> Reply:
    """A server that embeds and writes, and otherwise tells what it saw."""
    if recorded.target.startswith("/v1/embeddings"):
        count = len(json.loads(recorded.body)["input"])
        vectors = [{"index": index, "embedding": [0.5, 0.5, 0.5, 0.5]} for index in range(count)]
        return json_reply({"data": vectors, "usage": {"prompt_tokens": 5, "total_tokens": 5}})
    if recorded.target.startswith("/v1/chat") and b'"stream"' in recorded.body:
        end = b'data: {"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}\n\n'
        return event_stream([CHUNK, end, b"data: [DONE]\n\n"])
    return echo(recorded)


def failures() -> Iterator[Reply]:
    """All the ways in which an upstream goes wrong, each with the secrets in what it says."""
    said = f"{WORDS} {UPSTREAM_KEY}"
    for status in (400, 401, 403, 404, 409, 422, 429, 500, 503):
        yield error_reply(status, said, message=said, headers=((b"x-note", WORDS.encode()),))
    yield Reply([WORDS.encode()], 500, ((b"content-type", b"text/plain"),))
    yield Reply([f'{{"error": "{WORDS}'.encode()])
    yield Reply(before=[Fault.RESET])
    yield Reply([f"not http: {said}\r\n\r\n".encode()], framing="raw")
    yield Reply([f"HTTP/1.1 200 OK\r\nbad header {said}\r\n\r\n".encode()], framing="raw")
    yield Reply([WORDS.encode(), Fault.RESET], declared_bytes=5_000)
    yield event_stream([CHUNK, FAILED_CHUNK])
    yield event_stream([CHUNK, CHUNK[:20], Fault.RESET])
    yield event_stream([CHUNK, b"data: {" + WORDS.encode() + b"\n\n", b"\x00" + WORDS.encode()])


@pytest.fixture(scope="module")
def ended(tmp_path_factory: pytest.TempPathFactory) -> tuple[Outcome, str, Sequence[str], Path]:
    """How the service ended, its metrics, what it said of failures of its own, and its folder."""
    folder = tmp_path_factory.mktemp("secrets")
    with (
        EchoServer(answering) as upstream,
        started(
            folder,
            "serve",
            OPENAI_BASE_URL=upstream.base_url,
            OPENAI_API_KEY=UPSTREAM_KEY,
            FOOTNOTE_KEYS_REQUIRED="true",
            FOOTNOTE_KEYS_ADMIN_KEY=ADMIN_KEY,
            FOOTNOTE_LOG_LEVEL="debug",
            FOOTNOTE_LOG_FORMAT="json",
            FOOTNOTE_RELAY_MAX_RETRIES="0",
            FOOTNOTE_UPSTREAM_MAX_RETRIES="0",
            FOOTNOTE_INGEST_MAX_FAILURES="0",
            FOOTNOTE_RELAY_BREAKER_FAILURES="1000",
            FOOTNOTE_USAGE_FLUSH_SECONDS="0.1",
        ) as service,
    ):
        headers = {"authorization": f"Bearer {ADMIN_KEY}", "cookie": COOKIE, "x-note": WORDS}
        with httpx.Client(base_url=service.address, timeout=60, headers=headers) as http:
            told = [*use_keys(http), *use_documents(http, upstream), *use_relay(http, upstream)]
            use_socket(service.address)
            until(lambda: "/v1/realtime" in http.get("/metrics").text)
            metrics = http.get("/metrics").text
        service.process.send_signal(signal.SIGTERM)
        outcome = service.ended()
    return outcome, metrics, told, folder


def use_keys(http: httpx.Client) -> Iterator[str]:
    """Wrong keys, in every place where keys can be."""
    for headers in (
        {"authorization": f"Bearer {WRONG_KEY}"},
        {"authorization": f"Bearer {FOREIGN_KEY}"},
        {"authorization": f"Basic {WORDS}"},
        {"authorization": "", "api-key": WRONG_KEY},
        {"authorization": "", "sec-websocket-protocol": f"realtime, openai-insecure-api-key.{FOREIGN_KEY}"},
    ):
        for path in ("/v1/models", "/stores"):
            answer = http.get(path, headers=headers)
            assert answer.status_code == 401
            yield answer.text


def use_documents(http: httpx.Client, upstream: EchoServer) -> Iterator[str]:
    """Uploads, searches and questions that go well, and that go wrong."""
    add_and_wait(http, {f"{WORDS}.txt": WORDS.encode(), f"{WORDS}.pdf": b"%PDF-1.7 " + WORDS.encode()})
    assert http.post("/ask", json={"question": WORDS}).status_code == 200
    for reply in failures():
        for path, before in (("/search", ()), ("/ask", (VECTOR,))):
            upstream.script(*before, reply)
            yield from own_failure(http.post(path, json={"query": WORDS}))
    as_json = {"content-type": "application/json"}
    for content in (f'{{"query": "{WORDS}', json.dumps({"query": WORDS, WORDS: 1}), json.dumps([WORDS]), "\udcff"):
        body = content.encode(errors="surrogateescape")
        answer = http.post("/search", content=body, headers=as_json, params={"q": WORDS})
        assert answer.status_code == 400


def use_relay(http: httpx.Client, upstream: EchoServer) -> Iterator[str]:
    """Calls of every kind that go well, and then every way in which an upstream fails."""
    assert http.get(f"/v1/files/{WRONG_KEY}", params={"q": WORDS}).status_code == 200
    assert http.post(f"/v1/{WORDS}/{FOREIGN_KEY}", json={"text": WORDS}).status_code == 200
    form = {"file": (f"{WORDS}.jsonl", WORDS.encode())}
    assert http.post("/v1/files", data={"purpose": WORDS}, files=form).status_code == 200
    for content in (f'{{"model": "m", "input": "{WORDS}', WORDS, json.dumps({"model": {"name": WORDS}})):
        http.post("/v1/chat/completions", content=content.encode(), headers={"content-type": "application/json"})
        http.post("/v1/files", content=content.encode(), headers={"content-type": f"multipart/form-data; x={WORDS}"})
    for reply in failures():
        for path, body in (("/v1/responses", TEXTS[0]), ("/v1/chat/completions", TEXTS[1] | {"stream": True})):
            upstream.script(reply)
            try:
                answer = http.post(path, json=body, params={"q": WORDS})
            except httpx.HTTPError as error:
                yield str(error)
            else:
                yield from own_failure(answer)


def own_failure(answer: httpx.Response) -> Iterator[str]:
    """What we say of a failure; what the upstream says of its own passes as it is."""
    with suppress(ValueError, KeyError, TypeError):
        error = answer.json()["error"]
        if error["type"] != error["code"]:  # as this upstream's are
            yield answer.text


def use_socket(address: str) -> None:
    """A conversation over a WebSocket, with the key where browsers put it, and one with a wrong key."""
    url = address.replace("http", "ws") + f"/v1/realtime?model=m&note={FOREIGN_KEY}"
    for key in (ADMIN_KEY, WRONG_KEY):
        with suppress(WebSocketException), connect(url, subprotocols=protocols(key)) as socket:
            socket.send(WORDS)
            assert socket.recv(timeout=10) == WORDS
            socket.close(1008, WORDS)


def protocols(key: str) -> list[Subprotocol]:
    return [Subprotocol("realtime"), Subprotocol(f"openai-insecure-api-key.{key}")]


def test_logs_hold_no_secret_even_when_everything_is_logged(
    ended: tuple[Outcome, str, Sequence[str], Path],
) -> None:
    outcome = ended[0]
    assert outcome.status == 0
    lines = [json.loads(line) for line in outcome.err.splitlines() if line.startswith("{")]
    messages = [line["message"] for line in lines]
    assert any(message.startswith("POST /v1/chat/completions ") for message in messages)
    assert any(message.startswith("POST /ask 200") for message in messages)
    for secret in SECRETS:
        assert [line for line in (outcome.err + outcome.out).splitlines() if secret in line] == []


def test_errors_of_ours_hold_no_secret(ended: tuple[Outcome, str, Sequence[str], Path]) -> None:
    told = ended[2]
    assert len(told) > 20
    for secret in SECRETS:
        assert [answer for answer in told if secret in answer] == []


def test_metrics_hold_no_secret(ended: tuple[Outcome, str, Sequence[str], Path]) -> None:
    metrics = ended[1]
    assert 'endpoint="POST /v1/chat/completions"' in metrics
    for secret in SECRETS:
        assert [line for line in metrics.splitlines() if secret in line] == []


def test_the_ledger_holds_no_secret(ended: tuple[Outcome, str, Sequence[str], Path]) -> None:
    with closing(sqlite3.connect(ended[3] / "data" / "footnote.db")) as database:
        rows = [str(row) for row in database.execute("SELECT * FROM usage")]
    endpoints = "\n".join(rows)
    for endpoint in ("POST /v1/files", "GET /v1/files/{id}", "POST /v1/{id}/{id}", "/v1/realtime", "POST /search"):
        assert endpoint in endpoints
    for secret in SECRETS:
        assert [row for row in rows if secret in row] == []
