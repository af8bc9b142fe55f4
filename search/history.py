"""What came before a question, as much of it as is of use."""

from collections.abc import Sequence
from dataclasses import replace

from search.markers import without_code, without_markers
from upstream import Message, count_tokens, cut_to_tokens

_MAX_TOKENS = 4_000
_MAX_TURNS = 24


def recent(history: Sequence[Message]) -> Sequence[Message]:
    """The last turns that fit, oldest first, without the markers of earlier answers, whose numbers mean others now."""
    kept: list[Message] = []
    left = _MAX_TOKENS
    for message in reversed(history[-_MAX_TURNS:]):
        text = message.content
        if message.role == "assistant":
            text = without_markers(text, without_code(text))
        text = cut_to_tokens(text, left)
        left -= count_tokens(text)
        if text.strip():
            kept.insert(0, replace(message, content=text))
        if left <= 0:
            break
    return kept
