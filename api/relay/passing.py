"""Passing an answer on to the client, piece by piece."""

import time
from http import HTTPStatus

import msgspec
from starlette.types import Send

from api.accounting.entry import Entry
from api.relay.answers import Answer
from api.relay.counting import Tokens, error_code, streamed_error_code
from api.relay.lines import Lines
from api.relay.meter import Meter
from api.relay.stripping import RawHeaders
from api.relay.usage_lines import UsageLines
from api.relay.watching import Watch

_EMPTY = b""
_DONE = b"data: [DONE]"
_COMPLETED = b"event: response.completed"


class Passing:
    """One answer on its way; reading goes no faster than the client takes it."""

    __slots__ = (
        "_began",
        "_entry",
        "_has_length",
        "_is_refusal",
        "_lines",
        "_meter",
        "_send",
        "_usage",
        "_watch",
        "events",
        "first_piece",
        "started",
    )

    def __init__(self, send: Send, entry: Entry, watch: Watch, began: float) -> None:
        self._send = send
        self._entry = entry
        self._watch = watch
        self._began = began
        """By the monotonic clock, when the request came in."""
        self._meter: Meter | None = None
        self._lines: Lines | None = None
        self._usage: UsageLines | None = None
        self._is_refusal = False
        self._has_length = False
        self.first_piece = _EMPTY
        """How the body begins, as it came."""
        self.events = 0
        """Of a stream, how many have passed, or nearly."""
        self.started = False
        """Whether the client has the status already, so that an error can no longer be told by it."""

    async def pass_on(self, answer: Answer, ours: RawHeaders, *, is_head: bool, asked_usage: bool) -> None:
        """Send status, headers and body; `ours` replace headers of the same name.

        Raises:
            UpstreamError: The answer broke off.
        """
        length = self._look(answer, asked_usage=asked_usage)
        headers = answer.headers
        if ours:
            names = {name for name, _ in ours}
            headers = [pair for pair in headers if pair[0] not in names]
            headers += ours
        if self._usage is not None:
            headers = [pair for pair in headers if pair[0] != b"content-length"]
            self._has_length = False
        self._entry.status = answer.status
        self.started = True
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        if is_head:
            length = 0
        if self._lines is None:
            await self._pass_bytes(answer, length)
        else:
            await self._pass_events(answer, self._lines)

    def _look(self, answer: Answer, *, asked_usage: bool) -> int:
        """Find out what kind of answer it is; returns its length, or -1."""
        encoding = content_type = _EMPTY
        length = -1
        for name, value in answer.headers:
            if name == b"content-type":
                content_type = value.lower()
            elif name == b"content-encoding":
                encoding = value.lower()
            elif name == b"content-length" and value.isdigit():
                length = int(value)
        self._has_length = length >= 0
        self._is_refusal = answer.status >= HTTPStatus.BAD_REQUEST
        streamed = content_type.startswith(b"text/event-stream")
        self._entry.streamed = streamed
        if streamed or b"json" in content_type:
            self._meter = Meter(encoding)
        if streamed and encoding in {_EMPTY, b"identity"}:
            self._lines = Lines()
            self._usage = UsageLines() if asked_usage else None
        return length

    async def _pass_bytes(self, answer: Answer, length: int) -> None:
        send, meter, entry, left = self._send, self._meter, self._entry, length
        while left and (piece := await answer.read()):
            if entry.first_byte_seconds is None:
                self._begin(piece)
            if meter is not None:
                meter.feed(piece)
            entry.response_bytes += len(piece)
            left -= len(piece)
            if not left:
                await self._finish(piece)
                await answer.read()
                return
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._finish(_EMPTY)

    async def _pass_events(self, answer: Answer, lines: Lines) -> None:
        send, meter, entry, usage = self._send, self._meter, self._entry, self._usage
        while piece := await answer.read():
            if entry.first_byte_seconds is None:
                self._begin(piece)
            if meter is not None:
                meter.feed(piece)
            whole = lines.feed(piece)
            if usage is not None:
                whole = usage.feed(whole)
            if whole:
                self.events += whole.count(b"data:")
                entry.response_bytes += len(whole)
                await send({"type": "http.response.body", "body": whole, "more_body": True})
        rest = lines.finish()
        if usage is not None:
            rest = usage.feed(rest)
        entry.response_bytes += len(rest)
        await self._finish(rest)

    def _begin(self, piece: bytes) -> None:
        self.first_piece = piece
        self._entry.first_byte_seconds = time.perf_counter() - self._began

    async def _finish(self, last: bytes) -> None:
        self._watch.finish()
        await self._send({"type": "http.response.body", "body": last, "more_body": False})

    async def break_off(self, error_body: object) -> None:
        """End an answer that the upstream did not: with an event where it is a stream, else the connection is cut.

        Returning without a last piece makes the server close the connection, so that the client notices.
        """
        self._watch.finish()
        if self._lines is None or self._has_length:
            return
        event = self._lines.broken_off() + b"data: " + msgspec.json.encode(error_body) + b"\n\n"
        self._entry.response_bytes += len(event)
        await self._send({"type": "http.response.body", "body": event, "more_body": False})

    def tokens(self) -> Tokens | None:
        """What the upstream reported so far."""
        if self._meter is None or self._is_refusal:
            return None
        return self._meter.tokens(streamed=self._entry.streamed)

    def error(self) -> str | None:
        """What the upstream says went wrong."""
        if self._meter is None:
            return None
        if self._entry.streamed:
            return streamed_error_code(self._meter.tail())
        return error_code(self._meter.tail()) if self._is_refusal else None

    def has_said_all(self) -> bool:
        """Whether the last event of a stream has passed; clients then leave without waiting for the end."""
        if self._lines is None or self._meter is None:
            return False
        tail = self._meter.tail()
        return tail.rstrip().endswith(_DONE) or _COMPLETED in tail

    def tail(self) -> bytes:
        """What is kept of the answer, unpacked: all of it where it is small."""
        return self._meter.tail() if self._meter is not None else _EMPTY

    @property
    def streamed(self) -> bool:
        """Whether the answer is a stream of events."""
        return self._entry.streamed
