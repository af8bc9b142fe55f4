"""BM25 as sparse vectors, the same for both engines so that their scores agree."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass

import qdrant_edge as edge

from vectorstore.chunk import Chunk

AVERAGE_WORDS = 256.0
"""Length a passage is compared with, in words without stopwords: a chunk of 400 to 800 tokens has about as many."""

_NUMBER = re.compile(r"(?<![A-Za-z\d])\d+(?![A-Za-z\d])")


@dataclass(frozen=True, slots=True)
class SparseVector:
    """Weights of words; a word is known by its hash."""

    indices: list[int]
    values: list[float]


class Bm25:
    """Turns texts into sparse vectors; the engine multiplies in how rare each word is among a store's chunks.

    The tokenizer splits by Unicode rules, folds case and accents, and cuts Chinese and Japanese into words. English
    stopwords are dropped and English endings stemmed; both leave other scripts alone.
    """

    def __init__(self) -> None:
        self._model = edge.Bm25(
            edge.Bm25Config(avg_len=AVERAGE_WORDS, tokenizer=edge.TokenizerType.Multilingual, language="english")
        )

    def chunk(self, chunk: Chunk) -> SparseVector:
        """Words of a chunk's headings and text, weighted by their frequency."""
        return _encode(self._model.embed_document, chunk.words)

    def question(self, text: str) -> SparseVector:
        """Words of a question, weight 1 each; empty when it has none but stopwords."""
        return _encode(self._model.embed_query, text)


def readable(text: str) -> str:
    """The text as the tokenizer should see it.

    NFKC makes full-width letters and digits, common in Chinese and Japanese, meet their plain forms. The tokenizer
    drops words of digits alone, so a number gets a letter in front: years, articles and error codes must be findable.
    """
    return _NUMBER.sub(r" n\g<0> ", unicodedata.normalize("NFKC", text))


def _encode(embed: Callable[[str], edge.SparseVector], text: str) -> SparseVector:
    vector = embed(readable(text))
    return SparseVector(list(vector.indices), list(vector.values))
