"""Calls to a running service."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx

from cli.walking import Found

_TIMEOUT = httpx.Timeout(10.0, read=300.0, write=300.0)


class ClientError(Exception):
    """The service could not be reached, or refused."""


class Client:
    """What the commands ask of the service; safe to use from several threads.

    Raises:
        ClientError: the address is none.
    """

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._answer: httpx.Response | None = None
        with self._translated():
            self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, trust_env=False)

    def close(self) -> None:
        """Close all connections; an answer that another thread waits for is cut off."""
        if self._answer is not None:
            _cut_off(self._answer)
        self._http.close()

    def ensure_store(self, name: str) -> None:
        """Make the store unless it exists."""
        with self._translated():
            if self._http.get(f"/stores/{quote(name, safe='')}").is_success:
                return
        self._json("POST", "/stores", json={"name": name})

    def add(self, files: Sequence[Found], store: str, attributes: str | None) -> Sequence[Mapping[str, Any]]:
        """Hand in some files; returns their documents, in the same order."""
        data = {"store": store} | ({"attributes": attributes} if attributes else {})
        with ExitStack() as stack:
            parts = [("file", (found.name, stack.enter_context(found.path.open("rb")))) for found in files]
            return list(self._json("POST", "/documents", data=data, files=parts)["data"])

    def documents(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """How far these documents have come, at most 100; those that are gone are left out."""
        return list(self._json("GET", "/documents", params={"id": list(ids)})["data"])

    def search(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Hits for a question."""
        return self._json("POST", "/search", json=body)

    def ask(self, body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """The events of a streamed answer, by name."""
        with self._translated(), self._http.stream("POST", "/ask", json={**body, "stream": True}) as response:
            if not response.is_success:
                response.read()
                raise ClientError(_reason(response))
            self._answer = response
            yield from _events(_lines(response.iter_bytes()))
            self._answer = None

    def _json(self, method: str, path: str, **arguments: Any) -> Mapping[str, Any]:
        with self._translated():
            response = self._http.request(method, path, **arguments)
        if not response.is_success:
            raise ClientError(_reason(response))
        try:
            return dict(response.json())
        except (ValueError, TypeError) as error:
            message = f"What answers at {self._url} is not Footnote. Set FOOTNOTE_URL to the service's address."
            raise ClientError(message) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            message = f"FOOTNOTE_URL is {self._url!r}; write it like `http://127.0.0.1:8321`."
            raise ClientError(message) from error
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            message = f"There is no service at {self._url}. Start one with `footnote serve`, or set FOOTNOTE_URL."
            raise ClientError(message) from error
        except UnicodeEncodeError as error:
            message = "A word of the command is not UTF-8; use a terminal that is set to UTF-8."
            raise ClientError(message) from error
        except httpx.HTTPError as error:
            message = f"The service at {self._url} broke off: {type(error).__name__}. Its log says more."
            raise ClientError(message) from error


def _lines(pieces: Iterator[bytes]) -> Iterator[str]:
    """The lines of a stream; of all the characters that end a line in Unicode, only the line feed does here."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)


def _events(lines: Iterator[str]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            data = json.loads(line.removeprefix("data: "))
            if name == "error":
                raise ClientError(data["error"]["message"])
            yield name, data
    if name != "done":
        raise ClientError("The answer broke off. The service's log says more.")


def _cut_off(response: httpx.Response) -> None:
    """Closing alone would not wake a thread that reads."""
    connection = response.extensions["network_stream"].get_extra_info("socket")
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def _reason(response: httpx.Response) -> str:
    try:
        return str(response.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return f"The service answered {response.status_code} {response.reason_phrase}."
