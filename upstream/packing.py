"""Grouping texts into calls."""

from collections.abc import Iterator, Sequence


def pack(token_counts: Sequence[int], *, max_inputs: int, max_tokens: int) -> Iterator[range]:
    """Consecutive groups of at most `max_inputs` texts and `max_tokens` tokens, as ranges of positions.

    Greedy and in order, so that every text is in exactly one group. A text that is alone above `max_tokens` gets a
    group of its own.
    """
    start = tokens = 0
    for position, count in enumerate(token_counts):
        full = position - start == max_inputs or tokens + count > max_tokens
        if full and position > start:
            yield range(start, position)
            start, tokens = position, 0
        tokens += count
    if start < len(token_counts):
        yield range(start, len(token_counts))
