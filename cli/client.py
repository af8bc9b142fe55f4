"""Calls to a running service."""

import json
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import Any
from urllib.parse import quote

import httpx
from pydantic import SecretStr

from cli.walking import Found

_TIMEOUT = httpx.Timeout(10.0, read=300.0, write=300.0)


class ClientError(Exception):
    """The service could not be reached, or refused."""


class Client:
    """What the commands ask of the service; safe to use from several threads.

    Raises:
        ClientError: the address is none.
    """

    def __init__(self, url: str, key: SecretStr | None = None) -> None:
        self._url = url.rstrip("/")
        self._answer: httpx.Response | None = None
        with self._translated():
            headers = {} if key is None else {"Authorization": f"Bearer {key.get_secret_value()}"}
            self._http = httpx.Client(base_url=self._url, timeout=_TIMEOUT, trust_env=False, headers=headers)

    def close(self) -> None:
        """Close all connections; an answer that another thread waits for is cut off."""
        if self._answer is not None:
            _cut_off(self._answer)
        self._http.close()

    def is_there(self) -> bool:
        """Whether anything answers at the address."""
        with self._translated():
            try:
                self._http.get("/healthz")
            except (httpx.ConnectError, httpx.ConnectTimeout):
                return False
        return True

    def readiness(self) -> Mapping[str, Any]:
        """What the service works with."""
        return self._json("GET", "/readyz")

    def ensure_store(self, name: str) -> None:
        """Make the store unless it exists."""
        with self._translated():
            if self._http.get(f"/stores/{_quoted(name)}").is_success:
                return
        self._json("POST", "/stores", json={"name": name})

    def add(self, files: Sequence[Found], form: Mapping[str, str]) -> Sequence[Mapping[str, Any]]:
        """Hand in some files; returns their documents, in the same order."""
        with ExitStack() as stack:
            parts = [("file", (found.name, stack.enter_context(found.path.open("rb")))) for found in files]
            return list(self._json("POST", "/documents", data=dict(form), files=parts)["data"])

    def replace(self, document_id: str, file: Found, form: Mapping[str, str]) -> Mapping[str, Any]:
        """Hand in a file that is to take a document's place."""
        with file.path.open("rb") as content:
            parts = {"file": (file.name, content)}
            return self._json("PUT", f"/documents/{_quoted(document_id)}", data=dict(form), files=parts)

    def documents(self, ids: Sequence[str]) -> Sequence[Mapping[str, Any]]:
        """How far these documents have come, at most 100; those that are gone are left out."""
        return list(self._json("GET", "/documents", params={"id": list(ids)})["data"])

    def searchable(self, store: str) -> Iterator[Mapping[str, Any]]:
        """All documents of a store that can be found, newest first."""
        wanted = {"store": store, "status": "completed", "limit": 100}
        page = self._json("GET", "/documents", params=wanted)
        yield from page["data"]
        while page["has_more"]:
            page = self._json("GET", "/documents", params={**wanted, "after": page["last_id"]})
            yield from page["data"]

    def content(self, document_id: str, start: int, end: int) -> str:
        """The extracted text of a document between two offsets."""
        with self._translated():
            response = self._http.get(f"/documents/{_quoted(document_id)}/content", params={"start": start, "end": end})
        if not response.is_success:
            raise ClientError(_reason(response))
        return response.text

    def stores(self, name: str | None) -> Sequence[Mapping[str, Any]]:
        """All stores with the counts of their documents, or the one that is named."""
        if name is not None:
            return [self._json("GET", f"/stores/{_quoted(name)}")]
        return list(self._json("GET", "/stores")["data"])

    def jobs(self, **wanted: Any) -> Mapping[str, Any]:
        """A page of jobs, with how many there are."""
        return self._json("GET", "/jobs", params={name: value for name, value in wanted.items() if value is not None})

    def cancel(self, document_id: str) -> Mapping[str, Any]:
        """Stop the work on a document."""
        return self._json("POST", f"/documents/{_quoted(document_id)}/cancel")

    def retry(self, document_id: str) -> Mapping[str, Any]:
        """Queue a document anew."""
        return self._json("POST", f"/documents/{_quoted(document_id)}/retry")

    def retry_failed(self, store: str | None) -> int:
        """Queue all failed documents anew, of one store or of all; returns how many."""
        return int(self._json("POST", "/jobs/retry", params={"store": store} if store else {})["retried"])

    def change_model(self, store: str, model: str) -> Mapping[str, Any]:
        """Begin to change a store's embedding model, or try again what failed; how far that has come."""
        return self._json("POST", f"/stores/{_quoted(store)}/reembed", json={"embedding_model": model})

    def change_of_model(self, store: str) -> Mapping[str, Any]:
        """How far a store's change of model has come."""
        return self._json("GET", f"/stores/{_quoted(store)}/reembed")

    def give_up_change(self, store: str) -> Mapping[str, Any]:
        """Leave a store with the model it has."""
        return self._json("DELETE", f"/stores/{_quoted(store)}/reembed")

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

    def answer(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """An answer in one piece, written anew even where the service keeps answers."""
        return self._json("POST", "/ask", json=body, headers={"Cache-Control": "no-cache"})

    def complete(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """What a chat model behind the service replies."""
        return self._json("POST", "/v1/chat/completions", json=body)

    def create_key(self, body: Mapping[str, Any]) -> Mapping[str, Any]:
        """Make a key; it is in the answer, and nowhere else."""
        return self._json("POST", "/keys", json=body)

    def list_keys(self) -> Sequence[Mapping[str, Any]]:
        """All keys, oldest first."""
        return list(self._json("GET", "/keys")["data"])

    def revoke_key(self, key_id: str) -> None:
        """Make a key useless for good."""
        self._json("DELETE", f"/keys/{_quoted(key_id)}")

    def rotate_key(self, key_id: str, grace_seconds: int) -> Mapping[str, Any]:
        """Give a key a new secret, which is in the answer."""
        return self._json("POST", f"/keys/{_quoted(key_id)}/rotate", json={"grace_seconds": grace_seconds})

    def usage(self, path: str, **wanted: Any) -> Mapping[str, Any]:
        """What was called, and what it cost (`/usage`, `/usage/calls`)."""
        return self._json("GET", path, params={name: value for name, value in wanted.items() if value is not None})

    def backup(self) -> Iterator[bytes]:
        """A backup of everything, piece by piece as it comes."""
        with self._translated(), self._http.stream("GET", "/backup") as response:
            if not response.is_success:
                response.read()
                raise ClientError(_reason(response))
            if response.headers.get("content-type") != "application/x-tar":
                raise ClientError(self._not_footnote())
            yield from response.iter_bytes()

    def _json(self, method: str, path: str, **arguments: Any) -> Mapping[str, Any]:
        with self._translated():
            response = self._http.request(method, path, **arguments)
        if not response.is_success:
            raise ClientError(_reason(response))
        try:
            return dict(response.json())
        except (ValueError, TypeError) as error:
            raise ClientError(self._not_footnote()) from error

    def _not_footnote(self) -> str:
        return f"What answers at {self._url} is not Footnote. Set FOOTNOTE_URL to the service's address."

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


def _quoted(name: str) -> str:
    return quote(name, safe="")


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
