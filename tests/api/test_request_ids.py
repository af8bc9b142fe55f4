"""What is logged and answered around every request."""

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from api.app import create_app
from settings import Settings

pytestmark = pytest.mark.anyio


@pytest.fixture
async def client(caplog: pytest.LogCaptureFixture) -> AsyncIterator[httpx.AsyncClient]:
    caplog.set_level(logging.INFO, "api")
    app = create_app(Settings())
    app.add_api_route("/broken", broken)
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
        yield opened


async def broken() -> None:
    message = "a detail for nobody"
    raise RuntimeError(message)


async def test_a_failure_that_nobody_foresaw_has_its_id_and_its_line(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    response = await client.get("/broken", headers={"x-request-id": "mine-1"})
    assert (response.status_code, response.headers["x-request-id"]) == (500, "mine-1")
    assert "nobody" not in response.text
    assert any(message.startswith("GET /broken 500 in ") for message in caplog.messages)


async def test_a_path_cannot_forge_a_line_of_the_log(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    await client.get("/x%0d%0aINJECT%1b[31m%E2%80%A8")
    (line,) = [message for message in caplog.messages if "INJECT" in message]
    assert line.isprintable()
    assert "/x%0d%0aINJECT%1b" in line.replace("%0D%0A", "%0d%0a").replace("%1B", "%1b")
