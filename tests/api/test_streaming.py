"""Answers under way, and what becomes of them when somebody leaves."""

import httpx
import pytest

from tests.cli.terminal import until
from tests.fakes.openai_server import Behaviour, FakeOpenAI
from tests.fakes.script import Kind
from tests.serving import add_and_wait


@pytest.mark.parametrize("stall", ["stall_stream", "stall_headers"])
def test_a_client_that_goes_away_ends_the_upstreams_work(
    http: httpx.Client, upstream: FakeOpenAI, store: str, stall: Kind
) -> None:
    add_and_wait(http, {"loans.md": b"A telescope may be kept for three weeks."}, store=store)
    before = len(upstream.requests)
    upstream.script(Behaviour("slow_stream", seconds=0), Behaviour(stall))
    with (
        httpx.Client(base_url=http.base_url, timeout=60) as other,
        other.stream("POST", "/ask", json={"question": "How long?", "store": store, "stream": True}) as response,
    ):
        lines = response.iter_lines()  # kept, since to drop it would close the connection
        assert next(lines) == "event: passages"
        until(lambda: len(upstream.requests) == before + 2)
        chat = upstream.requests[-1]
        assert (chat.path, chat.outcome) == ("/v1/chat/completions", "open")
    until(lambda: chat.outcome == "cancelled")
    assert http.post("/ask", json={"question": "How long?", "store": store}).json()["answered"]


def test_events_have_no_line_breaks_of_any_kind_within(http: httpx.Client, store: str) -> None:
    body = {"question": "one\u2028two\u2029three\u0085four", "store": store, "stream": True}
    text = http.post("/ask", json=body).text
    assert text.isascii()
    assert "one\\u2028two\\u2029three\\u0085four" in text
