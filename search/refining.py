"""What becomes of hits between the ranked list and whoever asked for them."""

import asyncio
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from search.similarity import Rarity
from search.terms import terms
from vectorstore import Hit


@dataclass(frozen=True, slots=True)
class Refining:
    """How the hits of a search are refined; by default only as the options say."""

    rerank: bool | None = None
    """Whether a model that reads question and passages together puts the best hits in a better order. None leaves it to
    `search.rerank`; where that names no way to do it, nothing is reranked."""
    question: str | None = None
    """What the reranker compares the passages with, where that is not what was searched for."""
    per_document: int | None = None
    """Hits of one document at most; None is no limit."""
    diversity: float = 0.0
    """How much a hit loses by saying what a better one says, 0 (nothing) to 1 (it alone counts)."""

    @property
    def thins(self) -> bool:
        """Whether hits are left out."""
        return self.per_document is not None or self.diversity > 0


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    hits: Sequence[Hit] = field(default_factory=list)
    """Best first, each chunk once."""
    reranked: bool | None = None
    """Whether a reranker gave the scores; False when it was to and could not, None when nobody asked for it."""


async def selected(hits: Sequence[Hit], limit: int, refining: Refining) -> Sequence[Hit]:
    """At most so many of the hits: no more of a document than is wanted, and diverse ones if that is wanted.

    The order stays; with diversity it is that in which they were chosen.
    """
    if refining.per_document is not None:
        hits = _fewer(hits, refining.per_document)
    if refining.diversity > 0 and len(hits) > 1:
        return await asyncio.to_thread(diverse, hits, limit, refining.diversity)
    return hits[:limit]


def _fewer(hits: Sequence[Hit], per_document: int) -> Sequence[Hit]:
    seen: Counter[str] = Counter()
    kept = []
    for hit in hits:
        seen[hit.chunk.document_id] += 1
        if seen[hit.chunk.document_id] <= per_document:
            kept.append(hit)
    return kept


def diverse(hits: Sequence[Hit], limit: int, diversity: float) -> Sequence[Hit]:
    """Hits chosen one by one for being relevant and unlike those chosen before: maximal marginal relevance.

    (1 - d) * score / best score - d * greatest similarity to a chosen one (Carbonell and Goldstein, 1998), where two
    passages are as similar as the cosine of their terms, weighted by rarity among the hits. Terms do for every engine
    and mode, and where there are no vectors; a passage and its translation pass for different.
    """
    texts = [hit.chunk.words for hit in hits]
    weights = _weights(texts)
    best = max(hit.score for hit in hits) or 1.0
    likeness = [0.0] * len(hits)
    left = list(range(len(hits)))
    chosen: list[int] = []
    while left and len(chosen) < limit:
        pick = max(left, key=lambda i: (1 - diversity) * hits[i].score / best - diversity * likeness[i])
        left.remove(pick)
        chosen.append(pick)
        for i in left:
            likeness[i] = max(likeness[i], _dot(weights[i], weights[pick]))
    return [hits[i] for i in chosen]


def _weights(texts: Sequence[str]) -> list[Mapping[str, float]]:
    """A vector of unit length for each text: its terms, weighted by rarity among all of them."""
    rarity = Rarity(texts)
    return [_unit({term: rarity.weight(term) for term in set(terms(text))}) for text in texts]


def _unit(weights: Mapping[str, float]) -> Mapping[str, float]:
    length = math.sqrt(sum(weight * weight for weight in weights.values())) or 1.0
    return {term: weight / length for term, weight in weights.items()}


def _dot(one: Mapping[str, float], other: Mapping[str, float]) -> float:
    shared: Iterable[str] = one.keys() & other.keys()
    return sum(one[term] * other[term] for term in shared)
