"""What is answered here where nothing can pass on, and where the database does not answer."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.parting import Parting, Taken
from api.parting.questions import Questions
from records import Database
from records.database import open_database
from records.errors import RecordsError
from settings import DatabaseSettings
from tests.api.parting.sending import arriving, form

pytestmark = pytest.mark.anyio
FILE = "file-0123456789abcdef01234567"
PARTING = Parting(Questions((), lambda model: model.startswith("store/")), max_form_bytes=1_000)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with open_database(DatabaseSettings(), tmp_path) as opened:
        yield opened


async def is_ours(database: Database, call: str, body: bytes = b"", *, relays: bool, **more: Any) -> bool:
    """Whether a request is answered here; nothing is kept in the database."""
    method, path = call.split()
    scope = {"method": method, "path": path, "query_string": b"", "headers": [], **more}
    taken = Taken(arriving([body]))
    try:
        return PARTING.concerns(path) and await PARTING.is_ours(scope, taken, database, relays=relays)
    finally:
        taken.close()


@pytest.mark.parametrize(
    "call",
    [
        "GET /v1/files",
        "POST /v1/files",
        f"GET /v1/files/{FILE}",
        "POST /v1/uploads",
        "GET /v1/responses/resp_abc",
        "GET /v1/models",
        "GET /v1/models/gpt",
        "GET /v1/vector_stores",
    ],
)
async def test_without_upstreams_what_could_be_ours_is(database: Database, call: str) -> None:
    assert await is_ours(database, call, relays=False)


@pytest.mark.parametrize(
    "call", ["POST /v1/chat/completions", "POST /v1/responses/compact", "POST /v1/embeddings", "DELETE /v1/models/ft"]
)
async def test_what_only_an_upstream_can_do_is_left_to_the_relay_to_refuse(database: Database, call: str) -> None:
    assert not await is_ours(database, call, b'{"model": "gpt"}', relays=False)


async def test_a_search_in_unknown_stores_is_refused_here_where_nobody_else_can(database: Database) -> None:
    tools = [{"type": "file_search", "vector_store_ids": ["vs_abc"]}]
    body = json.dumps({"model": "gpt", "tools": tools}).encode()
    assert await is_ours(database, "POST /v1/responses", body, relays=False)
    assert not await is_ours(database, "POST /v1/responses", body, relays=True)


async def test_a_form_that_is_too_large_for_us_is_refused_by_us(database: Database) -> None:
    head = 'Content-Disposition: form-data; name="file"; filename="a"'
    headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
    for size, ours in [(500, False), (5_000, True)]:
        body = form((head, b"x" * size))[:-20]
        assert await is_ours(database, "POST /v1/files", body, relays=True, headers=headers) is ours


async def test_a_form_that_is_too_large_for_us_still_passes_on_once_it_says_so(database: Database) -> None:
    head = 'Content-Disposition: form-data; name="file"; filename="a"'
    purpose = ('Content-Disposition: form-data; name="purpose"', b"fine-tune")
    headers = [(b"content-type", b"multipart/form-data; boundary=edge")]
    body = form((head, b"x" * 5_000), purpose)
    assert not await is_ours(database, "POST /v1/files", body, relays=True, headers=headers)


async def test_whoever_names_an_upstream_is_not_read_at_all(database: Database) -> None:
    chosen = [(b"x-footnote-upstream", b"gpu"), (b"content-type", b"multipart/form-data; boundary=edge")]
    scope = {"method": "POST", "path": "/v1/files", "query_string": b"", "headers": chosen}
    taken = Taken(arriving([b"x"]))
    assert not await PARTING.is_ours(scope, taken, database, relays=True)
    assert taken.spooled_bytes == 0


async def test_what_cannot_be_looked_up_is_answered_here_and_not_given_to_others() -> None:
    class Broken(Database):
        def __init__(self) -> None:
            pass

        async def read(self, _work: Any) -> Any:
            raise RecordsError

    assert await is_ours(Broken(), f"GET /v1/files/{FILE}", relays=True)
