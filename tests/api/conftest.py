from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fakes.openai_server import FakeOpenAI
from tests.serving import service, settings_for


@pytest.fixture(scope="module")
def upstream() -> Iterator[FakeOpenAI]:
    with FakeOpenAI() as fake:
        yield fake


@pytest.fixture(scope="module")
def http(upstream: FakeOpenAI, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A client of a running service that has a chat and an embedding model upstream."""
    folder: Path = tmp_path_factory.mktemp("data")
    settings = settings_for(
        folder,
        OPENAI_BASE_URL=upstream.base_url,
        OPENAI_API_KEY="sk-test-secret",
        FOOTNOTE_SERVER_MAX_UPLOAD_BYTES="100000",
        FOOTNOTE_UPSTREAM_MAX_RETRIES="1",
        FOOTNOTE_UPSTREAM_FIRST_BYTE_TIMEOUT_SECONDS="5",
        FOOTNOTE_UPSTREAM_MAX_RETRY_DELAY_SECONDS="1",
    )
    with service(settings) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client
        upstream.release()  # for the service waits for answers that are on their way


@pytest.fixture
def store(http: httpx.Client, request: pytest.FixtureRequest) -> str:
    """A store for this test alone."""
    name = str(request.node.name)[:100]
    assert http.post("/stores", json={"name": name}).status_code == 201
    return name
