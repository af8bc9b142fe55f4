"""Whether the passages bear out what an answer claims: by quotations, numbers, names and terms, without any model."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from search.claims import Statement
from search.naming import identifiers, is_named, names
from search.negation import has_negation, is_negated
from search.numerals import missing, present, stated
from search.quotations import occurs, quotations
from search.supporting import Source, Span, Weights, is_number, number_keys, telling
from vectorstore.scripts import scripts_of

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

_SAME = 0.8
"""Share, both ways, from which two sentences are in the same words, so that a "not" makes them opposites."""
_PLAIN = 0.75
"""Share from which a passage says it so plainly that a claim without a marker gets a footnote."""
_RIVAL, _AHEAD = 0.3, 0.2
"""Share of a claim's words that a sentence with other numbers holds, and how much more than those with the claim's."""
_ORDERED = 0.5
"""Share of what the passages do not hold otherwise that stands where they give orders."""
_FEWEST = 3
"""Words beside a number without which nothing can be told of where it belongs."""


@dataclass(frozen=True, slots=True)
class _Floors:
    """Shares of a claim's terms, by weight; `docs/decisions/0016-grounding.md` says what they are chosen by."""

    supported: float
    """From which the quoted words bear it out."""
    related: float
    """Below which they are about something else, whatever a model makes of their meaning."""
    added: float
    """Of what it adds to the question's terms, from which the passages do not just speak of what was asked."""
    denied: float
    """From which a sentence without any "not" says the opposite of a claim with one."""


_SPACED = _Floors(supported=0.4, related=0.2, added=0.3, denied=0.7)
_UNSPACED = _Floors(supported=0.25, related=0.1, added=0.2, denied=0.5)
"""Chinese and Japanese: of two words for the same thing, hardly any pair of characters is the same."""


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
        return self.source.text_of(self.span)


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
        if not any(source.shares_script(words) for source in sources) and not telling(words) <= known:
            return _in_other_words(words, known)
        if not all(is_named(name, known) for name in names(words)):
            return "name_not_found", False
        return self._by_terms(words, supports)

    def _by_terms(self, words: str, supports: Sequence[Support]) -> tuple[Reason | None, bool]:
        wanted = telling(words)
        found = set[str]().union(*(support.span.keys | support.source.context for support in supports))
        share, floors = self._weights.share(wanted, found), _floors(words)
        if share >= floors.supported and self._answers(wanted, supports, floors):
            return ("contradicted", False) if self._contradicts(words, supports) else (None, False)
        ordered = set[str]().union(*(span.keys for support in supports for span in support.source.orders))
        if ordered and self._weights.share(wanted - found, ordered) >= _ORDERED:
            return "instruction", False
        return "not_supported", share >= floors.related

    def _answers(self, wanted: AbstractSet[str], supports: Sequence[Support], floors: _Floors) -> bool:
        """Whether the passages hold what the claim adds to the question, and do not just speak of what was asked."""
        added = wanted - self._asked
        known = set[str]().union(*(support.source.keys for support in supports))
        return not added or self._weights.share(added, known) >= floors.added

    def _miscounts(self, words: str, supports: Sequence[Support]) -> bool:
        """Whether a number of the claim belongs to something else: what it says is said with other numbers."""
        said = frozenset(key for key in telling(words) if not is_number(key))
        if len(said) < _FEWEST:
            return False
        own, numbers = number_keys(present(words)), [number_keys(readings) for readings in stated(words)]
        shares = [
            (self._weights.share(said, span.keys), frozenset(filter(is_number, span.keys)))
            for support in supports
            for span in support.source.spans
        ]
        return any(_is_elsewhere(number, own, shares) for number in numbers)

    def _contradicts(self, words: str, supports: Sequence[Support]) -> bool:
        """Whether a sentence in nearly the same words says the opposite, and none agrees."""
        denied = [self._denies(words, support) for support in supports]
        return any(denied) and all(one is not False for one in denied)

    def _denies(self, words: str, support: Support) -> bool | None:
        """Whether the quoted words say the opposite; None where they are not close enough to tell."""
        wanted, said = telling(words), support.span.keys
        share, back = self._weights.share(wanted, said), self._weights.share(said, wanted)
        if is_negated(words) and not has_negation(support.quote) and share >= _floors(words).denied:
            return True
        return is_negated(support.quote) != is_negated(words) if min(share, back) >= _SAME else None


def _floors(words: str) -> _Floors:
    return _UNSPACED if scripts_of(words)[:1] in {("han",), ("japanese",)} else _SPACED


def _is_elsewhere(
    number: AbstractSet[str], own: AbstractSet[str], shares: Sequence[tuple[float, AbstractSet[str]]]
) -> bool:
    near = max((share for share, numbers in shares if not numbers.isdisjoint(number)), default=0.0)
    rival = max((share for share, numbers in shares if numbers.isdisjoint(number) and numbers - own), default=0.0)
    return rival >= _RIVAL and rival - near >= _AHEAD


def _in_other_words(words: str, known: AbstractSet[str]) -> tuple[Reason | None, bool]:
    """Of a passage in another script, words tell only by what is written the same in all: numbers and identifiers."""
    same = list(identifiers(words))
    if not all(is_named(name, known) for name in same):
        return "name_not_found", False
    return (None if same or stated(words) else "other_language"), True
