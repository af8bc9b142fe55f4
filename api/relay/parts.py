"""What every relayed request uses, made once."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from api.accounting.entry import Entry
from api.callers import Caller
from api.relay.answering import Answering
from api.relay.fetched import Fetched
from api.relay.routes import Routes
from settings import RelaySettings


class Admission(Protocol):
    """A call that may go on."""

    @property
    def headers(self) -> Sequence[tuple[bytes, bytes]]:
        """What its answer tells of the caller's limits."""
        ...


class Limits(Protocol):
    """Counts what callers use, as `api.limiting` does."""

    def admit(self, caller: Caller) -> Admission | Awaitable[Admission]:
        """Count one request, or refuse it with an `ApiError`."""
        ...

    def spent(self, caller: Caller, tokens: int) -> None:
        """Count tokens, once they are known."""
        ...


class Ledger(Protocol):
    """Keeps what became of each call, as `api.accounting` does."""

    def add(self, entry: Entry) -> None:
        """Keep this; at no cost worth mentioning."""
        ...


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts of the relay."""

    settings: RelaySettings
    limits: Limits
    ledger: Ledger
    routes: Routes
    answering: Answering | None
    """None where nothing is passed on."""
    still_lets: Callable[[Caller], bool]
    """Whether a caller may go on: keys can be revoked while a WebSocket is open."""
    fetched: Fetched = field(default_factory=Fetched)
