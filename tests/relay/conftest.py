from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.fakes.echo_server import EchoServer
from tests.relay.door import Door, direct, footnote


@pytest.fixture(scope="module")
def echo() -> Iterator[EchoServer]:
    with EchoServer() as server:
        yield server


@pytest.fixture(scope="module")
def door(echo: EchoServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """Footnote before the echo server."""
    with footnote(tmp_path_factory.mktemp("data"), echo) as running:
        yield running


@pytest.fixture(scope="module")
def relayed(door: Door) -> Iterator[OpenAI]:
    """The official SDK, calling Footnote."""
    with _client(door) as client:
        yield client


@pytest.fixture(scope="module")
def straight(echo: EchoServer) -> Iterator[OpenAI]:
    """The same, calling the upstream itself."""
    with _client(direct(echo)) as client:
        yield client


def _client(door: Door) -> OpenAI:
    return OpenAI(base_url=door.base_url, api_key=door.key, organization="org-1", project="proj-1", max_retries=0)
