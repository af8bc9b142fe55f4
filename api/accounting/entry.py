"""What the ledger keeps of one call."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import time

from upstream.metering import Use


@dataclass(slots=True)
class Entry:
    """One call, filled in while it is served; never its text."""

    endpoint: str
    """Method and path with `{id}` in place of ids, such as `POST /v1/chat/completions` or `GET /v1/files/{id}`."""
    key_id: str | None
    """None where no key is needed and none was sent."""
    request_id: str
    at: float = field(default_factory=time)
    """When it came in, in seconds since 1970."""
    model: str | None = None
    """Model that was asked for, with aliases resolved."""
    upstream: str | None = None
    """Name of the upstream that answered; None where none did."""
    status: int = 0
    """HTTP status that the client got; 499 when it left before, 101 of a WebSocket."""
    error: str | None = None
    """OpenAI's or our code of what went wrong, such as `upstream_timeout`; also of streams that broke off."""
    streamed: bool = False
    input_tokens: int = 0
    """Tokens read, cached ones included."""
    cached_tokens: int = 0
    output_tokens: int = 0
    """Tokens written, those of reasoning included."""
    seconds: float = 0.0
    """From its arrival to the last byte."""
    first_byte_seconds: float | None = None
    """From its arrival to the first byte of the answer's body (of a stream: the first event)."""
    retries: int = 0
    """Tries after the first, at any upstream."""
    request_bytes: int = 0
    response_bytes: int = 0
    uses: Sequence[Use] = ()
    """Tokens by model, of a call that used several or whose models are not the one it named; their sums are above."""
    cost_usd: float | None = None
    """What the ledger has found that it cost; None where no price is known."""
