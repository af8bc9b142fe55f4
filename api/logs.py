"""Logging to standard error, a line a message, each with the id of the request it belongs to."""

import logging

from api.request_ids import RequestIdFilter
from settings import LogSettings

_FORMAT = "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"
_CHATTY = ("httpx", "httpcore", "asyncio", "alembic", "multipart", "python_multipart", "pypdf")


def configure_logging(settings: LogSettings) -> None:
    """Log what is at least as severe as the settings say; libraries only from warnings on."""
    handler = logging.StreamHandler()
    handler.addFilter(RequestIdFilter())
    handler.setFormatter(logging.Formatter(_FORMAT))
    logging.basicConfig(level=settings.level.upper(), handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
