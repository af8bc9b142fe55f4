"""The body of a request: all of it where it is small, else its beginning and the rest as it comes."""

from collections.abc import AsyncIterator

from starlette.types import Message, Receive

from api.relay.watching import ClientLeftError, Watch

_HEAD_BYTES = 65_536
"""Of a body that is not kept: enough to find the model in."""


class Body:
    """What has come of a request's body so far."""

    __slots__ = ("_receive", "_watch", "beginning", "is_whole", "passed_bytes")

    def __init__(self, receive: Receive, watch: Watch) -> None:
        self._receive = receive
        self._watch = watch
        self.beginning = b""
        self.is_whole = False
        self.passed_bytes = 0
        """Bytes that came so far."""

    async def read(self, declared_bytes: int | None, keep_bytes: int, *, is_form: bool) -> None:
        """Take all of it, or the beginning where it is larger than what may be kept.

        What comes without a length, and names no model, may be meant to be heard while it is spoken: of that the
        first piece is all that is waited for.

        Raises:
            ClientLeftError: The client left meanwhile.
        """
        message = await self._receive()
        piece: bytes = message.get("body", b"")
        if message["type"] == "http.request" and not message.get("more_body", False):  # nearly always
            self.beginning, self.is_whole, self.passed_bytes = piece, True, len(piece)
            self._watch.start()
            return
        wanted_bytes = keep_bytes + 1
        if declared_bytes is None and not is_form and piece.lstrip()[:1] not in {b"", b"{"}:
            wanted_bytes = 1
        elif declared_bytes is not None and declared_bytes > keep_bytes:
            wanted_bytes = _HEAD_BYTES
        await self._gather(message, wanted_bytes)

    async def _gather(self, message: Message, wanted_bytes: int) -> None:
        pieces: list[bytes] = []
        more = self._take(message, pieces)
        while more and self.passed_bytes < wanted_bytes:
            more = self._take(await self._receive(), pieces)
        self.beginning, self.is_whole = b"".join(pieces), not more
        if self.is_whole:
            self._watch.start()

    def _take(self, message: Message, pieces: list[bytes]) -> bool:
        if message["type"] != "http.request":
            raise ClientLeftError
        piece: bytes = message.get("body", b"")
        self.passed_bytes += len(piece)
        pieces.append(piece)
        return bool(message.get("more_body", False))

    async def stream(self) -> AsyncIterator[bytes]:
        """The beginning, then the rest as it comes; nothing is read ahead of whoever reads this.

        Raises:
            ClientLeftError: The client left before the end.
        """
        beginning, self.beginning = self.beginning, b""
        if beginning:
            yield beginning
        more = True
        while more:
            pieces: list[bytes] = []
            try:
                more = self._take(await self._receive(), pieces)
            except ClientLeftError:
                self._watch.leave()
                raise
            if pieces[0]:
                yield pieces[0]
        self._watch.start()
