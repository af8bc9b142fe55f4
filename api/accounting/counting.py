"""An entry of the ledger for each request that Footnote answers itself."""

import re
import time
from functools import lru_cache
from http import HTTPStatus

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.accounting.entry import Entry
from api.callers import caller_of
from upstream.metering import Meter, use_meter

_UNCOUNTED = frozenset(
    {"/healthz", "/readyz", "/metrics", "/docs", "/docs/oauth2-redirect", "/redoc", "/openapi.json", "/favicon.ico"}
)
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_NOWHERE = "(nothing there)"
"""Stands for all paths that lead nowhere: they may be anything, and of any number."""
_CLIENT_LEFT = 499
"""What nginx made the custom for clients that left before the answer was whole."""
_MAX_ERROR_BYTES = 16_384
_ERROR_EVENTS = b"event: error\ndata: ", b"event: response.failed\ndata: "
_PARAMETER = re.compile(r"\{[^}]*\}")


class _Error(msgspec.Struct):
    code: str | None = None


class _Failed(msgspec.Struct):
    error: _Error


class _Failure(msgspec.Struct):
    error: _Error | None = None
    response: _Failed | None = None
    """Where a response tells of itself that it failed."""


_FAILURE = msgspec.json.Decoder(_Failure)


class Counting:
    """ASGI middleware: keeps count of every request but those for health, metrics and documentation.

    Finds `caller`, `request_id` and `services` (with `ledger` and `limits`) in the request's state, and the code in
    `error` of what failed where the status does not tell.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http" or scope["path"] in _UNCOUNTED:
            await self._app(scope, receive, send)
            return
        counted = _Counted(scope, receive, send)
        use_meter(counted.meter)
        try:
            await self._app(scope, counted.receive, counted.send)
        finally:
            counted.end()


class _Counted:
    """One request, watched from its arrival to its last byte."""

    __slots__ = (
        "_began",
        "_error",
        "_is_stream",
        "_is_whole",
        "_left",
        "_receive",
        "_scope",
        "_send",
        "entry",
        "meter",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._scope, self._receive, self._send = scope, receive, send
        self._began = time.perf_counter()
        self._error = b""
        self._left = self._is_whole = self._is_stream = False
        self.entry = Entry("", caller_of(scope).key_id, scope["state"]["request_id"])
        self.meter = Meter()

    async def receive(self) -> Message:
        """What the client sends."""
        message = await self._receive()
        if message["type"] == "http.request":
            self.entry.request_bytes += len(message.get("body", b""))
        elif not self._is_whole:
            self._left = True
        return message

    async def send(self, message: Message) -> None:
        """What the client gets."""
        if message["type"] == "http.response.start":
            self._start(message)
        elif message["type"] == "http.response.body":
            self._go_on(message)
        try:
            await self._send(message)
        except OSError:
            self._left = True
            raise

    def end(self) -> None:
        """Hand the entry in, whatever has become of the request."""
        entry = self.entry
        entry.endpoint = f"{_method(self._scope)} {_label(self._scope)}"
        entry.seconds = time.perf_counter() - self._began
        if self._left:
            entry.status = _CLIENT_LEFT
        elif not entry.status:  # an exception that nobody foresaw is answered further out
            entry.status, entry.error = int(HTTPStatus.INTERNAL_SERVER_ERROR), "internal_error"
        if self._error:
            entry.error = _code(self._error)
        elif not entry.error:
            entry.error = self._scope["state"].get("error")
        tokens = _add_metered(entry, self.meter)
        services = self._scope["state"]["services"]
        services.ledger.add(entry)
        if tokens:
            services.limits.spent(caller_of(self._scope), tokens)

    def _start(self, message: Message) -> None:
        self.entry.status = message["status"]
        for name, value in message.get("headers", ()):
            if name == b"content-type":
                self._is_stream = self.entry.streamed = value.startswith(b"text/event-stream")

    def _go_on(self, message: Message) -> None:
        body = message.get("body", b"")
        entry = self.entry
        if body and entry.first_byte_seconds is None:
            entry.first_byte_seconds = time.perf_counter() - self._began
        entry.response_bytes += len(body)
        if self._is_stream and body.startswith(_ERROR_EVENTS):
            self._error = body.partition(b"\ndata: ")[2]
        elif entry.status >= HTTPStatus.BAD_REQUEST and len(self._error) < _MAX_ERROR_BYTES:
            self._error += body
        self._is_whole = not message.get("more_body", False)


def _method(scope: Scope) -> str:
    method = scope["method"]
    return method if method in _METHODS else "OTHER"


def _label(scope: Scope) -> str:
    """The path of the route that was found, such as `/stores/{id}`."""
    path = getattr(scope.get("route"), "path", None)
    return _NOWHERE if path is None else _without_names(path)


@lru_cache(maxsize=256)
def _without_names(path: str) -> str:
    return _PARAMETER.sub("{id}", path)


def _code(body: bytes) -> str | None:
    try:
        failure = _FAILURE.decode(body.strip())
    except msgspec.MsgspecError:
        return None
    error = failure.response.error if failure.response is not None else failure.error
    return None if error is None else error.code


def _add_metered(entry: Entry, meter: Meter) -> int:
    """Put what models did for it into the entry; returns how many tokens that took."""
    entry.model, entry.upstream, entry.retries = meter.model, meter.upstream, meter.retries
    entry.uses = meter.take()
    for use in entry.uses:
        entry.input_tokens += use.input_tokens
        entry.cached_tokens += use.cached_tokens
        entry.output_tokens += use.output_tokens
    return entry.input_tokens + entry.output_tokens
