"""How much two texts have in common, by their terms."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence

from search.terms import terms


class Rarity:
    """How telling each term is among some texts: log((n + 1) / (texts with it + 0.5)), as in BM25's idf.

    A term that none of them has is the most telling one.
    """

    def __init__(self, texts: Sequence[str]) -> None:
        self._texts = len(texts)
        self._having = Counter(term for text in texts for term in set(terms(text)))

    def overlap(self, wanted: Iterable[str], text: str) -> float:
        """The share of the wanted terms' weight that the text holds, 0 to 1."""
        wanted = set(wanted)
        total = sum(self.weight(term) for term in wanted)
        present = wanted & set(terms(text))
        return sum(self.weight(term) for term in present) / total if total > 0 else 0.0

    def weight(self, term: str) -> float:
        """How telling a term is, above 0."""
        return math.log((self._texts + 1) / (self._having[term] + 0.5))
