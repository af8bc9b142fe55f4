"""Calls of our own to OpenAI-compatible servers: JSON in, and every failure as an `UpstreamError`."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

from pydantic_core import to_json

from upstream.errors import UpstreamError, UpstreamInvalidResponseError
from upstream.failures import Refusal, read_report, read_retry_after
from upstream.metering import note_answer
from upstream.relay.answer import Answer
from upstream.relay.call import Call, Replay
from upstream.relay.relaying import Relay
from upstream.relay.sending import Terms

_MAX_ANSWER_BYTES = 256 * 1024 * 1024
"""Twice what 2,048 vectors of 3,072 numbers take as decimal text."""
_MAX_ERROR_BYTES = 64 * 1024
_HEADERS = (
    (b"accept-encoding", b"identity"),  # uncompressed, so that streams are not held back
    (b"user-agent", b"footnote"),
    (b"content-type", b"application/json"),
)


class Client:
    """Sends JSON to the servers of a relay; tries once at each that may be asked."""

    def __init__(self, relay: Relay, terms: Terms) -> None:
        self._relay = relay
        self._terms = terms

    def resolved(self, model: str) -> Sequence[str]:
        """What the servers of this model call it, each name once."""
        return self._relay.resolved(model)

    async def post(self, path: str, body: Mapping[str, Any], *, texts: Sequence[str]) -> bytes:
        """The whole body of the answer. `texts` are those of the request: no error message repeats them."""
        async with self.stream(path, body, texts=texts) as chunks:
            return await _read_all(chunks, _MAX_ANSWER_BYTES)

    @asynccontextmanager
    async def stream(
        self, path: str, body: Mapping[str, Any], *, texts: Sequence[str]
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """The body of the answer as it arrives; leaving the context before its end closes the connection."""
        content = to_json(body)
        call = Call("POST", path, _HEADERS, content, len(content), Replay.ALWAYS, model=body["model"])
        answer = await self._relay.send(call, self._terms)
        note_answer(answer.upstream, body["model"], answer.model, answer.tries)
        try:
            if answer.status >= 300:  # noqa: PLR2004 - redirects are not followed
                raise await self._refusal(answer, texts)
            async with aclosing(_chunks(answer)) as chunks:
                yield chunks
        finally:
            answer.close()

    async def _refusal(self, answer: Answer, texts: Sequence[str]) -> UpstreamError:
        try:
            body = await _read_all(_chunks(answer), _MAX_ERROR_BYTES)
        except UpstreamError:
            body = b""
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in answer.headers}
        return Refusal(
            answer.status,
            read_report(body),
            retry_after_seconds=read_retry_after(headers),
            key=answer.secret,
            texts=texts,
        ).error()


async def _chunks(answer: Answer) -> AsyncGenerator[bytes, None]:
    while piece := await answer.read():
        yield piece


async def _read_all(chunks: AsyncIterator[bytes], limit_bytes: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > limit_bytes:
            raise UpstreamInvalidResponseError(f"The upstream's answer is longer than {limit_bytes:,} bytes.")
    return bytes(body)
