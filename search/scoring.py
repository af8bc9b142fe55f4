"""Scores from 0 to 1, whichever way hits were found."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

from vectorstore import BEST_FUSED, Hit

Mode = Literal["hybrid", "dense", "bm25"]
"""How a store is searched: by meaning (`dense`), by words (`bm25`) or both."""

_HALF_BM25 = 10.0
"""BM25 of a score of one half: two or three rare words of the question."""


def scored(hits: Sequence[Hit], mode: Mode) -> Sequence[Hit]:
    """The hits, in the same order, with the engine's scores brought between 0 and 1.

    Hybrid: how far above the other candidates a hit is, by meaning and by words, half of the score each (see
    `vectorstore.fusion`); a middling candidate of both has 0.5. Dense: the cosine, negative ones as 0. BM25:
    s / (s + 10).
    """
    return [replace(hit, score=_between(hit.score, mode)) for hit in hits]


def joined(lists: Sequence[Sequence[Hit]], questions: int, rrf_k: int) -> Sequence[Hit]:
    """The hits of several questions to several stores as one list, best first, each chunk once.

    By reciprocal ranks, as a share of what a chunk that leads the lists of all questions has: no chunk is in more lists
    than there are questions, since it is in one store. One list alone stays as it is.
    """
    if len(lists) == 1:
        return lists[0]
    sums: dict[str, float] = {}
    hits: dict[str, Hit] = {}
    for one in lists:
        for rank, hit in enumerate(one):
            hits.setdefault(hit.chunk.id, hit)
            sums[hit.chunk.id] = sums.get(hit.chunk.id, 0.0) + 1 / (rrf_k + rank)
    best = max(questions, 1) / rrf_k
    order = sorted(sums, key=lambda chunk_id: (-sums[chunk_id], -hits[chunk_id].score))
    return [replace(hits[chunk_id], score=min(sums[chunk_id] / best, 1.0)) for chunk_id in order]


def _between(score: float, mode: Mode) -> float:
    if mode == "hybrid":
        score /= BEST_FUSED
    elif mode == "bm25":
        score = score / (score + _HALF_BM25) if score > 0 else 0.0
    return min(max(score, 0.0), 1.0)
