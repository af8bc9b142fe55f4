"""Keeping other web sites, open in a browser on this machine or network, from using the service."""

import ipaddress
from collections.abc import Collection
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, answer
from settings import ServerSettings

_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def allowed_hosts(settings: ServerSettings) -> Collection[str]:
    """The names that clients may call the service by; `*` among them means any."""
    if settings.allowed_hosts is not None:
        return settings.allowed_hosts
    return (*_THIS_MACHINE, settings.host.lower()) if _is_loopback(settings.host) else ("*",)


class SameSiteOnly:
    """ASGI middleware: refuses what a page of another site sent.

    Browsers say so in Sec-Fetch-Site and Origin; other clients send neither. The Host must be one that is expected,
    since a site may have its own name resolve to this machine (DNS rebinding) and then counts as the same site.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed_hosts = allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = self._refusal(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else None
        await (self._app if refusal is None else answer(refusal))(scope, receive, send)

    def _refusal(self, method: str, headers: Headers) -> ApiError | None:
        host, origin = headers.get("host", "").lower(), headers.get("origin")
        if "*" not in self._allowed_hosts and _name(host) not in self._allowed_hosts:
            message = (
                "The service does not go by the host name of this request. Add the name to server.allowed_hosts "
                "(FOOTNOTE_SERVER_ALLOWED_HOSTS) to allow it."
            )
            return ApiError(HTTPStatus.MISDIRECTED_REQUEST, message, code="host_not_allowed")
        if _is_foreign(method, headers) or (origin is not None and _authority(origin) != host):
            message = (
                "The request comes from a page of another web site. If the page is your own, serve it under the same "
                "host and port; a proxy in between must pass the Host header on."
            )
            return ApiError(HTTPStatus.FORBIDDEN, message, code="cross_site")
        return None


def _is_foreign(method: str, headers: Headers) -> bool:
    """Whether a page of another site asks; following a link is fine, since that page does not see what comes of it."""
    link = (
        method == "GET" and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    )
    return headers.get("sec-fetch-site") == "cross-site" and not link


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


def _name(host: str) -> str | None:
    """A Host header without its port and an IPv6 address's brackets."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
