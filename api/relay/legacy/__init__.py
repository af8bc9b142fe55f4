"""Endpoints that newer upstreams no longer have, answered through those they have, in the old shapes."""

from api.relay.legacy.translating import Legacy

__all__ = ["Legacy"]
