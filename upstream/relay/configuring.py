"""The servers that the options describe."""

from collections.abc import Mapping

from pydantic import SecretStr

from settings.options import RelaySettings, UpstreamServer, UpstreamSettings
from upstream.endpoint import Endpoint, read_endpoint, sendable
from upstream.errors import UpstreamConfigurationError
from upstream.relay.breaker import Breaker
from upstream.relay.keyring import Keyring
from upstream.relay.sending import Terms
from upstream.relay.server import Server
from upstream.timeouts import Timeouts

DEFAULT = "default"
"""Name of the server that `[upstream]` describes."""


def servers_of(default: Endpoint | None, upstreams: Mapping[str, UpstreamServer], relay: RelaySettings) -> list[Server]:
    """All servers, that of `[upstream]` first.

    Raises:
        UpstreamConfigurationError: An address or a key cannot be used, or a name is taken.
    """
    if DEFAULT in upstreams and default is not None:
        raise UpstreamConfigurationError(
            f"`upstreams.{DEFAULT}` has the name of the server in `[upstream]`; give it another."
        )
    sole = len(upstreams) + (default is not None) == 1
    servers = [] if default is None else [sole_server(DEFAULT, default, relay, sole=sole)]
    return servers + [_named(name, options, relay, sole=sole) for name, options in upstreams.items()]


def sole_server(name: str, endpoint: Endpoint, relay: RelaySettings, *, sole: bool = True) -> Server:
    """A server for every model, with the one key of its endpoint."""
    keys = [endpoint.api_key] if endpoint.api_key else []
    return Server(name, endpoint, Keyring(keys), _breaker(relay, sole=sole))


def _named(name: str, options: UpstreamServer, relay: RelaySettings, *, sole: bool) -> Server:
    group = f"upstreams.{name}"
    endpoint = read_endpoint(options.base_url, None, url_option=f"{group}.base_url", key_option=f"{group}.api_keys")
    return Server(
        name,
        endpoint,
        Keyring(_keys(options.api_keys, f"{group}.api_keys")),
        _breaker(relay, sole=sole),
        models=options.models,
        aliases=options.aliases,
        weight=options.weight,
        max_in_flight=options.max_in_flight,
        requests_per_minute=options.requests_per_minute,
        tokens_per_minute=options.tokens_per_minute,
    )


def _keys(keys: tuple[SecretStr, ...], option: str) -> list[SecretStr]:
    return [key for key in (sendable(written, option) for written in keys) if key is not None]


def _breaker(relay: RelaySettings, *, sole: bool) -> Breaker:
    return Breaker(relay.breaker_failures, relay.breaker_seconds, sole=sole)


def relay_terms(relay: RelaySettings) -> Terms:
    """How calls are tried that are passed on."""
    timeouts = Timeouts(
        connect_seconds=relay.connect_timeout_seconds,
        first_byte_seconds=relay.first_byte_timeout_seconds,
        idle_seconds=relay.idle_timeout_seconds,
        group="relay",
    )
    return Terms(timeouts, relay.max_retries, relay.retry_seconds)


def typed_terms(upstream: UpstreamSettings, count: int) -> Terms:
    """How calls of our own are tried: once at each server and key; their callers know when to try again."""
    timeouts = Timeouts(
        connect_seconds=upstream.connect_timeout_seconds,
        first_byte_seconds=upstream.first_byte_timeout_seconds,
        idle_seconds=upstream.idle_timeout_seconds,
    )
    return Terms(timeouts, max_retries=count, retry_seconds=float("inf"), waits=False)
