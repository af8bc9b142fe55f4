"""Sentences of passages and of answers, with their exact place."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from language.lines import goes_on
from language.sentences import sentence_ends

_LINE = re.compile(r"[^\n]+")
_MARKERS = re.compile(r"(?:[ \t]*\[\d{1,3}\])*")
_MARKED_END = re.compile(r"[.!?…][\"'”’)»]*(?:\[\d{1,3}\])+(?=[ \t]+[^\s\[a-z])")
_CELL_BORDER = " | "


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence and where it stands in its text."""

    text: str
    start: int
    end: int


def sentences(text: str) -> Iterator[Sentence]:
    """The sentences of a text, in order, without the white space around them.

    A sentence goes on in the next line where the text was wrapped at a fixed width. Rows of tables stay whole. Footnote
    markers behind a full stop belong to the sentence before it.
    """
    start = 0
    for cut in sorted(_cuts(text)):
        yield from _trimmed(text, start, cut)
        start = max(start, cut)
    yield from _trimmed(text, start, len(text))


def _cuts(text: str) -> Iterator[int]:
    before, end_before = "", 0
    for found in _LINE.finditer(text):
        line = found.group()
        is_next = found.start() == end_before + 1
        if not (is_next and goes_on(before, line) and _CELL_BORDER not in before + line):
            yield found.start()
        if _CELL_BORDER not in line:
            for end in sentence_ends(text, found.start(), found.end()):
                yield _past_markers(text, end)
            yield from (end.end() for end in _MARKED_END.finditer(text, *found.span()))
        before, end_before = line, found.end()


def _past_markers(text: str, end: int) -> int:
    markers = _MARKERS.match(text, end)
    return markers.end() if markers else end


def _trimmed(text: str, start: int, end: int) -> Iterator[Sentence]:
    piece = text[start:end]
    stripped = piece.strip()
    if stripped:
        start += len(piece) - len(piece.lstrip())
        yield Sentence(stripped, start, start + len(stripped))
