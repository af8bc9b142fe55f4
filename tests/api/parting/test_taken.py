"""What was taken of a request to look at is there again for whoever reads it next."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.parting import Taken
from tests.api.parting.sending import LEFT, arriving, everything

pytestmark = pytest.mark.anyio
PIECES = st.lists(st.binary(max_size=100), min_size=1, max_size=8)


async def test_nothing_taken_is_nothing_changed() -> None:
    assert await everything(Taken(arriving([b"one", b"two"]))) == (b"onetwo", True)


@given(pieces=PIECES, keep_bytes=st.integers(0, 400), breaks_off=st.booleans())
async def test_a_beginning_that_was_taken_comes_again(pieces: list[bytes], keep_bytes: int, breaks_off: bool) -> None:
    taken = Taken(arriving(pieces, breaks_off=breaks_off))
    beginning = await taken.beginning(keep_bytes, lambda: None)
    whole = b"".join(pieces)
    assert whole.startswith(beginning)
    assert len(beginning) > keep_bytes or (taken.has_all and beginning == whole)
    assert await everything(taken) == (whole, not breaks_off)
    assert await taken.receive() == LEFT


@given(pieces=PIECES, wanted=st.integers(0, 8), breaks_off=st.booleans())
async def test_pieces_that_were_taken_come_again(pieces: list[bytes], wanted: int, breaks_off: bool) -> None:
    taken = Taken(arriving(pieces, breaks_off=breaks_off))
    seen = b""
    for _ in range(wanted):
        if not taken.has_all:
            seen += await taken.piece()
    whole = b"".join(pieces)
    assert whole.startswith(seen)
    assert await everything(taken) == (whole, not breaks_off)


async def test_much_that_was_taken_comes_again_from_the_disk() -> None:
    pieces = [bytes([number]) * 300_000 for number in range(10)]
    taken = Taken(arriving(pieces))
    while not taken.has_all:
        await taken.piece()
    assert taken.spooled_bytes == 3_000_000
    assert await everything(taken) == (b"".join(pieces), True)


async def test_of_a_body_that_is_said_to_be_too_large_only_the_head_is_taken() -> None:
    taken = Taken(arriving([b"x" * 40_000] * 10))
    assert len(await taken.beginning(200_000, lambda: 400_000)) == 80_000
    assert not taken.has_all
