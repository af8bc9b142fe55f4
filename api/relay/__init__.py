"""Everything under `/v1` that Footnote does not answer itself, passed on to upstreams byte for byte."""

from api.relay.app import RelayApp

__all__ = ["RelayApp"]
