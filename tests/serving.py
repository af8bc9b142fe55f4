"""A real service on loopback, for tests."""

import asyncio
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx

from api import running
from settings import Settings, load_settings

T = TypeVar("T")
_PATIENCE_SECONDS = 60.0


def settings_for(folder: Path, **environ: str) -> Settings:
    """Settings as the environment would give them, on a free port, and with one process that reads files.

    Starting a second takes each service half a second of a core, and a test has few files.
    """
    own = {"FOOTNOTE_DATA_DIR": str(folder), "FOOTNOTE_SERVER_PORT": "0", "FOOTNOTE_INGEST_PARSE_PROCESSES": "1"}
    return load_settings(own | environ)


@contextmanager
def service(settings: Settings) -> Iterator[str]:
    """Run the service in a thread; yields its address."""
    with in_thread(lambda: running(settings)) as address:
        yield address


@contextmanager
def in_thread(opening: Callable[[], AbstractAsyncContextManager[T]]) -> Iterator[T]:
    """Enter an asynchronous context in a thread with an event loop of its own; yields what that yields."""
    started, stop = threading.Event(), threading.Event()
    opened: list[T] = []
    failures: list[BaseException] = []

    async def stay() -> None:
        async with opening() as entered:
            opened.append(entered)
            started.set()
            await asyncio.to_thread(stop.wait)

    def run() -> None:
        try:
            asyncio.run(stay())
        except BaseException as error:
            failures.append(error)
        finally:
            started.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    started.wait(_PATIENCE_SECONDS)
    try:
        if not opened:
            raise failures[0]
        yield opened[0]
    finally:
        stop.set()
        thread.join(_PATIENCE_SECONDS)


def add(http: httpx.Client, files: Mapping[str, bytes], **form: str) -> list[dict[str, Any]]:
    """Hand in files; returns their documents."""
    parts = [("file", (name, content)) for name, content in files.items()]
    response = http.post("/documents", data=form, files=parts)
    assert response.status_code == 202, response.text
    return list(response.json()["data"])


def settled(http: httpx.Client, document_id: str) -> dict[str, Any]:
    """The document once nothing more happens to it."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        document = dict(http.get(f"/documents/{document_id}").raise_for_status().json())
        if document["status"] in {"completed", "failed", "cancelled"}:
            return document
        time.sleep(0.05)
    message = f"{document_id} is still {document['status']}"
    raise AssertionError(message)


def add_and_wait(http: httpx.Client, files: Mapping[str, bytes], **form: str) -> list[dict[str, Any]]:
    """Hand in files and wait until nothing more happens to any."""
    return [settled(http, document["id"]) for document in add(http, files, **form)]


def events(http: httpx.Client, body: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """The events of a streamed answer."""
    import json

    found = []
    with http.stream("POST", "/ask", json={**body, "stream": True}) as response:
        assert response.headers["content-type"].startswith("text/event-stream"), response.read()
        name = ""
        for line in response.iter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif line.startswith("data: "):
                found.append((name, json.loads(line.removeprefix("data: "))))
    return found


@contextmanager
def listening(http: httpx.Client, path: str, **headers: str) -> Iterator[Iterator[tuple[str, str, Any]]]:
    """The server-sent events of a path as they come: id, name and data of each."""
    with http.stream("GET", path, headers=headers) as response:
        assert response.status_code == 200, response.read()
        assert response.headers["content-type"].startswith("text/event-stream")
        yield _events(response.iter_lines())


def _events(lines: Iterator[str]) -> Iterator[tuple[str, str, Any]]:
    import json

    fields: dict[str, str] = {}
    for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif fields:
            yield fields.get("id", ""), fields["event"], json.loads(fields["data"])
            fields = {}
