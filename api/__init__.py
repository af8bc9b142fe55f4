"""The HTTP service."""

from api.app import create_app
from api.logs import configure_logging
from api.serving import AddressTakenError, running, until_stopped
from api.storage import open_storage

__all__ = ["AddressTakenError", "configure_logging", "create_app", "open_storage", "running", "until_stopped"]
