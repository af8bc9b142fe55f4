"""Passages, made ready to be compared with claims."""

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from search.citation import MAX_QUOTE
from search.numerals import present
from search.orders import commands, overrules
from search.sentences import Sentence, sentences
from search.stems import keys
from vectorstore import Hit
from vectorstore.scripts import comparable_scripts, scripts_of

_MAX_SENTENCES = 3
_SENTENCE_COST = 0.08
"""Share of the claim that a further sentence must at least bear out to be quoted, too."""
_NUMBER_WEIGHT = 2.0
_BREAK = re.compile(r"(?<=[,;:，；：、\s])")


@dataclass(frozen=True, slots=True)
class Span:
    """A sentence of a passage, or neighbouring ones, by offsets in the passage."""

    start: int
    end: int
    keys: AbstractSet[str]


class Source:
    """A numbered passage."""

    def __init__(self, number: int, hit: Hit) -> None:
        self.number = number
        self.hit = hit
        context = " ".join((*hit.chunk.headings, hit.chunk.filename))
        self.context = telling(context)
        self.text = f"{context}\n{hit.chunk.text}"
        ordered = list(_with_orders(hit.chunk.text)) or [(Sentence("", 0, 0), False)]
        self.spans = [_span(sentence) for sentence, is_order in ordered if not is_order]
        """Its sentences, without those that give orders to a model."""
        self.orders = [_span(sentence) for sentence, is_order in ordered if is_order]
        self.keys = self.context.union(*(span.keys for span in self.spans))
        said = "\n".join(map(self.text_of, self.spans))
        self.values = present(f"{context}\n{said}")

    def text_of(self, span: Span) -> str:
        """The words of a span."""
        return self.hit.chunk.text[span.start : span.end]

    def shares_script(self, text: str) -> bool:
        """Whether the passage is written in a script in which it can share words with a text."""
        wanted = comparable_scripts(text)
        return not wanted or not self._scripts or not set(wanted).isdisjoint(self._scripts)

    @cached_property
    def _scripts(self) -> Collection[str]:
        return scripts_of(self.hit.chunk.text)

    def windows(self) -> Iterator[tuple[Span, int]]:
        """Every sentence, and two or three neighbouring ones as far as they make a short quote; how many these are."""
        for first, span in enumerate(self.spans):
            yield span, 1
            together = span.keys
            for count, other in enumerate(self.spans[first + 1 : first + _MAX_SENTENCES], 2):
                if other.end - span.start > MAX_QUOTE:
                    break
                together |= other.keys
                yield Span(span.start, other.end, together), count


class Weights:
    """How telling each term is among the passages: log((n + 1) / (sentences with it + 0.5)), as in BM25's idf."""

    def __init__(self, sources: Sequence[Source]) -> None:
        spans = [span for source in sources for span in source.spans]
        self._count = len(spans)
        self._having = Counter(key for span in spans for key in span.keys)

    def share(self, wanted: AbstractSet[str], found: AbstractSet[str]) -> float:
        """The share of the wanted terms' weight that is found, 0 to 1."""
        total = math.fsum(map(self._weight, wanted))
        return math.fsum(map(self._weight, wanted & found)) / total if total > 0 else 0.0

    def _weight(self, key: str) -> float:
        weight = math.log((self._count + 1) / (self._having[key] + 0.5))
        return weight * _NUMBER_WEIGHT if is_number(key) else weight

    def closest(self, wanted: AbstractSet[str], source: Source) -> Span | None:
        """The quote that has most in common with a claim: as many sentences as it needs, the first of equals."""
        best, most = None, -math.inf
        for span, count in source.windows():
            score = self.share(wanted, span.keys) - _SENTENCE_COST * (count - 1)
            if score > most + 1e-9:
                best, most = span, score
        return best


def telling(text: str) -> frozenset[str]:
    """What a text is compared by: its terms, and its numbers by their values."""
    return frozenset(key for key in keys(text) if not key.isdigit()) | number_keys(present(text))


def number_keys(values: AbstractSet[Decimal]) -> frozenset[str]:
    """What numbers are compared by."""
    return frozenset(f"#{value.normalize():f}" for value in values)


def is_number(key: str) -> bool:
    """Whether it is a number that is compared."""
    return key.startswith("#")


def _span(sentence: Sentence) -> Span:
    return Span(sentence.start, sentence.end, telling(sentence.text))


def _with_orders(text: str) -> Iterator[tuple[Sentence, bool]]:
    """The sentences, each with whether it gives a model orders; after one that overrules, its whole paragraph does."""
    overruled, end = False, 0
    for sentence in sentences(text):
        overruled = overrules(sentence.text) or (overruled and "\n\n" not in text[end : sentence.start])
        end = sentence.end
        is_order = overruled or commands(sentence.text)
        yield from ((piece, is_order) for piece in _pieces(sentence))


def _pieces(sentence: Sentence) -> Iterator[Sentence]:
    """The sentence, cut behind a comma or a blank where it is too long for a quote."""
    start, text = 0, sentence.text
    while len(text) - start > MAX_QUOTE:
        breaks = [found.end() for found in _BREAK.finditer(text, start + MAX_QUOTE // 2, start + MAX_QUOTE)]
        end = breaks[-1] if breaks else start + MAX_QUOTE
        yield Sentence(text[start:end], sentence.start + start, sentence.start + end)
        start = end
    yield Sentence(text[start:], sentence.start + start, sentence.end)
