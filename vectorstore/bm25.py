"""BM25 as sparse vectors, the same for both engines so that their scores agree."""

import re
import unicodedata
from collections.abc import Sequence

import qdrant_edge as edge

from language.chinese import simplified
from vectorstore.chunk import Chunk
from vectorstore.scripts import scripts_of

AVERAGE_WORDS = 256.0
"""Length a passage is compared with, in words without stopwords: a chunk of 400 to 800 tokens has about as many."""

HEADINGS_WEIGHT = 0.5
"""Of a word in the headings, against the same word in the text; measured in `docs/decisions/0014-fusion.md`."""

_NUMBER = re.compile(r"\d(?<![A-Za-z\d]\d)\d*(?![A-Za-z\d])")
_APOSTROPHE, _SOFT_HYPHEN = "’", "\u00ad"
_GLUE = "".join(map(chr, (*range(9), *range(11, 32), 127))) + "$<=>^|~"
_GLUE_IN_ASCII = str.maketrans(dict.fromkeys(_GLUE, " "))
_SIGNS = re.compile(
    rf"[{re.escape(_GLUE)}\u00a1-\u00a9\u00ab\u00ac\u00ae-\u00b4\u00b6-\u00b9\u00bb-\u00bf\u00d7\u00f7\u2010-\u2bff]+"
)


class Bm25:
    """Turns texts into sparse vectors; the engine multiplies in how rare each word is among a store's chunks.

    The tokenizer splits by Unicode rules, folds case and accents, and cuts Chinese and Japanese into words. English
    stopwords are dropped and English endings stemmed; both leave other scripts alone. Traditional Chinese is searched
    as simplified Chinese, so that either finds the other.
    """

    def __init__(self) -> None:
        self._every_script = _model(edge.TokenizerType.Multilingual)
        # Cuts ASCII into the same words as the other, in a quarter of the time.
        self._ascii = _model(edge.TokenizerType.Word)

    def chunk(self, chunk: Chunk) -> edge.SparseVector:
        """Words of a chunk's text and headings, weighted by their frequency; a word is known by its hash.

        Headings are in every chunk below them, so they count for less than what a chunk says itself, and only once
        where its text begins with them.
        """
        weights = self._weights(chunk.body)
        for word, weight in self._weights("\n".join(chunk.headings)).items():
            weights[word] = weights.get(word, 0.0) + HEADINGS_WEIGHT * weight
        return edge.SparseVector(list(weights), list(weights.values()))

    def question(self, text: str) -> edge.SparseVector:
        """Words of a question, weight 1 each; empty when it has none but stopwords.

        Those in Chinese characters come as they stand, too: a name such as 東京 is left alone in Japanese chunks.
        """
        text = readable(text)
        found = dict.fromkeys(word for form in {text, simplified(text)} for word in self._asked(form))
        return edge.SparseVector(list(found), [1.0] * len(found))

    def _asked(self, text: str) -> Sequence[int]:
        return self._model(text).embed_query(text).indices

    def _weights(self, text: str) -> dict[int, float]:
        text = readable(text)
        if "japanese" not in scripts_of(text):
            text = simplified(text)
        vector = self._model(text).embed_document(text)
        return dict(zip(vector.indices, vector.values, strict=True))

    def _model(self, text: str) -> edge.Bm25:
        return self._ascii if text.isascii() else self._every_script


def readable(text: str) -> str:
    """The text as the tokenizer should see it.

    NFKC makes full-width letters and digits, common in Chinese and Japanese, meet their plain forms; so does the
    typesetters' apostrophe. Signs become spaces where the tokenizer would take them for parts of words, as in `a=b` and
    in tables, and where they alone would make an English text more than ASCII. The tokenizer drops words of digits
    alone, so a number gets a letter in front: years, articles and error codes must be findable.
    """
    text = unicodedata.normalize("NFKC", text)
    if text.isascii():
        text = text.translate(_GLUE_IN_ASCII)
    else:
        text = _SIGNS.sub(" ", text.replace(_APOSTROPHE, "'").replace(_SOFT_HYPHEN, ""))
    return _NUMBER.sub(r" n\g<0> ", text)


def _model(tokenizer: edge.TokenizerType) -> edge.Bm25:
    return edge.Bm25(edge.Bm25Config(avg_len=AVERAGE_WORDS, tokenizer=tokenizer, language="english"))
