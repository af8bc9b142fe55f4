"""Keys take turns, and rest."""

from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from upstream.relay.keyring import Keyring


def _ring(count: int) -> Keyring:
    return Keyring([SecretStr(f"key-{number}") for number in range(count)])


@given(st.integers(1, 6))
def test_keys_take_turns(count: int) -> None:
    ring = _ring(count)
    assert [ring.pick(0.0) for _ in range(2 * count)] == [*range(count), *range(count)]


def test_a_key_that_rests_is_left_out_until_its_time() -> None:
    ring = _ring(3)
    ring.rest(1, until=10.0)
    assert {ring.pick(9.9) for _ in range(9)} == {0, 2}
    assert {ring.pick(10.0) for _ in range(9)} == {0, 1, 2}
    assert ring.resting(9.9) == 1


def test_where_all_rest_the_first_to_end_is_taken() -> None:
    ring = _ring(3)
    for key, until in enumerate([30.0, 10.0, 20.0]):
        ring.rest(key, until)
    assert ring.pick(0.0) == 1
    assert not ring.rested(0.0)


@given(st.integers(1, 5), st.sets(st.integers(0, 4)), st.sets(st.integers(0, 4)))
def test_a_key_that_was_tried_is_never_taken(count: int, tried: set[int], resting: set[int]) -> None:
    ring = _ring(count)
    for key in resting:
        if key < count:
            ring.rest(key, until=5.0)
    picked = ring.pick(0.0, tried)
    assert picked not in tried
    assert (picked is None) == (set(range(count)) <= tried)


def test_a_server_without_keys_gets_none() -> None:
    ring = Keyring([])
    assert ring.pick(0.0) == 0
    assert ring.authorization(0) == b""


def test_its_representation_shows_no_key() -> None:
    assert "key-0" not in repr(_ring(1))
