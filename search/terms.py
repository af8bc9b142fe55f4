"""What counts as a term when two texts are compared: words, and pairs of neighbouring characters in Chinese."""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

from language.chinese import simplified

_WORDS = re.compile(r"[^\W_]+")
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+")


def terms(text: str) -> list[str]:
    """The terms of a text, in order, repetitions included.

    Scripts written without spaces (Chinese, Japanese) give overlapping pairs of characters, in simplified forms.
    """
    folded = simplified(unicodedata.normalize("NFKC", text).casefold())
    return [term for word in _WORDS.findall(folded) for term in _split(word)]


def _split(word: str) -> Iterator[str]:
    position = 0
    for run in _UNSPACED.finditer(word):
        if run.start() > position:
            yield word[position : run.start()]
        yield from _pairs(run.group())
        position = run.end()
    if position < len(word):
        yield word[position:]


def _pairs(run: str) -> Iterator[str]:
    if len(run) == 1:
        yield run
    for first, second in pairwise(run):
        yield first + second
