"""Sentences of passages and of answers, with their exact place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

# A sentence ends at a full stop that white space follows, at one of the Chinese and Japanese stops, or at a line's end;
# closing quotes, brackets and footnote markers behind the stop still belong to it.
_END = re.compile(
    r"""
    (?: [.!?…]+ ["'”’»)\]]* (?: \s*\[\d+\] )* (?=\s|$)
      | [。！？；｡]+ ["'”’»）」』】]* (?: \s*\[\d+\] )*
      | \n+
    )
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it stands in its text."""

    text: str
    start: int
    end: int


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text, in order, without the white space around them."""
    start = 0
    for match in _END.finditer(text):
        yield from _trimmed(text, start, match.end())
        start = match.end()
    yield from _trimmed(text, start, len(text))


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield Sentence(stripped, start, start + len(stripped))
