"""One upstream server, and how it fares."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from settings.patterns import fits
from upstream.endpoint import Endpoint
from upstream.relay.breaker import Breaker, State
from upstream.relay.keyring import Keyring
from upstream.relay.minutes import Allowance

_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ServerState:
    """How a server fares."""

    name: str
    state: State
    in_flight: int
    down_seconds: float | None
    """How long it has been left alone; None while it is up."""
    keys_resting: int


class Server:
    """One server: where it is, what it serves, and what is known of it at this moment."""

    __slots__ = (
        "_aliases",
        "_globs",
        "_requests",
        "_tokens",
        "breaker",
        "endpoint",
        "in_flight",
        "keyring",
        "max_in_flight",
        "name",
        "weight",
    )

    def __init__(
        self,
        name: str,
        endpoint: Endpoint,
        keyring: Keyring,
        breaker: Breaker,
        *,
        models: Sequence[str] = ("*",),
        aliases: Mapping[str, str] | None = None,
        weight: int = 1,
        max_in_flight: int | None = None,
        requests_per_minute: int | None = None,
        tokens_per_minute: int | None = None,
    ) -> None:
        self.name = name
        self.endpoint = endpoint
        self.keyring = keyring
        self.breaker = breaker
        self.weight = weight
        self.max_in_flight = max_in_flight
        self.in_flight = 0
        self._globs = tuple(models)
        self._aliases = aliases or {}
        self._requests = Allowance(requests_per_minute) if requests_per_minute else None
        self._tokens = Allowance(tokens_per_minute) if tokens_per_minute else None

    @property
    def aliases(self) -> Mapping[str, str]:
        """Names for its models, and what they stand for."""
        return self._aliases

    def resolve(self, model: str) -> str | None:
        """What this server calls the model; None when it does not serve it."""
        if model in self._aliases:
            return self._aliases[model]
        return model if any(fits(model, glob) for glob in self._globs) else None

    def has_room(self, now: float) -> bool:
        """Whether it may be sent one more call."""
        return (
            (self.max_in_flight is None or self.in_flight < self.max_in_flight)
            and (self._requests is None or self._requests.is_left(now))
            and (self._tokens is None or self._tokens.is_left(now))
        )

    def room_seconds(self, now: float) -> float:
        """How long until its minute has room again."""
        waits = [allowance.wait_seconds(now) for allowance in (self._requests, self._tokens) if allowance]
        return max(waits, default=0.0)

    def enter(self, now: float) -> bool:
        """A call is sent to it; returns whether it is a probe of its breaker."""
        self.in_flight += 1
        if self._requests is not None:
            self._requests.take(now)
        return self.breaker.enter(now)

    def leave(self) -> None:
        """A call is over."""
        self.in_flight -= 1

    def succeeded(self) -> None:
        """It has answered."""
        if self.breaker.since is not None:
            _logger.warning("Upstream `%s` answers again.", self.name)
        self.breaker.succeeded()

    def failed(self, now: float, *, probe: bool) -> None:
        """A call has failed, and it may be the server's fault."""
        was_up = self.breaker.since is None
        self.breaker.failed(now, probe=probe)
        if was_up and self.breaker.since is not None:
            _logger.warning(
                "Upstream `%s` has failed %d times in a row and is left alone for %.0f s.",
                self.name,
                self.breaker.failures,
                self.breaker.wait_seconds(now),
            )

    def spend(self, now: float, tokens: int) -> None:
        """Count tokens of a call."""
        if self._tokens is not None:
            self._tokens.take(now, tokens)

    def state(self, now: float) -> ServerState:
        """How it fares."""
        since = self.breaker.since
        down_seconds = None if since is None else now - since
        return ServerState(self.name, self.breaker.state(), self.in_flight, down_seconds, self.keyring.resting(now))
