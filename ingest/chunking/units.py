"""The pieces a text is packed from: headings, lines, sentences; words and characters where those are too long."""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ingest.chunking.lines import Boundary, boundaries
from ingest.parsing.extracted import Extracted

CountTokens = Callable[[str], int]

_MAX_PIECE_CHARACTERS = 64
_BYTES_PER_CHARACTER = 4
"""No token is shorter than a byte, so a quarter of the limit in characters always fits (UTF-8, RFC 3629)."""
_CERTAINLY_LONG = 64
"""Characters per allowed token from which on a unit is cut without being counted first."""


@dataclass(frozen=True, slots=True)
class Units:
    """Consecutive pieces that cover the text; parallel arrays, since a document has a hundred thousand."""

    starts: array[int]
    """Offset of each piece, and the text's length at the end: piece i is text[starts[i]:starts[i + 1]]."""
    breaks: array[int]
    """How good it is to cut before each piece: a `Boundary`."""
    sums: array[int]
    """Tokens before each piece, so that any run of pieces is one subtraction."""

    def __len__(self) -> int:
        return len(self.breaks)

    def tokens(self, first: int, end: int) -> int:
        """Tokens of pieces first to end - 1, each counted on its own: about what the run has."""
        return self.sums[end] - self.sums[first]


def measure(extracted: Extracted, max_tokens: int, count_tokens: CountTokens) -> Units:
    """Cut the text into units of at most `max_tokens` tokens each and count every one once."""
    text = extracted.text
    units = Units(array("q"), array("b"), array("q", [0]))
    for start, end, boundary in _pairs(extracted):
        tokens = _measured(text, start, end, max_tokens, count_tokens)
        if tokens <= max_tokens:
            _append(units, start, boundary, tokens)
            continue
        for piece_start, piece_end, inner in pieces(text, start, end, max_tokens):
            tokens = count_tokens(text[piece_start:piece_end])
            _append(units, piece_start, boundary if piece_start == start else inner, tokens)
    units.starts.append(len(text))
    return units


def pieces(text: str, start: int, end: int, max_tokens: int) -> Iterator[tuple[int, int, int]]:
    """Cut between words where there are any, between characters where not; preferably not inside a combined one."""
    limit = max(1, min(_MAX_PIECE_CHARACTERS, max_tokens // _BYTES_PER_CHARACTER))
    boundary = int(Boundary.WORD)
    while start < end:
        cut = min(start + limit, end)
        following = int(Boundary.WORD)
        if cut < end and not text[cut].isspace():
            cut, following = _cut_before(text, start, cut)
        yield start, cut, boundary
        start, boundary = cut, following


def _cut_before(text: str, start: int, cut: int) -> tuple[int, int]:
    for position in range(cut - 1, start, -1):
        if text[position].isspace():
            return position, int(Boundary.WORD)
        if text[position - 1] in _CLAUSE_ENDS:
            return position, int(Boundary.WRAP)
    return _between_characters(text, start, cut), int(Boundary.CHARACTER)


def _between_characters(text: str, start: int, cut: int) -> int:
    for position in range(cut, max(start, cut - 16), -1):
        if not _EXTENDS.match(text, position) and text[position - 1] != _JOINER:
            return position
    return cut


def _measured(text: str, start: int, end: int, max_tokens: int, count_tokens: CountTokens) -> int:
    """Tokens of a unit, or of the unit without the blanks around it when those are more (" in" is one, "xin" two)."""
    if end - start > _CERTAINLY_LONG * max_tokens:
        return max_tokens + 1
    piece = text[start:end]
    tokens = count_tokens(piece)
    return max(tokens, count_tokens(piece.strip())) if tokens * 2 > max_tokens else tokens


def _pairs(extracted: Extracted) -> Iterator[tuple[int, int, int]]:
    before: tuple[int, int] | None = None
    for start, boundary in boundaries(extracted):
        if before is not None:
            yield before[0], start, before[1]
        before = (start, boundary)
    if before is not None:
        yield before[0], len(extracted.text), before[1]


def _append(units: Units, start: int, boundary: int, tokens: int) -> None:
    units.starts.append(start)
    units.breaks.append(boundary)
    units.sums.append(units.sums[-1] + tokens)


_JOINER = "\u200d"
_EXTENDS = re.compile(
    "[\u0300-\u036f\u064b-\u065f\u0900-\u0903\u093a-\u094f\u200d\u3099\u309a\ufe00-\ufe0f\U0001f3fb-\U0001f3ff]"
)
_CLAUSE_ENDS = frozenset("，、：,;；")
