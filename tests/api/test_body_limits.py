"""Requests that are too large are refused before anything of them is kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from api.serving import with_state
from tests.serving import settings_for

pytestmark = pytest.mark.anyio
MAX_BYTES = 200_000


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the application itself: a socket would take in more than is read."""
    app = create_app(settings_for(tmp_path, FOOTNOTE_SERVER_MAX_REQUEST_BYTES=str(MAX_BYTES)))
    async with app.router.lifespan_context(app) as state:
        transport = httpx.ASGITransport(with_state(app, state or {}))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as opened:
            yield opened


def assert_too_large(response: httpx.Response) -> None:
    assert response.status_code == 413
    assert response.json()["error"]["code"] == "request_too_large"
    assert response.headers["x-request-id"]


async def test_files_that_are_too_large_together_are_refused(client: httpx.AsyncClient) -> None:
    files = [("file", (f"{number}.txt", b"x" * 70_000)) for number in range(3)]
    response = await client.post("/documents", files=files)
    assert_too_large(response)
    assert "server.max_request_bytes" in response.json()["error"]["message"]


async def test_json_that_is_too_large_is_refused(client: httpx.AsyncClient) -> None:
    assert_too_large(await client.post("/search", content=b" " * 1_048_577))


@pytest.mark.parametrize(
    ("path", "content_type"), [("/documents", "multipart/form-data; boundary=x"), ("/search", "application/json")]
)
async def test_a_body_of_unknown_length_is_read_no_further_than_the_limit(
    client: httpx.AsyncClient, path: str, content_type: str
) -> None:
    pieces = Pieces()
    response = await client.post(path, content=pieces, headers={"Content-Type": content_type})
    assert_too_large(response)
    assert pieces.taken <= 1_048_576 // Pieces.SIZE + 1


class Pieces:
    """A form or text of 100 MB without a Content-Length, which counts what is taken of it."""

    SIZE = 65_536

    def __init__(self) -> None:
        self.taken = 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        for _ in range(1_600):
            self.taken += 1
            yield b" " * self.SIZE
