"""Answers without a chat model: the best passages' own sentences.

Each candidate sentence gets three ranks: by its passage, by the terms it shares with the question, and by the distance
of its embedding from the question's. Reciprocal rank fusion joins them, as it does for passages.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from search.citation import Citation, cite
from search.sentences import Sentence, sentences
from search.similarity import overlap, rarity
from search.terms import terms
from upstream import Embedder
from vectorstore import Hit

_PASSAGES = 5
_SENTENCES = 3
_EMBEDDED = 24
"""Sentences that are embedded at most: the local model takes about 50 ms for each."""
_MIN_WIDTH = 16
_MAX_WIDTH = 1_000


@dataclass(frozen=True, slots=True)
class _Candidate:
    number: int
    hit: Hit
    sentence: Sentence
    shared: float
    """Share of the question's terms that the sentence and its headings hold, weighted by rarity."""

    @property
    def text(self) -> str:
        """The sentence below its heading, which often names what it is about."""
        headings = self.hit.chunk.headings
        return f"{headings[-1]}: {self.sentence.text}" if headings else self.sentence.text


async def extract(question: str, passages: Sequence[Hit], embedder: Embedder | None, rrf_k: int) -> Sequence[Citation]:
    """The sentences that answer best, best first, each as a footnote to itself."""
    candidates = _candidates(question, passages[:_PASSAGES])
    if not candidates:
        return []
    by_terms = sorted(candidates, key=lambda candidate: -candidate.shared)
    lists = [candidates, by_terms if by_terms[0].shared > 0 else []]
    if embedder is not None:
        lists.append(await _by_meaning(question, by_terms[:_EMBEDDED], embedder))
    best = sorted(candidates, key=lambda candidate: -_fused(candidate, lists, rrf_k))[:_SENTENCES]
    return [cite(one.number, one.sentence.text, one.hit, one.sentence) for one in best]


def _candidates(question: str, passages: Sequence[Hit]) -> list[_Candidate]:
    found = list(_readable_sentences(passages))
    weights = rarity([sentence.text for _, _, sentence in found])
    wanted = terms(question)
    return [
        _Candidate(number, hit, sentence, overlap(wanted, " ".join((*hit.chunk.headings, sentence.text)), weights))
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


async def _by_meaning(question: str, candidates: Sequence[_Candidate], embedder: Embedder) -> list[_Candidate]:
    asked = await embedder.embed_question(question)
    vectors = await embedder.embed_documents([candidate.text for candidate in candidates])
    cosines = vectors @ asked / (np.linalg.norm(vectors, axis=1) * np.linalg.norm(asked) + 1e-9)
    return [candidates[index] for index in np.argsort(-cosines)]


def _fused(candidate: _Candidate, lists: Sequence[Sequence[_Candidate]], k: int) -> float:
    return sum(1 / (k + ranked.index(candidate)) for ranked in lists if candidate in ranked)
