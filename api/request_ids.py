"""An id for every request, in the answer and in every line logged meanwhile."""

import logging
import re
import secrets
import time
from contextvars import ContextVar
from email.utils import formatdate
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_HEADER = b"x-request-id"
_OUR_HEADER = b"x-footnote-request-id"
_ACCEPTABLE = re.compile(rb"[\w.:-]{1,128}", re.ASCII)
_log = logging.getLogger(__name__)
_current: ContextVar[str] = ContextVar("request_id", default="-")


class RequestIds:
    """ASGI middleware: takes the caller's `x-request-id` where it is sane, else makes one.

    It is the answer's `x-request-id` too; an upstream's own stays there, and ours is in `x-footnote-request-id` then.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        request_id = _given(scope) or f"req_{secrets.token_hex(12)}"
        scope.setdefault("state", {})["request_id"] = request_id
        _current.set(request_id)
        began = time.perf_counter()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _with_id(list(message.get("headers", ())), request_id.encode())
                if not _is_relayed(scope):  # those are logged with what the ledger knows of them
                    milliseconds = (time.perf_counter() - began) * 1_000
                    _log.info("%s %s %s in %.1f ms", scope["method"], _path(scope), message["status"], milliseconds)
            await send(message)

        await self._app(scope, receive, send_with_id if scope["type"] == "http" else send)


def _given(scope: Scope) -> str | None:
    for name, value in scope["headers"]:
        if name == _HEADER:
            return value.decode() if _ACCEPTABLE.fullmatch(value) else None
    return None


def _with_id(headers: list[tuple[bytes, bytes]], request_id: bytes) -> list[tuple[bytes, bytes]]:
    """The headers of an answer with its id, and with the date where an upstream gave none."""
    has_id = has_date = False
    for name, _ in headers:
        if name == _HEADER:
            has_id = True
        elif name == b"date":
            has_date = True
    headers.append((_OUR_HEADER if has_id else _HEADER, request_id))
    if not has_date:
        headers.append((b"date", formatdate(usegmt=True).encode()))
    return headers


def _is_relayed(scope: Scope) -> bool:
    return bool(scope["state"].get("relayed", False))


def _path(scope: Scope) -> str:
    """The path as it was sent, percent-encoded: decoded, it could hold line breaks and forge lines of the log."""
    return quote(scope.get("raw_path") or scope["path"], safe="/%:@!$&'()*+,;=~")


class RequestIdFilter(logging.Filter):
    """Adds `request_id` to log records."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Let every record through, with the id."""
        record.request_id = _current.get()
        return True
