"""An id for every request, in the answer's `x-request-id` and in every line logged meanwhile."""

import logging
import re
import secrets
import time
from contextvars import ContextVar
from urllib.parse import quote

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADER = "x-request-id"
_ACCEPTABLE = re.compile(r"[\w.:-]{1,128}", re.ASCII)
_log = logging.getLogger(__name__)
_current: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIds:
    """ASGI middleware: takes the caller's `x-request-id` where it is sane, else makes one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = Headers(scope=scope).get(_HEADER, "")
        request_id = given if _ACCEPTABLE.fullmatch(given) else f"req_{secrets.token_hex(12)}"
        _current.set(request_id)

        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)[_HEADER] = request_id
                milliseconds = (time.perf_counter() - began) * 1_000
                _log.info("%s %s %s in %.1f ms", scope["method"], _path(scope), message["status"], milliseconds)
            await send(message)

        await self._app(scope, receive, send_with_id)


def _path(scope: Scope) -> str:
    """The path as it was sent, percent-encoded: decoded, it could hold line breaks and forge lines of the log."""
    return quote(scope.get("raw_path") or scope["path"], safe="/%:@!$&'()*+,;=~")


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with the id."""
        record.request_id = _current.get()
        return True
