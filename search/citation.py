"""Footnotes: each claim of an answer tied to the exact words it stands on."""

from dataclasses import dataclass

from vectorstore import Hit

MAX_QUOTE = 600
"""Characters of the longest quote; a footnote is to be read at a glance."""


@dataclass(frozen=True, slots=True)
class Citation:
    """A claim of an answer and the words of a passage that support it."""

    number: int
    """The passage's number, from 1, as in the answer's marker."""
    claim: str
    hit: Hit
    quote: str
    """The document's extracted text from `start` to `end`, unchanged."""
    start: int
    end: int
    page: int | None
    """Page on which the quote starts."""
    index: int = 0
    """Offset, in the answer, of the marker that names the passage; of the end of the claim where there is no marker."""
    marked: bool = True
    """Whether the answer has a marker for it; one without stands under a claim that a passage plainly says."""


def cite(number: int, claim: str, hit: Hit, start: int, end: int) -> Citation:
    """The footnote that quotes a passage from `start` to `end`, which count in the passage; its place is still open."""
    end = min(end, start + MAX_QUOTE)
    quote, first = hit.chunk.text[start:end], hit.chunk.start + start
    return Citation(number, claim, hit, quote, first, first + len(quote), hit.chunk.page_at(first))
