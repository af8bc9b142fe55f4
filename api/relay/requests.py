"""A request as the relay has understood it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

from api.callers import Caller
from api.relay.request_head import RequestHead
from api.relay.routes import Route
from api.relay.stripping import RawHeaders
from upstream.relay.call import Call, Replay


@dataclass(slots=True)
class Request:
    """What a client wants of an upstream."""

    method: str
    target: str
    """Path below `/v1` and query, percent-encoded as they came."""
    route: Route
    headers: RawHeaders
    body: bytes | AsyncIterator[bytes]
    content_length: int | None
    head: RequestHead
    model: str | None
    caller: Caller
    replay: Replay
    upstream: str | None = None
    """Name of the only upstream that may serve it."""

    @property
    def is_json(self) -> bool:
        """Whether the whole body is here and seems to be a JSON object."""
        return isinstance(self.body, bytes) and self.body.lstrip()[:1] == b"{"

    def call(self) -> Call:
        """The request as it goes to the upstream."""
        return Call(
            self.method,
            self.target,
            self.headers,
            self.body,
            self.content_length,
            self.replay,
            self.model,
            self.upstream,
        )

    def to(self, upstream: str) -> "Request":
        """The same, for one upstream alone."""
        return replace(self, upstream=upstream)
