"""A request to pass on, and what comes back."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from enum import Enum

Headers = Sequence[tuple[bytes, bytes]]
"""Names in small letters and values, in the order they came; a name may come several times."""


class Replay(Enum):
    """When a request may be sent once more after one try failed."""

    ALWAYS = "always"
    """It changes nothing (GET, HEAD, OPTIONS, answers of models)."""
    SAME = "same"
    """It has an idempotency key: only the server that may have acted, and that knows the key, may be asked again."""
    UNDONE = "undone"
    """Only where the upstream cannot have acted: it was not reached, or refused with 429, or with 503 and a
    Retry-After."""


@dataclass(slots=True)
class Call:
    """A request as the client sent it, less what belongs to Footnote (its key, cookies, hop-by-hop headers)."""

    method: str
    target: str
    """Path below `/v1` and query, percent-encoded as they came: `/files?purpose=batch`."""
    headers: Headers
    body: bytes | AsyncIterator[bytes]
    """Bytes can be sent again; an iterator is read once, so the call is tried once."""
    content_length: int | None
    """What the client declared; None with an iterator means that it did not, and chunks are sent."""
    replay: Replay
    model: str | None = None
    """Model to route by; None where the request names none."""
    upstream: str | None = None
    """Name of the only upstream that may serve it, such as the one where its file is."""
