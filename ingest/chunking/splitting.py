"""Packing units into chunks."""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.chunking.lines import Boundary
from ingest.chunking.sections import Sections
from ingest.chunking.units import CountTokens, Units, measure
from ingest.parsing.extracted import Extracted
from upstream.tokens import count_tokens as count_openai_tokens

_SHORT_CHARACTERS = 2
"""Characters per allowed token up to which a text may well fill less than half a chunk."""
_SEAM_TOKENS = 2
"""Tokens that a text may have more than the units it is made of, for each seam between two."""


@dataclass(frozen=True, slots=True)
class Span:
    """A chunk: `text[start:end]` of the document, without white space at either end."""

    start: int
    end: int
    page: int | None
    """Page on which it starts, from 1; None where the format has no pages."""
    headings: tuple[str, ...]
    """Headings above its first line, outermost first; a heading it begins with counts."""


def split(
    extracted: Extracted, *, max_tokens: int, overlap_tokens: int, count_tokens: CountTokens = count_openai_tokens
) -> list[Span]:
    """Cut a document into chunks of at most `max_tokens` tokens, in order, that cover all of its words.

    A chunk ends where its sections, paragraphs, lines or sentences end, whichever is the greatest in its second half.
    A section of level 1 or 2 starts a chunk when the one before is at least half full. Up to `overlap_tokens` of whole
    units, and at most half a chunk, are repeated at the start of the next, never across such a section's start. Linear
    in the length of the text. Needs `max_tokens` of 4 or more: a character can take four.
    """
    if max_tokens < 4:  # noqa: PLR2004
        raise ValueError("max_tokens must be at least 4")
    text = extracted.text
    if len(text) <= _SHORT_CHARACTERS * max_tokens and text.strip() and count_tokens(text) < max_tokens // 2:
        return _one_span(extracted)
    units = measure(extracted, max_tokens, count_tokens)
    packer = _Packer(extracted.text, units, max_tokens, min(overlap_tokens, max_tokens // 2), count_tokens)
    sections = Sections(extracted)
    return [Span(start, end, sections.page(start), sections.path(start, end)) for start, end in packer.spans()]


def _one_span(extracted: Extracted) -> list[Span]:
    """What the packer makes of a text that fills less than half a chunk."""
    text, sections = extracted.text, Sections(extracted)
    end = len(text.rstrip())
    start = end - len(text[:end].lstrip())
    return [Span(start, end, sections.page(start), sections.path(start, end))]


@dataclass(frozen=True, slots=True)
class _Packer:
    text: str
    units: Units
    max_tokens: int
    overlap_tokens: int
    count_tokens: CountTokens

    def spans(self) -> Iterator[tuple[int, int]]:
        first = fresh = covered = started = 0
        while fresh < len(self.units):
            first, end = self._fit(first, fresh, self._choose_end(first, fresh))
            start, stop = self._trim(self.units.starts[first], self.units.starts[end])
            if stop > max(start, covered):
                yield start, stop
                covered, started = stop, start
            first, fresh = self._overlap_start(first, end, started), end

    def _choose_end(self, first: int, fresh: int) -> int:
        """The best unit to stop before, for a chunk from `first` whose units from `fresh` on are new."""
        units = self.units
        limit = bisect_right(units.sums, units.sums[first] + self.max_tokens) - 1
        limit = max(limit, fresh + 1)
        half = units.sums[first] + self.max_tokens // 2
        for index in range(max(fresh + 1, bisect_right(units.sums, half - 1)), min(limit, len(units) - 1) + 1):
            if units.breaks[index] == Boundary.SECTION:
                return index
        return len(units) if limit >= len(units) else self._best_break(fresh, limit)

    def _best_break(self, fresh: int, limit: int) -> int:
        sums, breaks = self.units.sums, self.units.breaks
        middle = (sums[fresh] + sums[limit]) // 2
        start = min(max(fresh + 1, bisect_right(sums, middle)), limit)
        best = max(range(start, limit + 1), key=lambda index: (breaks[index], index))
        if breaks[best] == Boundary.AFTER_HEADING:
            best = max(range(fresh + 1, limit + 1), key=lambda index: (breaks[index], index))
        return best

    def _fit(self, first: int, fresh: int, end: int) -> tuple[int, int]:
        """Shrink until the chunk's own text is within the limit; units counted alone can be a little off."""
        starts = self.units.starts
        if self.units.tokens(first, end) + _SEAM_TOKENS * (end - first) <= self.max_tokens:
            return first, end
        while self._count(starts[first], starts[end]) > self.max_tokens:
            if end > fresh + 1:
                end -= 1
            elif first < fresh:
                first += 1
            else:
                break
        return first, end

    def _overlap_start(self, first: int, end: int, started: int) -> int:
        """The first unit that the next chunk repeats, beyond the last one's start; `end` when it repeats nothing."""
        units = self.units
        if end >= len(units) or not self.overlap_tokens or units.breaks[end] == Boundary.SECTION:
            return end
        room = min(self.overlap_tokens, self.max_tokens - units.tokens(end, end + 1))
        start = end
        while start - 1 > first and units.starts[start - 1] > started and units.tokens(start - 1, end) <= room:
            start -= 1
            if units.breaks[start] == Boundary.SECTION:
                break
        while start < end and self._count(units.starts[start], units.starts[end]) > self.overlap_tokens:
            start += 1
        return start

    def _count(self, start: int, end: int) -> int:
        return self.count_tokens(self.text[start:end].strip())

    def _trim(self, start: int, end: int) -> tuple[int, int]:
        piece = self.text[start:end]
        trimmed = piece.lstrip()
        start = end - len(trimmed)
        return start, start + len(trimmed.rstrip())
