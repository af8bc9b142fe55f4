"""Server-sent events, decoded as their bytes arrive.

Follows https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation, of which only the
data matters here: names, ids and comments are skipped.
"""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class EventTooLongError(ValueError):
    """An event is longer than any answer should need."""


class EventDecoder:
    """Turns the bytes of one event stream into the data of its events; how the bytes are split does not matter."""

    def __init__(self, *, max_event_bytes: int = 8 * 1024 * 1024) -> None:
        self._max_event_bytes = max_event_bytes
        self._rest = b""
        self._data: list[bytes] = []
        self._event_bytes = 0
        self._skip_line_feed = False
        self._at_start = True

    def feed(self, chunk: bytes) -> list[str]:
        """The data of the events that end within this chunk. Raises `EventTooLongError`."""
        events = []
        for line in self._lines(chunk):
            if self._at_start:
                line = line.removeprefix(_BYTE_ORDER_MARK)  # noqa: PLW2901 - the mark is no part of the line
                self._at_start = False
            if line:
                self._take(line)
            elif self._data:
                events.append(b"\n".join(self._data).decode("utf-8", "replace"))
                self._data = []
                self._event_bytes = 0
        return events

    def _lines(self, chunk: bytes) -> list[bytes]:
        """Lines that are complete, without their ends; what follows them waits for the next chunk."""
        if self._skip_line_feed and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._skip_line_feed = False
        lines = (self._rest + chunk).splitlines(keepends=True)
        self._rest = lines.pop() if lines and not lines[-1].endswith((b"\r", b"\n")) else b""
        if lines and not self._rest:
            self._skip_line_feed = lines[-1].endswith(b"\r")
        self._check(len(self._rest))
        return [line.rstrip(b"\r\n") for line in lines]

    def _take(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        if name == b"data":
            self._event_bytes += len(value)
            self._check(0)
            self._data.append(value.removeprefix(b" "))

    def _check(self, more_bytes: int) -> None:
        if self._event_bytes + more_bytes > self._max_event_bytes:
            raise EventTooLongError
