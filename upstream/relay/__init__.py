"""Passing requests on to upstreams, byte for byte: routing, retries, fail-over."""

from upstream.relay.answer import Answer
from upstream.relay.call import Call, Headers, Replay
from upstream.relay.relaying import Relay
from upstream.relay.server import ServerState
from upstream.relay.socket import Closed, Socket

__all__ = ["Answer", "Call", "Closed", "Headers", "Relay", "Replay", "ServerState", "Socket"]
