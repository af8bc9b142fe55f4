"""Headings of a PDF: its outline says which there are and on what page, the text where they stand."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.parsing.extracted import Extracted, Heading
from ingest.text.cleaning import clean_line

_LINE = re.compile(r"[^\n]+")
_NUMBERING = re.compile(r"^(?:[\divxlc]{1,4}|[a-z])(?:\.\d+)*[.):]?\s+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """A bookmark of the outline."""

    level: int
    title: str
    page: int
    """Counted from 1."""


def mark_headings(extracted: Extracted, outline: Sequence[Entry]) -> Extracted:
    """Add the outline's entries whose words are found as a line of their page, in the order they stand."""
    if not outline:
        return extracted
    found: dict[int, Heading] = {}
    wanted: dict[int, list[Entry]] = {}
    for entry in outline:
        wanted.setdefault(entry.page, []).append(entry)
    for number, start, end in _stretches(extracted):
        lines = [(_key(line[0]), line.start()) for line in _LINE.finditer(extracted.text, start, end)]
        for entry in wanted.get(number, ()):
            offset = _find(_key(entry.title), lines)
            if offset is not None:
                found.setdefault(offset, Heading(entry.level, clean_line(entry.title), offset))
    return replace(extracted, headings=tuple(found[offset] for offset in sorted(found)))


def _stretches(extracted: Extracted) -> Iterator[tuple[int, int, int]]:
    ends = [page.start for page in extracted.pages[1:]] + [len(extracted.text)]
    for page, end in zip(extracted.pages, ends, strict=True):
        yield page.number, page.start, end


def _key(line: str) -> str:
    """A line without numbering, case and blanks, since outlines and pages differ in those."""
    return "".join(_NUMBERING.sub("", clean_line(line)).casefold().split())


def _find(key: str, lines: Sequence[tuple[str, int]]) -> int | None:
    """The line that is the title, or else one that the title begins or that begins the title."""
    if not key:
        return None
    exact = next((offset for line, offset in lines if line == key), None)
    if exact is not None:
        return exact
    return next((offset for line, offset in lines if len(line) >= 8 and key.startswith(line)), None)  # noqa: PLR2004
