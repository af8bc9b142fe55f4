"""Sending a long body beside waiting for the answer, and how long to wait."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
from aiohttp.client_proto import ResponseHandler
from aiohttp.http import StreamWriter

from upstream.errors import UpstreamError, UpstreamTimeoutError
from upstream.timeouts import Timeouts


class Patience:
    """Ends the wait for an answer in time, with a timer, which is cheaper than a cancelled task."""

    __slots__ = ("_loop", "_over", "_timeouts", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts) -> None:
        self._loop = loop
        self._timeouts = timeouts
        self._timer: asyncio.TimerHandle | None = None
        self._over = False

    def start(self, protocol: ResponseHandler) -> None:
        """The request is sent."""
        if not self._over:
            self._timer = self._loop.call_later(self._timeouts.first_byte_seconds, self._run_out, protocol)

    def end(self) -> None:
        """The answer is there, or never will be."""
        self._over = True
        if self._timer is not None:
            self._timer.cancel()

    def _run_out(self, protocol: ResponseHandler) -> None:
        protocol.set_exception(
            UpstreamTimeoutError(
                f"The upstream did not start to answer within {self._timeouts.first_byte_seconds:g} s; try again later"
                f" or raise `{self._timeouts.group}.first_byte_timeout_seconds`."
            )
        )


def start_upload(
    body: AsyncIterator[bytes],
    content_length: int | None,
    protocol: ResponseHandler,
    patience: Patience,
    timeouts: Timeouts,
) -> asyncio.Task[None]:
    """Send a body; the answer may come before its end. When all is sent, the wait for the answer begins."""
    loop = asyncio.get_running_loop()
    writer = StreamWriter(protocol, loop)
    if content_length is None:
        writer.enable_chunking()
    upload = loop.create_task(_pump(body, content_length, writer, timeouts))
    upload.add_done_callback(lambda task: _sent(task, protocol, patience))
    return upload


def _sent(upload: asyncio.Task[None], protocol: ResponseHandler, patience: Patience) -> None:
    """The body is sent, or could not be: of a lost connection the protocol knows itself, perhaps after an answer."""
    error = None if upload.cancelled() else upload.exception()
    if error is None:
        patience.start(protocol)
    elif not isinstance(error, aiohttp.ClientError | OSError):
        protocol.set_exception(error)


async def _pump(
    body: AsyncIterator[bytes], content_length: int | None, writer: StreamWriter, timeouts: Timeouts
) -> None:
    sent = 0
    async for piece in body:
        sent += len(piece)
        try:
            async with asyncio.timeout(timeouts.idle_seconds):
                await writer.write(piece)
        except TimeoutError as exc:
            raise UpstreamTimeoutError(
                f"The upstream did not take in the request within {timeouts.idle_seconds:g} s; try again later or raise"
                f" `{timeouts.group}.idle_timeout_seconds`."
            ) from exc
    if content_length not in {None, sent}:
        raise UpstreamError("The request is not as long as its Content-Length says.")
    await writer.write_eof()
