"""What the fake server is told to do, and what it saw."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal[
    "status",
    "reply",
    "stall_headers",
    "stall_stream",
    "slow_stream",
    "reset",
    "reset_stream",
    "truncate_stream",
    "malformed_json",
    "malformed_stream",
    "error_event",
    "wrong_count",
    "shuffled",
    "nan",
    "short_vectors",
    "ragged_vectors",
]


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What happens to one request; requests without one are answered well."""

    kind: Kind
    """`status` answers with `status`, `headers` and `body`; `reply` makes the chat model say `body`, and
    is the reranker's whole answer; the stalls wait for `release`; `slow_stream` waits `seconds` before each chunk;
    `error_event` streams `body` as an event."""
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    seconds: float = 0.01


@dataclass(slots=True)
class Recorded:
    """A request as it arrived, and what became of it."""

    path: str
    headers: dict[str, str]
    body: Any
    in_flight: int
    """Requests under way when this one came, itself included."""
    outcome: Literal["open", "done", "cancelled"] = "open"
    """`cancelled` when the connection ended before the answer did."""


@dataclass(frozen=True, slots=True)
class Character:
    """How the server is built, as opposed to what happens to single requests."""

    dimensions: int = 256
    api_key: str | None = None
    """Key to ask for; None serves everyone."""
    refused_fields: frozenset[str] = frozenset()
    """Fields of a request that are answered with 400 and OpenAI's `unsupported_parameter`."""
    ignores_base64: bool = False
    latency_seconds: float = 0.0
    max_inputs: int = 2048
    refused_text: str | None = None
    """An embeddings call that holds this text is answered with 400."""
    max_in_flight: int | None = None
    """Calls above this number side by side are answered with 429."""
