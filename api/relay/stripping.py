"""The headers of a request: which an upstream must not see, and what the relay itself reads in them."""

from collections.abc import Sequence

RawHeaders = Sequence[tuple[bytes, bytes]]

_OURS = frozenset(
    {
        b"api-key",  # Azure's way to send our key
        b"authorization",
        b"connection",
        b"content-length",  # goes along with the body
        b"cookie",
        b"expect",  # we have answered it
        b"host",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"sec-websocket-protocol",  # can hold our key; a WebSocket offers the others anew
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
"""Hop-by-hop headers (RFC 9110, 7.6.1), cookies and whatever is meant for Footnote itself."""
_OUR_PREFIX = b"x-footnote-"
_PLAIN_CONNECTIONS = frozenset({b"keep-alive", b"close"})


class RequestHeaders:
    """What goes on to the upstream, in the order it came, and what is read here; found in one pass."""

    __slots__ = ("_hops", "content_bytes", "content_encoding", "content_type", "is_idempotent", "kept", "upstream")

    def __init__(self, headers: RawHeaders) -> None:
        """Names are in small letters, as ASGI gives them."""
        self.kept: list[tuple[bytes, bytes]] = []
        """All that an upstream may see, byte for byte."""
        self.content_type = ""
        self.content_encoding = b""
        self.content_bytes: int | None = None
        """What Content-Length declares."""
        self.is_idempotent = False
        """Whether the caller sent an idempotency key, so that asking twice has the effect of asking once."""
        self.upstream: str | None = None
        """Name of the upstream that the caller wants."""
        self._hops: list[bytes] = []
        """What `Connection` names as meant for the next hop alone."""
        for pair in headers:
            name = pair[0]
            if name in _OURS:
                self._take_ours(name, pair[1])
            elif name.startswith(_OUR_PREFIX):
                if name == b"x-footnote-upstream":
                    self.upstream = pair[1].decode("latin-1")
            else:
                self.kept.append(pair)
                if name == b"content-type":
                    more = pair[1].decode("latin-1")
                    self.content_type = f"{self.content_type}, {more}" if self.content_type else more
                elif name == b"content-encoding":
                    self.content_encoding = pair[1]
                elif name == b"idempotency-key":
                    self.is_idempotent = True
        if self._hops:
            self.kept = [pair for pair in self.kept if pair[0] not in self._hops]

    def _take_ours(self, name: bytes, value: bytes) -> None:
        if name == b"content-length" and value.isdigit():
            self.content_bytes = int(value)
        elif name == b"connection" and value.lower() not in _PLAIN_CONNECTIONS:
            self._hops += [token.strip() for token in value.lower().split(b",")]


def uncompressed(headers: RawHeaders) -> list[tuple[bytes, bytes]]:
    """The headers, with an answer asked for that can be read on its way."""
    return [(name, b"identity" if name == b"accept-encoding" else value) for name, value in headers]
