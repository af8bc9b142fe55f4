"""Answers written by a chat model."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass
from typing import Any, Literal

from upstream.cleaning import clean
from upstream.client import Client
from upstream.errors import UpstreamError, UpstreamInvalidResponseError, UpstreamRejectedError
from upstream.failures import read_report, streamed_error
from upstream.metering import Use, count_reported, read_use
from upstream.retrying import Retries
from upstream.sse import EventDecoder, EventTooLongError
from upstream.wire import ChatChunk, parse

_PATH = "/chat/completions"
_END = "[DONE]"
_USAGE_FIELD = "stream_options"
_UNSUPPORTED = {"unsupported_parameter", "unsupported_value"}
_TEMPERATURE = 0.0
"""The likeliest words, so that the same passages give the same answer as far as the model can."""
_DRAIN_SECONDS = 0.25
"""How long the end of the body may lag behind `[DONE]` before the connection is given up instead of reused."""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(slots=True)
class Ending:
    """How an answer ended; filled in while it streams."""

    finish_reason: str | None = None
    """The server's word for it: `stop`, `length`, `content_filter`, …; None while it goes on."""
    use: Use | None = None
    """The tokens that the server reports; None where it does not say."""


class Chat:
    """One chat model of one server.

    Newer models refuse `max_tokens` for `max_completion_tokens`, or any `temperature`, and older servers the question
    how many tokens were used: what a refusal names is changed and remembered, at the cost of one call.
    """

    def __init__(self, client: Client, retries: Retries, *, model: str) -> None:
        self.model = model
        self._client = client
        self._retries = retries
        self._limit_field = "max_tokens"
        self._sends_temperature = True
        self._asks_for_usage = True

    async def stream(
        self,
        messages: Sequence[Message],
        *,
        max_tokens: int,
        options: Mapping[str, Any] | None = None,
        ending: Ending | None = None,
    ) -> AsyncGenerator[str, None]:
        """The answer's text as it is written; closing the iterator closes the call to the upstream.

        Tried again only as long as nothing was yielded. Raises `UpstreamError` or one of its children, also when the
        answer breaks off.

        Args:
            messages: The prompt.
            max_tokens: Longest answer, in the model's tokens.
            options: Further fields of the request, sent as they are; a refusal of one of them is raised.
            ending: Told how the answer ended.
        """
        tries = 0
        started = False
        ending = ending or Ending()
        while True:
            request = self._request(messages, max_tokens) | dict(options or {})
            try:
                async with aclosing(self._stream_once(request, ending)) as deltas:
                    async for delta in deltas:
                        started = True
                        yield delta
            except UpstreamRejectedError as refusal:
                if started or refusal.parameter in (options or {}) or not self._learns(refusal, request):
                    raise
            except UpstreamError as failure:
                if started:
                    raise
                await self._retries.pause(failure, tries)
                tries += 1
            else:
                return

    async def _stream_once(self, request: dict[str, Any], ending: Ending) -> AsyncGenerator[str, None]:
        texts = _texts(request)
        usage: Any = None
        ending.finish_reason = None
        try:
            async with self._client.stream(_PATH, request, texts=texts) as chunks, aclosing(_events(chunks)) as events:
                async for event in events:
                    if event == _END:
                        await _drain(chunks)
                        return
                    chunk = parse(ChatChunk, event)
                    usage = chunk.usage or usage  # some servers report what was used so far with every chunk
                    delta, reason = _read_chunk(chunk, event, texts)
                    ending.finish_reason = reason or ending.finish_reason
                    if delta:
                        yield delta
            if ending.finish_reason is None:
                raise UpstreamInvalidResponseError("The upstream's answer broke off before its end.")
        finally:
            ending.use = read_use(self.model, usage)
            count_reported(self.model, usage)

    def _request(self, messages: Sequence[Message], max_tokens: int) -> dict[str, Any]:
        request: dict[str, Any] = {
            "model": self.model,
            "messages": [{"role": message.role, "content": clean(message.content)} for message in messages],
            self._limit_field: max_tokens,
            "stream": True,
        }
        if self._sends_temperature:
            request["temperature"] = _TEMPERATURE
        if self._asks_for_usage:
            request[_USAGE_FIELD] = {"include_usage": True}
        return request

    def _learns(self, refusal: UpstreamRejectedError, request: dict[str, Any]) -> bool:
        """Whether the refusal is about a field of this request that can be changed; changes it for all later ones."""
        if _USAGE_FIELD in request and (_USAGE_FIELD in (refusal.parameter or "") or _USAGE_FIELD in str(refusal)):
            self._asks_for_usage = False
            return True
        if refusal.code not in _UNSUPPORTED or refusal.parameter not in request:
            return False
        if refusal.parameter == "max_tokens":
            self._limit_field = "max_completion_tokens"
            return True
        if refusal.parameter == "temperature":
            self._sends_temperature = False
            return True
        return False


def _texts(request: dict[str, Any]) -> list[str]:
    return [message["content"] for message in request["messages"]]


async def _events(chunks: AsyncIterator[bytes]) -> AsyncGenerator[str, None]:
    decoder = EventDecoder()
    async for chunk in chunks:
        try:
            events = decoder.feed(chunk)
        except EventTooLongError as exc:
            raise UpstreamInvalidResponseError("The upstream streams an event without end.") from exc
        for event in events:
            yield event


def _read_chunk(chunk: ChatChunk, event: str, texts: list[str]) -> tuple[str, str | None]:
    """The text that an event adds, and why the answer ends with it, if it does."""
    if chunk.error or not chunk.choices:
        _raise_streamed_error(chunk, event, texts)
        return "", None
    choice = chunk.choices[0]
    added = choice.delta.content if choice.delta else None
    return added or "", choice.finish_reason


def _raise_streamed_error(chunk: ChatChunk, event: str, texts: list[str]) -> None:
    report = read_report(event)
    if chunk.error or report.message or report.code:
        raise streamed_error(report, texts)


async def _drain(chunks: AsyncIterator[bytes]) -> None:
    """Read to the end of the body, so that the connection can serve the next call."""
    with suppress(TimeoutError, UpstreamError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            async for _ in chunks:
                pass
