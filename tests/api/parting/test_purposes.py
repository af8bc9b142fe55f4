"""What a file is for is found wherever the field stands, and by reading no further."""

import json
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parting import Taken
from api.parting.purposes import purpose_in_form, purpose_in_json
from tests.api.parting.sending import arriving, everything, form

pytestmark = pytest.mark.anyio
TYPE = b"multipart/form-data; boundary=edge"
PURPOSE = 'Content-Disposition: form-data; name="purpose"'
FILE = 'Content-Disposition: form-data; name="file"; filename="purpose"\r\nContent-Type: text/plain'
MOST = 1_000_000


def cut(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


@given(size=st.integers(1, 400), content=st.binary(max_size=300), is_first=st.booleans())
async def test_the_purpose_is_found_however_the_form_is_cut(size: int, content: bytes, is_first: bool) -> None:
    parts = [(PURPOSE, b"user_data"), (FILE, content.replace(b"--edge", b""))]
    body = form(*(parts if is_first else reversed(parts)))
    taken = Taken(arriving(cut(body, size)))
    assert await purpose_in_form(taken, TYPE, MOST) == "user_data"
    assert await everything(taken) == (body, True)


async def found(pieces: list[bytes], content_type: bytes = TYPE, most_bytes: int = MOST) -> tuple[str | None, int]:
    """The purpose, and how much was read to find it."""
    with closing(Taken(arriving(pieces))) as taken:
        return await purpose_in_form(taken, content_type, most_bytes), taken.spooled_bytes


async def test_what_stands_behind_the_purpose_is_not_waited_for() -> None:
    beginning = form((PURPOSE, b"assistants"), (FILE, b""))[:-10]
    assert await found([beginning, *[b"x"] * 1000]) == ("assistants", len(beginning))


@pytest.mark.parametrize("head", [FILE, 'Content-Disposition: form-data; name="purpose"; filename="a"'])
async def test_a_file_is_no_purpose(head: str) -> None:
    assert (await found([form((head, b"assistants"))]))[0] is None


@pytest.mark.parametrize(
    "content_type", [b"", b"application/json", b"multipart/form-data", b"multipart/form-data; boundary=other"]
)
async def test_nothing_is_found_in_what_is_no_form(content_type: bytes) -> None:
    assert (await found([form((PURPOSE, b"assistants"))], content_type))[0] is None


async def test_no_more_than_may_be_is_read() -> None:
    pieces = cut(form((FILE, b"x" * 10_000), (PURPOSE, b"assistants")), 500)
    assert await found(pieces, most_bytes=2_000) == (None, 2_500)


async def test_a_client_that_leaves_is_no_reason_to_wait() -> None:
    beginning = form((FILE, b"x"))[:40]
    taken = Taken(arriving([beginning], breaks_off=True))
    assert await purpose_in_form(taken, TYPE, MOST) is None
    assert await everything(taken) == (beginning, False)


@pytest.mark.parametrize(
    ("body", "purpose"),
    [
        (json.dumps({"purpose": "user_data", "bytes": 3}).encode(), "user_data"),
        (b'{"purpose": 3}', None),
        (b"[]", None),
        (b'{"purpose": "assis', None),
        (b"\xff", None),
    ],
)
async def test_the_purpose_of_an_upload_is_in_its_json(body: bytes, purpose: str | None) -> None:
    assert await purpose_in_json(Taken(arriving([body]))) == purpose
