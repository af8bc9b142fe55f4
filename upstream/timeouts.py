"""How long each phase of a call may take."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Three clocks, since each phase of a call has its own idea of long."""

    connect_seconds: float
    """Until the connection stands, TLS included."""
    first_byte_seconds: float
    """From when the request is sent until the headers of the answer."""
    idle_seconds: float
    """Between two pieces of the answer's body; of a long request: for the upstream to take a piece in."""
    group: str = "upstream"
    """Group of the options, for messages that say what to raise."""
