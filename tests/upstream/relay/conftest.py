"""An echo server for each test, and a relay to it and others."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

import psutil
import pytest
from pydantic import SecretStr

from settings.options import RelaySettings, UpstreamServer, UpstreamSettings
from tests.fakes.echo_server import EchoServer
from upstream import open_upstream
from upstream.relay import Relay

KEY = "sk-secret-0123456789"

Open = Callable[..., AbstractAsyncContextManager[Relay]]


@pytest.fixture(params=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Both event loops: the service runs on uvloop, programs that embed it may not."""
    return "asyncio", {"use_uvloop": request.param == "uvloop"}


@pytest.fixture
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


@pytest.fixture
def second() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


@pytest.fixture
def open_relay(echo: EchoServer) -> Open:
    """Opens a relay: to the echo server as `default`, or to the named servers when such are given."""

    @asynccontextmanager
    async def opened(upstreams: dict[str, UpstreamServer] | None = None, **options: Any) -> AsyncIterator[Relay]:
        default = UpstreamSettings(base_url=None if upstreams else echo.base_url, api_key=_key(upstreams))
        async with open_upstream(default, upstreams, RelaySettings(**options)) as upstream:
            assert upstream.relay is not None
            yield upstream.relay

    return opened


def _key(upstreams: object) -> SecretStr | None:
    return None if upstreams else SecretStr(KEY)


def server(echo: EchoServer, **options: Any) -> UpstreamServer:
    """Options of a named server."""
    keys = tuple(SecretStr(key) for key in options.pop("keys", (KEY,)))
    return UpstreamServer(base_url=echo.base_url, api_keys=keys, **options)


def open_sockets(echo: EchoServer) -> int:
    """Connections of this process to the echo server, from the client's side."""
    port = int(echo.base_url.rpartition(":")[2].removesuffix("/v1"))
    mine = psutil.Process().net_connections("tcp")
    return sum(one.raddr[1:] == (port,) and one.status == psutil.CONN_ESTABLISHED for one in mine)
