"""Answers without a chat model: the best passages' own sentences.

Each candidate sentence gets three ranks: by its passage, by the terms it shares with the question, and by the distance
of its embedding from the question's. Reciprocal rank fusion joins them, as it does for passages.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from search.citation import Citation, cite
from search.sentences import Sentence, sentences
from search.similarity import Rarity
from search.terms import terms
from upstream import Embedder
from vectorstore import Hit

_PASSAGES = 5
_SENTENCES = 3
_EMBEDDED = 16
"""Sentences that are embedded at most: the local model takes some 50 ms for each."""
_RIVAL_SHARED = 0.8
_RIVAL_COSINE = 0.02
_MIN_WIDTH = 16
_MAX_WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class _Candidate:
    number: int
    hit: Hit
    sentence: Sentence
    shared: float
    """Share of the question's terms that the sentence and its headings hold, weighted by rarity."""
    cosine: float = 0.0
    """Of its embedding and the question's; 0 where it was not embedded."""

    @property
    def text(self) -> str:
        """The sentence below its heading, which often names what it is about."""
        headings = self.hit.chunk.headings
        return f"{headings[-1]}: {self.sentence.text}" if headings else self.sentence.text

    def rivals(self, best_shared: float, best_cosine: float) -> bool:
        """Whether it is about as good as the best, and so worth showing beside it."""
        by_terms = self.shared > 0 and self.shared >= _RIVAL_SHARED * best_shared
        return by_terms or (self.cosine > 0 and self.cosine >= best_cosine - _RIVAL_COSINE)


async def extract(question: str, passages: Sequence[Hit], embedder: Embedder | None, rrf_k: int) -> Sequence[Citation]:
    """The sentences that answer best, best first, each as a footnote to itself; none where there is no sentence.

    Whether they answer at all, `search.confidence` has judged before.
    """
    candidates = _candidates(question, passages[:_PASSAGES])
    by_terms = sorted(candidates, key=lambda candidate: -candidate.shared)
    if embedder is not None:
        by_terms = await _with_cosines(question, by_terms, embedder)
    ranked = _fused(by_terms, rrf_k)[:_SENTENCES]
    if not ranked:
        return []
    best_shared = max(candidate.shared for candidate in ranked)
    best_cosine = max(candidate.cosine for candidate in ranked)
    good = [one for one in ranked[1:] if one.rivals(best_shared, best_cosine)]
    return [_cited(one) for one in [ranked[0], *good]]


def _cited(one: _Candidate) -> Citation:
    return cite(one.number, one.sentence.text, one.hit, one.sentence.start, one.sentence.end)


def _candidates(question: str, passages: Sequence[Hit]) -> list[_Candidate]:
    found = list(_readable_sentences(passages))
    rarity = Rarity([sentence.text for _, _, sentence in found])
    wanted = terms(question)
    return [
        _Candidate(number, hit, sentence, rarity.overlap(wanted, " ".join((*hit.chunk.headings, sentence.text))))
        for number, hit, sentence in found
    ]


def _readable_sentences(passages: Sequence[Hit]) -> Iterator[tuple[int, Hit, Sentence]]:
    seen: set[str] = set()
    for number, hit in enumerate(passages, 1):
        for sentence in sentences(hit.chunk.text):
            is_heading = sentence.text.lstrip("# ") in hit.chunk.headings or sentence.text.startswith("#")
            if not is_heading and sentence.text not in seen and _MIN_WIDTH <= _width(sentence.text) <= _MAX_WIDTH:
                seen.add(sentence.text)
                yield number, hit, sentence


def _width(text: str) -> int:
    """Length in columns: a Chinese character says about as much as two Latin ones, and is as wide."""
    return len(text) + sum(unicodedata.east_asian_width(character) in "WF" for character in text)


async def _with_cosines(question: str, by_terms: list[_Candidate], embedder: Embedder) -> list[_Candidate]:
    first, rest = by_terms[:_EMBEDDED], by_terms[_EMBEDDED:]
    if not first:
        return []
    asked = await embedder.embed_question(question)
    vectors = await embedder.embed_documents([candidate.text for candidate in first], urgent=True)
    cosines = vectors @ asked / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked) + 1e-9)
    return [replace(one, cosine=float(cosine)) for one, cosine in zip(first, cosines, strict=True)] + rest


def _fused(by_terms: list[_Candidate], k: int) -> list[_Candidate]:
    """By the ranks of passage, terms and meaning; equal values have equal ranks."""
    terms_ranks = _ranks([candidate.shared for candidate in by_terms])
    meaning_ranks = _ranks([candidate.cosine for candidate in by_terms])
    scores = [
        1 / (k + candidate.number) + 1 / (k + by_term) + 1 / (k + by_meaning)
        for candidate, by_term, by_meaning in zip(by_terms, terms_ranks, meaning_ranks, strict=True)
    ]
    order = sorted(range(len(by_terms)), key=lambda index: -scores[index])
    return [by_terms[index] for index in order]


def _ranks(values: Sequence[float]) -> list[int]:
    places = {value: rank for rank, value in enumerate(sorted(set(values), reverse=True), 1)}
    return [places[value] for value in values]
