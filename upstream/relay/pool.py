"""Which server gets a call."""

from collections.abc import Mapping, Sequence
from secrets import SystemRandom

from upstream.errors import (
    UpstreamError,
    UpstreamRateLimitedError,
    UpstreamRejectedError,
    UpstreamUnavailableError,
)
from upstream.relay.server import Server

_NOT_FOUND = 404
_REMEMBERED_MODELS = 1_024
_random = SystemRandom().random


class Pool:
    """All servers, in the order of the configuration.

    A call that names a model goes to one of the model's servers by weight; one that names none, such as for files, to
    the first, so that what belongs together stays together.
    """

    def __init__(self, servers: Sequence[Server], aliases: Mapping[str, str]) -> None:
        self.servers = tuple(servers)
        self.aliases = aliases
        self.is_sole = len(self.servers) == 1
        """Whether there is nobody else to ask, so that an answer of any status is passed on and held against nobody."""
        self._by_name = {server.name: server for server in servers}
        self._by_model: dict[str, tuple[Server, ...]] = {}

    def resolve(self, server: Server, model: str) -> str | None:
        """What a server calls the model that a client asked for; None when it does not serve it."""
        return server.resolve(self.aliases.get(model, model))

    def serves(self, model: str) -> bool:
        """Whether there is a server for this model, be it up or not."""
        return bool(self._serving(model))

    def candidates(self, model: str | None, pinned: str | None, now: float) -> Sequence[Server]:
        """Servers that may be sent the call at this moment, the one to begin with first.

        Raises:
            UpstreamRejectedError: No server has this model, or this name.
            UpstreamUnavailableError: All of them are left alone for now.
            UpstreamRateLimitedError: Those that are not have no room.
        """
        serving = self._suitable(model, pinned)
        if len(serving) == 1:
            only = serving[0]
            if only.breaker.since is None and only.has_room(now):
                return serving
        ready = [server for server in serving if server.breaker.admits(now) and server.has_room(now)]
        if not ready:
            raise _none_ready(serving, now)
        return _in_order(ready, now, by_weight=model is not None)

    def _suitable(self, model: str | None, pinned: str | None) -> tuple[Server, ...]:
        if pinned is not None:
            return self._named(pinned)
        if model is None:
            return self.servers
        serving = self._serving(model)
        if not serving:
            raise UpstreamRejectedError(
                "No upstream serves this model; check its name, and `models` and `aliases` of the upstreams.",
                status=_NOT_FOUND,
                parameter="model",
                code="model_not_found",
            )
        return serving

    def _named(self, name: str) -> tuple[Server, ...]:
        server = self._by_name.get(name)
        if server is None:
            raise UpstreamRejectedError(
                "The upstream that has this is no longer configured; add it to `upstreams` again under its name.",
                status=_NOT_FOUND,
                code="upstream_not_found",
            )
        return (server,)

    def _serving(self, model: str) -> tuple[Server, ...]:
        found = self._by_model.get(model)
        if found is None:
            found = tuple(server for server in self.servers if self.resolve(server, model) is not None)
            if len(self._by_model) >= _REMEMBERED_MODELS:  # clients can send any names
                self._by_model.clear()
            self._by_model[model] = found
        return found


def _in_order(ready: Sequence[Server], now: float, *, by_weight: bool) -> list[Server]:
    """Those with a key that does not rest first, and of those the one that the weights choose."""
    rested = [server for server in ready if server.keyring.rested(now)]
    tired = [server for server in ready if server not in rested]
    stand_ins = [server for server in rested if not server.weight]
    regular = [server for server in rested if server.weight]
    if by_weight and len(regular) > 1:
        regular = _drawn(regular)
    return [*regular, *stand_ins, *tired]


def _drawn(servers: Sequence[Server]) -> list[Server]:
    """One server drawn by weight, then the others as configured."""
    mark = _random() * sum(server.weight for server in servers)
    for server in servers:
        mark -= server.weight
        if mark < 0:
            break
    return [server, *(other for other in servers if other is not server)]


def _none_ready(serving: Sequence[Server], now: float) -> UpstreamError:
    full = [server for server in serving if server.breaker.admits(now)]
    if full:
        seconds = min(server.room_seconds(now) for server in full)
        return UpstreamRateLimitedError(
            "All upstreams of this model have as many calls as they may; try again later.",
            retry_after_seconds=max(seconds, 1.0),
        )
    seconds = min(server.breaker.wait_seconds(now) for server in serving)
    return UpstreamUnavailableError(
        "The upstream has failed several times in a row and is left alone for a moment; try again later.",
        retry_after_seconds=max(seconds, 1.0),
    )
