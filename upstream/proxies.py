"""Proxies that the environment names (HTTPS_PROXY, HTTP_PROXY, NO_PROXY), as other OpenAI clients read them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.request import getproxies, proxy_bypass

import aiohttp
from yarl import URL

from upstream.errors import UpstreamConfigurationError


@dataclass(frozen=True, slots=True)
class Proxy:
    """What stands between us and a server."""

    url: URL | None = None
    """None where nothing does."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """What the proxy wants to know who we are."""


def proxy_of(url: URL) -> Proxy:
    """The proxy on the way to `url`.

    Looked up once for a server. aiohttp's own `trust_env` does it anew for each call, in a thread, and takes user names
    and passwords from `~/.netrc` in another, although the key is sent in a header.
    """
    written = getproxies().get(url.scheme)
    if not written or (url.host and proxy_bypass(url.host)):
        return Proxy()
    try:
        proxy = URL(written if "://" in written else f"http://{written}")
        return Proxy(proxy.with_user(None), _credentials(proxy))
    except ValueError:
        name = f"{url.scheme.upper()}_PROXY"
        raise UpstreamConfigurationError(
            f"{name} in the environment is not an address; write http://host:port."
        ) from None


def _credentials(proxy: URL) -> Mapping[str, str]:
    if proxy.user is None:
        return {}
    return {"proxy-authorization": aiohttp.encode_basic_auth(proxy.user, proxy.password or "")}
