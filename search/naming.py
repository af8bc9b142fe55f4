"""Names in a claim: of people, places and things, identifiers, addresses."""

import re
from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from search.stems import keys

_LETTER = r"[^\W_\u3040-\u30ff\u4e00-\u9fff]"
_WORD = re.compile(rf"{_LETTER}+(?:[._@:/#+-]*{_LETTER}+)*[+#]*")
_IDENTIFIER = re.compile(r"[A-Za-z]-?\d|\d+[A-Za-z]{2}|[a-z][A-Z]|\w[_@]\w|[A-Za-z]\.[A-Za-z]{2}")
_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th|s)")
_GERMAN = re.compile(
    r"\b(?:der|die|das|den|dem|und|ist|sind|ein|eine|einen|einem|einer|nicht|mit|von|für|wird|werden)\b"
)
_ENGLISH = re.compile(r"\b(?:the|of|and|is|are|an|to|in|for|with|was|were|be)\b")
_HAN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]")
_NO_NAMES = frozenset(
    (
        *("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november"),
        *("december", "i", "ok", "yes", "no"),
    )
)
"""Months are compared as numbers."""


def names(claim: str) -> Iterator[str]:
    """Words that name something: capitals within a sentence, and Latin letters in Chinese or Japanese.

    German writes every noun with a capital: there only identifiers are names.
    """
    is_german = len(_GERMAN.findall(claim)) > len(_ENGLISH.findall(claim))
    among_han = _HAN.search(claim) is not None
    is_first = True
    for found in _WORD.finditer(claim):
        word = found.group()
        if is_identifier(word) or (not is_german and _is_name(word, is_first=is_first, among_han=among_han)):
            yield word
        is_first = claim[found.end() :].lstrip("\"'”’)")[:1] in (".", "!", "?", ":", ";")


def identifiers(claim: str) -> Iterator[str]:
    """Words such as `gpt-4o`, `max_tokens`, `iPhone`, `example.org`: the same in every language."""
    return (found.group() for found in _WORD.finditer(claim) if is_identifier(found.group()))


def is_identifier(word: str) -> bool:
    """Whether a word is written as no ordinary word is."""
    return _IDENTIFIER.search(word) is not None and _ORDINAL.fullmatch(word) is None


def is_named(name: str, known: AbstractSet[str]) -> bool:
    """Whether each part of a name is among the terms of `search.stems`, its numbers aside."""
    parts = {part for part in keys(name) if not part.isdigit()}
    return parts <= known or keys(name.replace(".", "")) <= known


def _is_name(word: str, *, is_first: bool, among_han: bool) -> bool:
    if word.casefold() in _NO_NAMES or not word[:1].isalpha():
        return False
    if among_han:
        return word.isascii() and len(word) > 1
    return word[:1].isupper() and (not is_first or word[1:2].isupper())
