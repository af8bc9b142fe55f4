from collections.abc import Iterator

import httpx
import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.serving import service, settings_for


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture(scope="module")
def address(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A running service with a chat and an embedding model upstream."""
    options = {"OPENAI_BASE_URL": upstream.base_url, "FOOTNOTE_UPSTREAM_MAX_RETRIES": "1"}
    with service(settings_for(tmp_path_factory.mktemp("data"), **options)) as address:
        yield address
        upstream.release()  # for the service waits for answers that are on their way


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=address, timeout=60) as client:
        yield client
