"""Keeping other web sites, open in a browser on this machine or network, from using the service."""

import ipaddress
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from http import HTTPStatus
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Receive, Scope, Send

from api.errors import ApiError, answer
from settings import ServerSettings

_TELLING = frozenset({b"host", b"origin", b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"})
_THIS_MACHINE = ("localhost", "127.0.0.1", "::1")


def allowed_hosts(settings: ServerSettings) -> Collection[str]:
    """The names that clients may call the service by; `*` among them means any."""
    if settings.allowed_hosts is not None:
        return settings.allowed_hosts
    return (*_THIS_MACHINE, settings.host.lower()) if is_loopback(settings.host) else ("*",)


class SameSiteOnly:
    """ASGI middleware: refuses what a page of another site sent.

    Browsers say so in Sec-Fetch-Site and Origin; other clients send neither. The Host must be one that is expected,
    since a site may have its own name resolve to this machine (DNS rebinding) and then counts as the same site.
    """

    def __init__(self, app: ASGIApp, *, allowed_hosts: Collection[str]) -> None:
        self._app = app
        self._allowed_hosts = frozenset(allowed_hosts)
        self._any_host = "*" in allowed_hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        refusal = None if scope["type"] == "lifespan" else self._refusal(scope)
        await (self._app if refusal is None else answer(refusal))(scope, receive, send)

    def _refusal(self, scope: Scope) -> ApiError | None:
        told = _told_by_browser(scope["headers"])
        host, origin = told.get(b"host", "").lower(), told.get(b"origin")
        if not self._any_host and _name(host) not in self._allowed_hosts:
            message = (
                "The service does not go by the host name of this request. Add the name to server.allowed_hosts "
                "(FOOTNOTE_SERVER_ALLOWED_HOSTS) to allow it."
            )
            return ApiError(HTTPStatus.MISDIRECTED_REQUEST, message, code="host_not_allowed")
        if _is_foreign(scope, told) or (origin is not None and _authority(origin) != host):
            message = (
                "The request comes from a page of another web site. If the page is your own, serve it under the same "
                "host and port; a proxy in between must pass the Host header on."
            )
            return ApiError(HTTPStatus.FORBIDDEN, message, code="cross_site")
        return None


def _told_by_browser(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, str]:
    """The headers that count here, read in one pass since every relayed call comes by; the first of a name counts."""
    told: dict[bytes, str] = {}
    for name, value in headers:
        if name in _TELLING:
            told.setdefault(name, value.decode("latin-1"))
    return told


def _is_foreign(scope: Scope, told: Mapping[bytes, str]) -> bool:
    """Whether a page of another site asks; following a link is fine, since that page does not see what comes of it."""
    if told.get(b"sec-fetch-site") != "cross-site":
        return False
    link = told.get(b"sec-fetch-mode") == "navigate" and told.get(b"sec-fetch-dest") == "document"
    return not (link and scope.get("method") == "GET")


def _authority(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None


@lru_cache(maxsize=256)
def _name(host: str) -> str | None:
    """A Host header without its port and an IPv6 address's brackets."""
    try:
        return urlsplit(f"//{host}").hostname
    except ValueError:
        return None


def is_loopback(host: str) -> bool:
    """Whether what listens there can be reached from this machine only."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
