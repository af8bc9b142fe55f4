"""Footnotes: each claim of an answer tied to the exact words it stands on."""

from collections.abc import Sequence
from dataclasses import dataclass

from search.markers import numbers_in, without_code, without_markers
from search.sentences import Sentence, sentences
from search.similarity import Rarity
from search.terms import terms
from vectorstore import Hit

_MAX_QUOTE = 600
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
    index: int
    """Offset, in the answer, of the marker that names the passage."""


def cite(number: int, claim: str, hit: Hit, sentence: Sentence, index: int = 0) -> Citation:
    """The footnote that quotes a sentence of a passage; `index` is its marker's place in the answer."""
    start = hit.chunk.start + sentence.start
    end = min(hit.chunk.start + sentence.end, start + _MAX_QUOTE)
    quote = hit.chunk.text[sentence.start : sentence.start + end - start]
    return Citation(number, claim, hit, quote, start, end, hit.chunk.page_at(start), index)


def citations_of(answer: str, passages: Sequence[Hit]) -> Sequence[Citation]:
    """One footnote for each marker of each sentence, in the order of the text; code has none.

    The quote is the sentence of the named passage that has most in common with the claim.
    """
    found = []
    for sentence in sentences(without_code(answer)):
        claim = without_markers(answer[sentence.start : sentence.end], sentence.text)
        for number, place in numbers_in(sentence.text).items():
            if 1 <= number <= len(passages):
                hit = passages[number - 1]
                found.append(cite(number, claim, hit, _closest(claim, hit), sentence.start + place))
    return found


def _closest(claim: str, hit: Hit) -> Sentence:
    candidates = list(sentences(hit.chunk.text))
    rarity = Rarity([candidate.text for candidate in candidates])
    wanted = terms(claim)
    return max(candidates, key=lambda candidate: rarity.overlap(wanted, candidate.text))
