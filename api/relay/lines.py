"""Server-sent events on their way: whole lines only, so that a stream that breaks off can still end well."""

_LONGEST_BYTES = 65_536
"""A longer line passes in pieces, so that memory stays bounded."""


class Lines:
    """Passes a stream on, holding back the line that has not ended yet."""

    __slots__ = ("_held", "_last")

    def __init__(self) -> None:
        self._held = b""
        self._last = b"\n\n"
        """How what passed so far ends."""

    def feed(self, piece: bytes) -> bytes:
        """What can pass now that this piece has come."""
        if not self._held and piece.endswith(b"\n"):
            whole = piece
        else:
            piece = self._held + piece
            cut = _end_of_lines(piece)
            whole, self._held = piece[:cut], piece[cut:]
        if whole:
            self._last = whole[-4:] if len(whole) >= 4 else (self._last + whole)[-4:]  # noqa: PLR2004  as long as CRLF twice
        return whole

    def finish(self) -> bytes:
        """What is left at the proper end."""
        held, self._held = self._held, b""
        return held

    def broken_off(self) -> bytes:
        """What has to follow before another event may, where the stream broke off; the line begun is dropped."""
        self._held = b""
        if self._last.endswith((b"\n\n", b"\r\n\r\n", b"\r\r")):
            return b""
        return b"\n" if self._last.endswith((b"\n", b"\r")) else b"\n\n"


def _end_of_lines(piece: bytes) -> int:
    end = piece.rfind(b"\n") + 1
    if not end and b"\r" in piece:
        end = piece.rfind(b"\r", 0, len(piece) - 1) + 1  # a last CR may be half of a CRLF
    return end or (len(piece) if len(piece) > _LONGEST_BYTES else 0)
