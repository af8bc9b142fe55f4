"""Neither the key nor what people write or ask is ever logged, whatever goes wrong."""

import signal
from pathlib import Path

import httpx

from tests.cli.terminal import started, until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.serving import add_and_wait

KEY = "sk-proj-7f3kQzVerySecret"
PHRASE = "zanzibar marmalade oscillator"
QUESTION = "Whither the peculiar wombat"
SECRETS = (KEY, PHRASE, QUESTION, "marmalade", "wombat")
REFUSALS = [
    Behaviour("status", status=401, body={"error": {"message": f"Incorrect API key provided: {KEY}"}}),
    Behaviour("status", status=400, body={"error": {"message": f"Invalid input: 'The {PHRASE} is {QUESTION}'"}}),
    Behaviour("status", status=429, headers={"Retry-After": "1"}, body={"error": {"message": f"{PHRASE} {KEY}"}}),
    Behaviour("status", status=500, body={"error": {"message": f"{QUESTION} {KEY}"}}),
    Behaviour("malformed_json"),
    Behaviour("wrong_count"),
    Behaviour("nan"),
    Behaviour("reset"),
]


def test_nothing_secret_is_logged_even_when_everything_is(tmp_path: Path) -> None:
    with (
        FakeOpenAI() as upstream,
        started(
            tmp_path,
            "serve",
            OPENAI_BASE_URL=upstream.base_url,
            OPENAI_API_KEY=KEY,
            FOOTNOTE_LOG_LEVEL="debug",
            FOOTNOTE_UPSTREAM_MAX_RETRIES="0",
            FOOTNOTE_INGEST_MAX_FAILURES="0",
        ) as service,
    ):
        with httpx.Client(base_url=service.address, timeout=60) as http:
            told = use(http, upstream)
            for process in service.family():
                process.kill()
            assert http.post("/search", json={"query": QUESTION}).status_code in {200, 503}
        service.process.send_signal(signal.SIGTERM)
        ended = service.ended()
    assert ended.status == 0
    assert "POST /ask 200" in ended.err
    assert "upstream_authentication" in ended.err
    for secret in SECRETS:
        assert secret not in ended.err
        assert secret not in ended.out
    for answer in told:
        assert KEY not in answer
        assert PHRASE not in answer


def use(http: httpx.Client, upstream: FakeOpenAI) -> list[str]:
    """Do everything well once, and then everything that can go wrong; returns what was said about failures."""
    text = f"The {PHRASE} is kept in the cellar.".encode()
    told = []
    add_and_wait(http, {"first.txt": b"The first one."})
    for number, refusal in enumerate(REFUSALS):
        upstream.script(refusal)
        told.append(str(add_and_wait(http, {f"{number}.txt": text + b" " + str(number).encode()})[0]["error"]))
    # For a moment after refusals no call is made.
    until(lambda: add_and_wait(http, {"good.txt": text})[0]["error"] is None)
    (document,) = add_and_wait(http, {"good.txt": text})
    add_and_wait(
        http, {"bad.pdf": b"%PDF-1.7 " + text, "bad.docx": b"PK\x03\x04" + text, "bad.png": b"\x89PNG\r\n\x1a\n" + text}
    )
    for refusal in REFUSALS:
        upstream.script(refusal)
        failed = http.post("/search", json={"query": QUESTION})
        assert failed.status_code >= 400
        told.append(failed.text)
        upstream.script(Behaviour("slow_stream", seconds=0), refusal)
        asked = http.post("/ask", json={"question": QUESTION})
        told += [] if asked.is_success else [asked.text]
    for broken in ("truncate_stream", "reset_stream", "malformed_stream"):
        upstream.script(Behaviour("slow_stream", seconds=0), Behaviour(broken))
        http.post("/ask", json={"question": QUESTION, "stream": True})
    assert http.post("/ask", json={"question": QUESTION}).status_code == 200
    for body in ({"query": QUESTION, "limit": 0}, {"query": QUESTION, "filter": {"type": PHRASE}}, {PHRASE: QUESTION}):
        assert http.post("/search", json=body).status_code == 400
    assert http.post("/search", content=f'{{"query": "{QUESTION}'.encode()).status_code == 400
    assert http.get(f"/documents/{document['id']}/content").text == text.decode()
    return told
