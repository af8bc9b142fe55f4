"""Whether the passages bear out what an answer claims: by quotations, numbers, names and terms, without any model."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from search.claims import Statement
from search.naming import identifiers, is_named, names
from search.negation import is_negated
from search.numerals import missing, present, stated
from search.quotations import occurs, quotations
from search.stems import keys
from search.supporting import Source, Span, Weights, telling

Reason = Literal[
    "no_citation",
    "citation_failed",
    "misquoted",
    "number_not_found",
    "name_not_found",
    "contradicted",
    "instruction",
    "not_supported",
    "other_language",
]
"""Why a claim is not grounded.

- `no_citation`: no marker names a passage, and none of the passages plainly says it.
- `citation_failed`: the words its footnotes quote are not, or no longer, those of the document.
- `misquoted`: words in quotation marks are not in the passages it names.
- `number_not_found`: a number or a date is not in the passages it names.
- `name_not_found`: a name or an identifier is not in the passages it names.
- `contradicted`: the passage says the same words with a "not", or without.
- `instruction`: the passages it names say it only where they give orders to a model.
- `not_supported`: the passages it names speak of something else.
- `other_language`: the passages it names are in another language, and nothing shows that they say it.
"""

_SUPPORTED = 0.5
"""Share of a claim's terms, by weight, from which the quoted words bear it out."""
_RELATED = 0.2
"""Share below which they are about something else, whatever a model makes of their meaning."""
_SAME = 0.8
"""Share, both ways, from which two sentences are in the same words, so that a "not" makes them opposites."""
_ADDED = 0.3
"""Share of what it adds to the question's terms that the passages must hold."""
_PLAIN = 0.75
"""Share from which a passage says it so plainly that a claim without a marker gets a footnote."""


@dataclass(frozen=True, slots=True)
class Support:
    """The words of one passage that bear a claim out best."""

    source: Source
    span: Span
    share: float
    """Share of the claim's terms that they, with the headings above them, hold."""

    @property
    def quote(self) -> str:
        """The words."""
        return self.source.hit.chunk.text[self.span.start : self.span.end]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What words alone tell about a claim."""

    supports: Sequence[Support]
    reason: Reason | None
    is_open: bool = False
    """Whether the meaning could still show that it is borne out; the reason is what holds if it does not."""


class Grounds:
    """The passages of an answer, to hold claims against."""

    def __init__(self, sources: Sequence[Source], question: str) -> None:
        self.sources = sources
        self._weights = Weights(sources)
        self._question = question
        self._asked = telling(question)

    def judge(self, statement: Statement) -> Judgement:
        """What the passages that a claim names say to it; of one that names none, whether any plainly says it."""
        named = [self.sources[number - 1] for number in statement.numbers if 1 <= number <= len(self.sources)]
        if not named:
            return self._unmarked(statement.words)
        wanted = telling(statement.words)
        supports = [self._support(wanted, source) for source in named]
        reason, is_open = self._verdict(statement.words, supports)
        return Judgement(supports, reason, is_open)

    def _unmarked(self, words: str) -> Judgement:
        wanted = telling(words)
        supports = [self._support(wanted, source) for source in self.sources if source.shares_script(words)]
        best = max(supports, key=lambda support: support.share, default=None)
        if best is None or best.share < _PLAIN or self._verdict(words, [best])[0] is not None:
            return Judgement([], "no_citation")
        return Judgement([best], None)

    def _support(self, wanted: AbstractSet[str], source: Source) -> Support:
        span = self._weights.closest(wanted, source) or source.orders[0]
        share = self._weights.share(wanted, span.keys | source.context) if source.spans else 0.0
        return Support(source, span, share)

    def _verdict(self, words: str, supports: Sequence[Support]) -> tuple[Reason | None, bool]:
        """Why the claim is not borne out, if it is not, and whether its meaning could tell otherwise."""
        sources = [support.source for support in supports]
        if not all(occurs(quoted, [*(one.text for one in sources), self._question]) for quoted in quotations(words)):
            return "misquoted", False
        values = set[Decimal]().union(*(source.values for source in sources))
        if missing(words, values) or self._miscounts(words, supports):
            return "number_not_found", False
        known = self._asked.union(*(source.keys for source in sources))
        if not any(source.shares_script(words) for source in sources):
            return _in_other_words(words, known)
        if not all(is_named(name, known) for name in names(words)):
            return "name_not_found", False
        return self._by_terms(words, supports)

    def _by_terms(self, words: str, supports: Sequence[Support]) -> tuple[Reason | None, bool]:
        wanted = telling(words)
        found = set[str]().union(*(support.span.keys | support.source.context for support in supports))
        share = self._weights.share(wanted, found)
        if share >= _SUPPORTED and self._answers(wanted, supports):
            return ("contradicted", False) if self._contradicts(words, supports) else (None, False)
        ordered = set[str]().union(*(span.keys for support in supports for span in support.source.orders))
        if ordered and self._weights.share(wanted - found, ordered) >= _SUPPORTED:
            return "instruction", False
        return "not_supported", share >= _RELATED

    def _answers(self, wanted: AbstractSet[str], supports: Sequence[Support]) -> bool:
        """Whether the passages hold what the claim adds to the question, and do not just speak of what was asked."""
        added = wanted - self._asked
        known = set[str]().union(*(support.source.keys for support in supports))
        return not added or self._weights.share(added, known) >= _ADDED

    def _miscounts(self, words: str, supports: Sequence[Support]) -> bool:
        """Whether a sentence that says the same has other numbers; those of the claim are elsewhere in the passage."""
        terms, values = keys(words), present(words)
        near = [one for one in supports if self._weights.share(terms, one.span.keys) >= _SAME]
        return bool(near) and not any(values <= present(one.quote) or present(one.quote) <= values for one in near)

    def _contradicts(self, words: str, supports: Sequence[Support]) -> bool:
        """Whether a sentence in nearly the same words says the opposite, and none agrees."""
        wanted = telling(words)
        near = [
            support
            for support in supports
            if min(self._weights.share(wanted, support.span.keys), self._weights.share(support.span.keys, wanted))
            >= _SAME
        ]
        return bool(near) and all(is_negated(support.quote) != is_negated(words) for support in near)


def _in_other_words(words: str, known: AbstractSet[str]) -> tuple[Reason | None, bool]:
    """Of a passage in another script, words tell only by what is written the same in all: numbers and identifiers."""
    same = list(identifiers(words))
    if not all(is_named(name, known) for name in same):
        return "name_not_found", False
    return (None if same or stated(words) else "other_language"), True
