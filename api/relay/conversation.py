"""A WebSocket that passes through, such as `/v1/realtime`: messages and close codes in both directions."""

import asyncio
import json
import time
from collections.abc import Sequence
from http import HTTPStatus
from inspect import isawaitable
from urllib.parse import parse_qs

from starlette.types import Message, Receive, Scope, Send

from api.accounting.entry import Entry
from api.callers import caller_of
from api.errors import ApiError, describe
from api.relay.failures import in_words, no_upstream
from api.relay.parts import Parts
from api.relay.permissions import check_models, check_route
from api.relay.realtime_events import models_in, tokens_in
from api.relay.stripping import RequestHeaders
from upstream import UpstreamError
from upstream.relay import Call, Closed, Relay, Replay, Socket

_OUR_KEY = "openai-insecure-api-key."
_SWITCHING = 101
_NORMAL = 1_000
_POLICY = 1_008
_INTERNAL = 1_011
_NO_STATUS = 1_005
_SENDABLE = frozenset({1_000, 1_001, 1_002, 1_003, *range(1_007, 1_015)})
_PRIVATE = range(3_000, 5_000)
_MAX_REASON_BYTES = 123
_LOOK_SECONDS = 1.0


class Conversation:
    """One WebSocket, from the handshake to its row in the ledger."""

    __slots__ = (
        "_accepted",
        "_began",
        "_caller",
        "_entry",
        "_is_over",
        "_parts",
        "_receive",
        "_relay",
        "_route",
        "_scope",
        "_send",
    )

    def __init__(self, parts: Parts, relay: Relay | None, scope: Scope, receive: Receive, send: Send) -> None:
        self._began = time.perf_counter()
        self._parts = parts
        self._relay = relay
        self._scope = scope
        self._receive = receive
        self._send = send
        self._caller = caller_of(scope)
        self._route = parts.routes.route("GET", scope["raw_path"])
        self._entry = Entry(self._route.label, self._caller.key_id, scope["state"]["request_id"], streamed=True)
        self._accepted = False
        self._is_over = False

    async def run(self) -> None:
        """Serve it to its end, whatever that is."""
        try:
            await self._serve()
        except Exception as error:  # noqa: BLE001  whatever it is, the client is told and the ledger has a row
            await self._fail(error)
        finally:
            self._entry.seconds = time.perf_counter() - self._began
            self._parts.ledger.add(self._entry)

    async def _serve(self) -> None:
        await self._receive()  # websocket.connect
        check_route(self._caller, self._route)
        if self._relay is None or self._parts.answering is None:
            raise no_upstream()
        admitted = self._parts.limits.admit(self._caller)
        if isawaitable(admitted):
            await admitted
        call = self._call()
        socket = await self._relay.connect(call, _offered(self._scope["subprotocols"]))
        try:
            self._note(socket)
            await self._send({"type": "websocket.accept", "subprotocol": socket.subprotocol, "headers": []})
            self._accepted = True
            await self._exchange(socket)
        finally:
            await socket.close()

    def _call(self) -> Call:
        headers = RequestHeaders(self._scope["headers"])
        query: bytes = self._scope["query_string"]
        named = parse_qs(query.decode("latin-1")).get("model", [])
        if self._caller.models is not None:
            check_models(self._caller, self._route, named)
            if not named:
                message = "This key is for some models only; name the model in the query, as `?model=…`."
                raise ApiError(HTTPStatus.FORBIDDEN, message, code="model_not_named", param="model")
        model = self._entry.model = named[0] if named else None
        path: bytes = self._scope["raw_path"].removeprefix(b"/v1")
        target = (path + b"?" + query if query else path).decode("latin-1")
        return Call("GET", target, headers.kept, b"", None, Replay.ALWAYS, model, headers.upstream)

    def _note(self, socket: Socket) -> None:
        entry = self._entry
        entry.status = _SWITCHING
        entry.upstream = socket.upstream
        entry.retries = socket.tries - 1
        entry.model = socket.model or entry.model

    async def _exchange(self, socket: Socket) -> None:
        """Pass messages on in both directions until one side ends it."""
        loop = asyncio.get_running_loop()
        sides = [loop.create_task(side) for side in (self._from_client(socket), self._from_upstream(socket))]
        if self._caller.key_id is not None:
            sides.append(loop.create_task(self._until_revoked()))
        try:
            await asyncio.wait(sides, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for side in sides:
                side.cancel()
            ended = await asyncio.gather(*sides, return_exceptions=True)
        for outcome in ended:
            if isinstance(outcome, Exception) and not isinstance(outcome, OSError):  # that is a client that has left
                raise outcome

    async def _from_client(self, socket: Socket) -> None:
        while (message := await self._receive())["type"] == "websocket.receive":
            data = _data(message)
            self._entry.request_bytes += len(data)
            if self._caller.models is not None and not self._may(data):
                self._entry.error = "model_not_found"
                await self._close(Closed(_POLICY, "This key may not use the model."))
                return
            if not await socket.send(data):
                return
        self._is_over = True
        await socket.close(_sendable(message.get("code") or _NO_STATUS), _short(message.get("reason") or ""))

    async def _until_revoked(self) -> None:
        """Conversations can last an hour; a key that is revoked or changed must end them sooner."""
        while self._parts.still_lets(self._caller):  # noqa: ASYNC110  a look is cheaper than being told
            await asyncio.sleep(_LOOK_SECONDS)
        self._entry.error = "invalid_api_key"
        await self._close(Closed(_POLICY, "The key was revoked or changed."))

    def _may(self, data: str | bytes) -> bool:
        models = models_in(data)
        return models is not None and all(self._caller.may_use_model(model) for model in models)

    async def _from_upstream(self, socket: Socket) -> None:
        entry, send = self._entry, self._send
        while not isinstance(data := await socket.receive(), Closed):
            if entry.first_byte_seconds is None:
                entry.first_byte_seconds = time.perf_counter() - self._began
            entry.response_bytes += len(data)
            if isinstance(data, str):
                self._count(data)
                await send({"type": "websocket.send", "text": data})
            else:
                await send({"type": "websocket.send", "bytes": data})
        await self._close(data)

    def _count(self, text: str) -> None:
        tokens = tokens_in(text) if '"usage"' in text else None
        if tokens is not None:
            self._entry.input_tokens += tokens.input
            self._entry.cached_tokens += tokens.cached
            self._entry.output_tokens += tokens.output
            self._parts.limits.spent(self._caller, tokens.input + tokens.output)

    async def _close(self, closed: Closed) -> None:
        if self._is_over:  # the client has ended it
            return
        self._is_over = True
        code = _sendable(closed.code)
        if code == _INTERNAL:
            self._entry.error = self._entry.error or "upstream_failed"
        await self._send({"type": "websocket.close", "code": code, "reason": _short(closed.reason)})

    async def _fail(self, error: Exception) -> None:
        if isinstance(error, UpstreamError):
            self._entry.retries = max(error.tries - 1, 0)
            self._entry.upstream = error.upstream
        status, body = describe(in_words(error, self._entry.model))
        self._entry.error = body["error"]["code"]
        if self._accepted:
            await self._close(Closed(_INTERNAL))
            return
        self._entry.status = status
        headers = [(b"content-type", b"application/json")]
        await self._send({"type": "websocket.http.response.start", "status": int(status), "headers": headers})
        await self._send({"type": "websocket.http.response.body", "body": json.dumps(body).encode()})


def _offered(subprotocols: Sequence[str]) -> list[str]:
    """What the client offers, without the key that browsers send there; the upstream's goes as a header."""
    return [protocol for protocol in subprotocols if not protocol.startswith(_OUR_KEY)]


def _data(message: Message) -> str | bytes:
    text: str | None = message.get("text")
    data: bytes | None = message.get("bytes")
    return text if text is not None else data or b""


def _sendable(code: int) -> int:
    """A code that may stand in a frame (RFC 6455, 7.4): 1005 and 1006 only say that there was none."""
    if code == _NO_STATUS:
        return _NORMAL
    return code if code in _SENDABLE or code in _PRIVATE else _INTERNAL


def _short(reason: str) -> str:
    """A reason that fits into a frame."""
    return reason.encode()[:_MAX_REASON_BYTES].decode("utf-8", "ignore")
