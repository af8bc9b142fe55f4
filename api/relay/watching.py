"""Noticing at once that a client has left, so that nothing goes on for nobody."""

import asyncio

from starlette.types import Receive


class ClientLeftError(Exception):
    """The client has closed the connection."""


class Watch:
    """Cancels the task that serves a request when its client leaves.

    Starts when the whole body has come: until then, whoever reads the body notices.
    """

    __slots__ = ("_is_over", "_receive", "_serving", "_watching", "has_left")

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._serving = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._is_over = False
        self.has_left = False

    def start(self) -> None:
        """Watch from now on."""
        if self._watching is None and not self._is_over:
            self._watching = asyncio.get_running_loop().create_task(self._watch())

    def leave(self) -> None:
        """The client has left: cancel what is done for it."""
        if not self._is_over and not self.has_left and self._serving is not None:
            self.has_left = True
            self._serving.cancel()

    def finish(self) -> None:
        """The answer is complete: what the client does from now on is of no interest."""
        self._is_over = True

    def stop(self) -> None:
        """Watch no more."""
        if self._watching is not None and not self._is_over:  # else it ends by itself, with the answer
            self._watching.cancel()
        self._is_over = True

    async def _watch(self) -> None:
        message = await self._receive()
        while message["type"] != "http.disconnect":
            message = await self._receive()
        self.leave()
