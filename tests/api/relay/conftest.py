"""An upstream and the relay before it."""

from collections.abc import Iterator

import httpx
import pytest

from api.callers import LOCAL
from tests.api.relay.door import Door, door
from tests.fakes.echo_server import EchoServer
from tests.fakes.echo_server import echo as what_was_seen


@pytest.fixture(scope="package")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[EchoServer, Door]]:
    """Opened once: a database takes a third of a second."""
    with EchoServer() as server, door(tmp_path_factory.mktemp("relay"), server.base_url) as opened:
        yield server, opened


@pytest.fixture
def echo(_served: tuple[EchoServer, Door]) -> EchoServer:
    """The upstream, as if it had just been started."""
    server, _ = _served
    server.requests.clear()
    server.answering = what_was_seen
    return server


@pytest.fixture
def relay(_served: tuple[EchoServer, Door], echo: EchoServer) -> Door:  # noqa: ARG001  started anew too
    """The relay, as if it had just been started."""
    _, opened = _served
    assert opened.tasks_left() == 0  # rows of the test before are written
    opened.entries.clear()
    opened.spent_tokens.clear()
    opened.caller, opened.refusal, opened.admission_headers, opened.waits = LOCAL, None, (), False
    return opened


@pytest.fixture
def http(relay: Door) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{relay.url}/v1", timeout=20) as client:
        yield client
