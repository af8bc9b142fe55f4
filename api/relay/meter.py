"""Counting the tokens of an answer while it passes."""

from collections import deque

from api.relay.counting import Tokens, of_answer, of_end
from api.relay.unpacking import Unpack, UnpackingError, unpacking

_TAIL_BYTES = 65_536
"""Upstreams put `usage` at the end; more before it need not be kept."""


class Meter:
    """Keeps the end of an answer, without copying, and reads its tokens when it is over."""

    __slots__ = ("_is_broken", "_is_whole", "_pieces", "_size_bytes", "_unpack")

    def __init__(self, encoding: bytes = b"") -> None:
        self._pieces: deque[bytes] = deque()
        self._size_bytes = 0
        self._is_whole = True
        self._unpack: Unpack | None = unpacking(encoding) if encoding else None
        self._is_broken = bool(encoding) and self._unpack is None and encoding != b"identity"

    def feed(self, piece: bytes) -> None:
        """Take the next piece, as it came."""
        if self._unpack is not None:
            piece = self._unpacked(piece)
        pieces = self._pieces
        pieces.append(piece)
        self._size_bytes += len(piece)
        while self._size_bytes - len(pieces[0]) >= _TAIL_BYTES:
            self._size_bytes -= len(pieces.popleft())
            self._is_whole = False

    def tail(self) -> bytes:
        """The end of the answer, unpacked; at least 64 KiB where there were as many."""
        return b"".join(self._pieces)

    def tokens(self, *, streamed: bool) -> Tokens | None:
        """What the upstream reported; None where it did not."""
        if self._is_broken:
            return None
        tail = self.tail()
        return of_answer(tail) if self._is_whole and not streamed else of_end(tail)

    def _unpacked(self, piece: bytes) -> bytes:
        if self._is_broken or self._unpack is None:
            return b""
        try:
            return self._unpack(piece)
        except UnpackingError:
            self._is_broken = True
            return b""
