"""How much two texts have in common, by their terms."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from search.terms import terms


def rarity(texts: Sequence[str]) -> Mapping[str, float]:
    """How telling each term is among these texts: log((n + 1) / (n with it + 0.5)), as in BM25's idf."""
    having = Counter(term for text in texts for term in set(terms(text)))
    return {term: math.log((len(texts) + 1) / (count + 0.5)) for term, count in having.items()}


def overlap(wanted: Iterable[str], text: str, weights: Mapping[str, float]) -> float:
    """The share of the wanted terms' weight that the text holds, 0 to 1."""
    wanted = set(wanted)
    total = sum(weights.get(term, 1.0) for term in wanted)
    present = wanted & set(terms(text))
    return sum(weights.get(term, 1.0) for term in present) / total if total > 0 else 0.0
