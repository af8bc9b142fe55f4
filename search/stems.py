"""What two texts are compared by: their terms, without endings and without words that say nothing by themselves."""

import re

from search.terms import terms

_STEM_LENGTH = 7
_SHORT = 3
_ENDINGS = ("ations", "ation", "ings", "ing", "edly", "ies", "ied", "ed", "es", "ly", "s", "er", "en", "e", "y")
_KANA = re.compile(r"[\u3040-\u309f]+")
_EMPTY_WORDS = (
    "a an the this that these those it its he she they them his her their we our us you your i my me who whom"
    " which what when where why how and or but nor if then than as of in on at by for from to into with without"
    " about over under between through during is are was were be been being am do does did done has have had"
    " having will would shall should can could may might must not no yes also only just so such there here any"
    " some all each both either more most other own same too very s t d ll m re ve one according called named der"
    " die das den dem des ein eine einen einem einer und oder ist sind war waren wird werden nicht mit von für auf"
    " im zu zum zur le la les un une du de et ou est sont dans par pour sur avec que qui el los las y o en con por"
    " para es son del al lo"
)
_EMPTY = frozenset(_EMPTY_WORDS.split())
_EMPTY_HAN = re.compile("[的了着過过是在和与與及或也就都而但被把由来來为為于於从從对對将將所以這这那該该此其之]")


def keys(text: str) -> frozenset[str]:
    """The telling terms of a text; different forms of a word are mostly one (`lend`, `lending`; not `lent`)."""
    return frozenset(_stem(term) for term in terms(_EMPTY_HAN.sub(" ", text)) if not _is_empty(term))


def _is_empty(term: str) -> bool:
    return term in _EMPTY or _KANA.fullmatch(term) is not None


def _stem(word: str) -> str:
    if not word.isascii() or word.isdigit():
        return word
    if len(word) > _SHORT:
        ending = next((ending for ending in _ENDINGS if word.endswith(ending) and len(word) > len(ending) + 2), "")
        word = word.removesuffix(ending)
    if len(word) > _SHORT and word[-1] == word[-2]:
        word = word[:-1]
    return word[:_STEM_LENGTH]
