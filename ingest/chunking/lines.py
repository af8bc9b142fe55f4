"""Where a text may be cut, and how good each place is."""

import re
from collections.abc import Iterator
from enum import IntEnum

from ingest.parsing.extracted import Extracted
from language.lines import goes_on
from language.sentences import ends_sentence, sentence_ends

_MAX_SECTION_LEVEL = 2


class Boundary(IntEnum):
    """A place between two units; the greater, the better to cut there."""

    AFTER_HEADING = -1
    """A heading must not be the last line of a chunk."""
    CHARACTER = 0
    WORD = 1
    WRAP = 2
    """The end of a line inside a sentence, between two lines of code, or after a comma."""
    SENTENCE = 3
    LINE = 4
    """Between rows, list items and lines that stand on their own."""
    PARAGRAPH = 5
    SUBSECTION = 6
    """Before a heading of level 3 or deeper."""
    SECTION = 7
    """Before a heading of level 1 or 2."""


_LINE = re.compile(r"([^\n]+)(\n*)|\n+")
_FENCE = re.compile(r"[ \t>]*(`{3,}|~{3,})")


def boundaries(extracted: Extracted) -> Iterator[tuple[int, int]]:
    """Offsets at which units begin, in order from 0, each with its `Boundary`; they cover the text without gaps."""
    text, levels = extracted.text, {heading.start: heading.level for heading in extracted.headings}
    fence, before, newlines, after_heading = "", "", 2, False
    for found in _LINE.finditer(text):
        start, line = found.start(), found.group(1)
        if line is None:
            yield start, int(Boundary.PARAGRAPH)
            continue
        level = levels.get(start + _indent(line)) if levels else None
        if after_heading:
            boundary = Boundary.AFTER_HEADING
        elif level is not None:
            boundary = Boundary.SECTION if level <= _MAX_SECTION_LEVEL else Boundary.SUBSECTION
        else:
            boundary = _between(before, line, blank=newlines > 1, fenced=bool(fence))
        yield start, int(boundary)
        fence = _next_fence(fence, line)
        if not fence and level is None and " | " not in line:  # rows stay whole
            for end in sentence_ends(text, start, start + len(line)):
                yield end, int(Boundary.SENTENCE)
        # The underline of a setext heading belongs to it.
        after_heading = level is not None or (after_heading and not line.strip("=-"))
        before, newlines = line, len(found.group(2))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip()) if line[0].isspace() else 0


def _between(before: str, line: str, *, blank: bool, fenced: bool) -> Boundary:
    if fenced:
        return Boundary.SENTENCE if blank else Boundary.WRAP
    if blank:
        # A sentence that goes on after the blank was cut by a page's end.
        return Boundary.WRAP if line[0].islower() and not ends_sentence(before) else Boundary.PARAGRAPH
    return Boundary.WRAP if goes_on(before, line) else Boundary.LINE


def _next_fence(fence: str, line: str) -> str:
    if "```" not in line and "~~~" not in line:
        return fence
    found = _FENCE.match(line)
    if found is None:
        return fence
    mark = found.group(1)
    if not fence:
        return "" if "`" in line[found.end() :] else mark
    return "" if mark[0] == fence[0] and len(mark) >= len(fence) else fence
