"""A limit to the size of requests, before anything of them is kept."""

from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import ApiError, answer

_MAX_OTHER_BYTES = 1_048_576
"""For JSON: a question has at most 32,000 characters, the rest is room for filters."""
_MAX_API_BYTES = 16_777_216
"""For JSON under `/v1`: conversations, and lists of thousands of files with their attributes."""


class BodyLimits:
    """ASGI middleware: refuses bodies that are too large, by their Content-Length or as soon as too much has come."""

    def __init__(self, app: ASGIApp, *, max_form_bytes: int) -> None:
        self._app = app
        self._max_form_bytes = max_form_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        is_form = headers.get("content-type", "").lower().startswith("multipart/")
        other = _MAX_API_BYTES if scope["path"].startswith("/v1/") else _MAX_OTHER_BYTES
        limit = self._max_form_bytes if is_form else other
        declared = headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > limit:
            await answer(_too_large(limit, is_form=is_form))(scope, receive, send)
            return
        received_bytes = 0

        async def receive_counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > limit:
                raise _too_large(limit, is_form=is_form)
            return message

        await self._app(scope, receive_counted, send)


def _too_large(limit: int, *, is_form: bool) -> ApiError:
    hint = "Send fewer files at a time, or raise server.max_request_bytes." if is_form else "Send less at a time."
    message = f"The request is larger than the {limit} bytes that are accepted. {hint}"
    return ApiError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, message, code="request_too_large")
