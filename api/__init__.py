"""The HTTP service."""

from api.app import create_app
from api.logs import configure_logging
from api.serving import AddressTakenError, running, until_stopped

__all__ = ["AddressTakenError", "configure_logging", "create_app", "running", "until_stopped"]
