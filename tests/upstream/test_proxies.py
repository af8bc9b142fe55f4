"""Proxies from the environment."""

import aiohttp
import pytest
from pydantic import SecretStr
from yarl import URL

from settings.options import UpstreamSettings
from tests.fakes.openai_server import FakeOpenAI
from upstream import UpstreamConfigurationError, open_upstream
from upstream.proxies import Proxy, proxy_of

SERVER = URL("https://api.example.com/v1")


@pytest.fixture(autouse=True)
def without_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_without_a_proxy_in_the_environment_there_is_none() -> None:
    assert proxy_of(SERVER) == Proxy()


def test_the_proxy_of_the_scheme_is_used_with_its_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:pass%40word@proxy.example:3128")
    assert proxy_of(SERVER) == Proxy(
        URL("http://proxy.example:3128"), {"proxy-authorization": aiohttp.encode_basic_auth("user", "pass@word")}
    )
    assert proxy_of(URL("http://api.example.com/v1")) == Proxy()


def test_hosts_that_need_no_proxy_get_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "proxy.example:3128")
    monkeypatch.setenv("NO_PROXY", "example.com")
    assert proxy_of(SERVER) == Proxy()
    assert proxy_of(URL("https://elsewhere.example")) == Proxy(URL("http://proxy.example:3128"))


def test_a_proxy_that_is_no_address_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://user:secret@proxy:port")
    with pytest.raises(UpstreamConfigurationError, match="HTTPS_PROXY") as caught:
        proxy_of(SERVER)
    assert "secret" not in str(caught.value)


@pytest.mark.anyio
async def test_calls_go_through_the_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeOpenAI() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base_url.replace("://", "://user:word@").removesuffix("/v1"))
        options = UpstreamSettings(base_url="http://nowhere.invalid/v1", api_key=SecretStr("key"))
        async with open_upstream(options) as upstream:
            assert len(await upstream.require("m").embed_question("rain")) == 256
    assert proxy.requests[0].headers["Host"] == "nowhere.invalid"
    assert proxy.requests[0].headers["Proxy-Authorization"] == aiohttp.encode_basic_auth("user", "word")
