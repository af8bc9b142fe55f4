"""The HTTP service; commands that need only a part of it are not kept waiting for the rest."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from api.app import create_app
    from api.logs import configure_logging
    from api.serving import AddressTakenError, running, until_stopped
    from api.storage import open_storage

__all__ = ["AddressTakenError", "configure_logging", "create_app", "open_storage", "running", "until_stopped"]

_PLACES = {
    "AddressTakenError": "api.serving",
    "configure_logging": "api.logs",
    "create_app": "api.app",
    "open_storage": "api.storage",
    "running": "api.serving",
    "until_stopped": "api.serving",
}


def __getattr__(name: str) -> Any:
    if name not in _PLACES:
        raise AttributeError(name)
    return getattr(import_module(_PLACES[name]), name)
