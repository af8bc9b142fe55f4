"""How close a written answer is to the right one.

After SQuAD (Rajpurkar et al., 2016): without case, punctuation and English articles, as a bag of words; Chinese,
Japanese and Thai, which write no spaces, go character by character, as CMRC does.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence

_MARKERS = re.compile(r"\[\d+\]")
_TOKENS = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff]|[^\W_]+")
_UNSPACED = re.compile(r"([\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\U00020000-\U0003ffff])")
_ARTICLES = frozenset({"a", "an", "the"})


def tokens(text: str) -> Sequence[str]:
    """The words that count."""
    plain = unicodedata.normalize("NFKC", _MARKERS.sub(" ", text)).casefold()
    found = _TOKENS.findall(_UNSPACED.sub(r" \1 ", plain))
    return [token for token in found if token not in _ARTICLES] or found


def token_f1(text: str, answers: Iterable[str]) -> float:
    """The best harmonic mean of precision and recall in words that the text reaches against any of the answers."""
    said = Counter(tokens(text))
    return max((_f1(said, Counter(tokens(answer))) for answer in answers), default=0.0)


def contains(text: str, answers: Iterable[str]) -> bool:
    """Whether the words of one of the answers stand in the text, one after the other."""
    said = _row(tokens(text))
    return any(_row(wanted) in said for answer in answers if (wanted := tokens(answer)))


def _row(words: Sequence[str]) -> str:
    return f" {' '.join(words)} "


def _f1(said: Counter[str], wanted: Counter[str]) -> float:
    shared = (said & wanted).total()
    return 2 * shared / (said.total() + wanted.total()) if shared else 0.0
