"""Packing: every text once, in order, within the limits, no call that another could have held."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from upstream.packing import pack

COUNTS = st.lists(st.integers(0, 50), max_size=60)


@given(COUNTS, st.integers(1, 10), st.integers(1, 100))
def test_groups_cover_all_texts_in_order(counts: list[int], max_inputs: int, max_tokens: int) -> None:
    groups = list(pack(counts, max_inputs=max_inputs, max_tokens=max_tokens))
    assert [position for group in groups for position in group] == list(range(len(counts)))


@given(COUNTS, st.integers(1, 10), st.integers(1, 100))
def test_groups_keep_the_limits_unless_one_text_alone_is_too_long(
    counts: list[int], max_inputs: int, max_tokens: int
) -> None:
    for group in pack(counts, max_inputs=max_inputs, max_tokens=max_tokens):
        assert 1 <= len(group) <= max_inputs
        assert len(group) == 1 or sum(counts[i] for i in group) <= max_tokens


@given(COUNTS, st.integers(1, 10), st.integers(1, 100))
def test_a_group_ends_only_where_the_next_text_does_not_fit(
    counts: list[int], max_inputs: int, max_tokens: int
) -> None:
    groups = list(pack(counts, max_inputs=max_inputs, max_tokens=max_tokens))
    for group, following in pairwise(groups):
        tokens = sum(counts[i] for i in group) + counts[following.start]
        assert len(group) == max_inputs or tokens > max_tokens
