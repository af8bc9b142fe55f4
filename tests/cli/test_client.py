"""The client against a service that sends what we choose, byte by byte."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from cli.client import Client, ClientError


@contextmanager
def answering(body: bytes) -> Iterator[Client]:
    """A client of a service whose every answer is `body`."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(200)
            self.end_headers()
            for byte in body:
                self.wfile.write(bytes([byte]))

        def log_request(self, *_: object) -> None:
            """Stay silent."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            with closing(Client(f"http://127.0.0.1:{server.server_port}")) as client:
                yield client
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("separator", ["\u2028", "\u2029", "\x85"])
def test_an_event_ends_with_a_line_feed_and_no_other_end_of_line(separator: str) -> None:
    text = f"Three{separator}weeks, 三周."
    events = [("delta", {"text": text}), ("done", {"answer": text})]
    body = "".join(f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n" for name, data in events)
    with answering(body.encode()) as client:
        assert list(client.ask({"question": "?"})) == events


def test_an_answer_that_breaks_off_within_an_event_says_so() -> None:
    with answering(b'event: delta\ndata: {"text": "Three') as client, pytest.raises(ClientError, match="broke off"):
        list(client.ask({"question": "?"}))


def test_what_is_not_utf_8_is_refused_in_one_sentence() -> None:
    word = "caf\udce9"
    with answering(b"{}") as client:
        for call in (
            lambda: client.search({"query": word}),
            lambda: list(client.ask({"question": word})),
            lambda: client.ensure_store(word),
            lambda: client.add([], {"store": word}),
        ):
            with pytest.raises(ClientError, match="not UTF-8"):
                call()
