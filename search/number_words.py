"""Numbers that are spelt out: twenty-five, 二十五, March."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

SCALES = {
    "hundred": 10**2,
    "thousand": 10**3,
    "million": 10**6,
    "billion": 10**9,
    "trillion": 10**12,
    "十": 10,
    "百": 10**2,
    "千": 10**3,
    "万": 10**4,
    "萬": 10**4,
    "亿": 10**8,
    "億": 10**8,
}
_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
_ORDINALS = "third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth"
_WORDS = (
    {word: value for value, word in enumerate(_UNITS.split())}
    | {word: 10 * value for value, word in enumerate(_TENS.split(), 2)}
    | {word: value for value, word in enumerate(_ORDINALS.split(), 3)}
    | {"dozen": 12}
)
_VAGUE = {"once": 1, "first": 1, "second": 2, "twice": 2, "double": 2, "both": 2, "pair": 2, "couple": 2} | {
    word: value
    for words in (
        "zwei drei vier fünf sechs sieben acht neun zehn elf zwölf",
        "deux trois quatre cinq six sept huit neuf dix onze douze",
        "dos tres cuatro cinco seis siete ocho nueve diez once doce",
    )
    for value, word in enumerate(words.split(), 2)
    if word not in _WORDS
}
"""What may stand for a number; other languages' words too."""
_MONTH_NAMES = "january february march april may june july august september october november december"
_MONTHS = _MONTH_NAMES.split()
_MONTH = "|".join((*_MONTHS, *(f"{month[:3]}\\.?" for month in _MONTHS), "sept\\.?"))

_MOST_WORDS = 20
"""Of one number; a document may go on with thousands of them."""
_FIRST_WORD = "|".join(sorted(_WORDS, key=len, reverse=True)) + "|a(?= (?:hundred|thousand|million|billion))"
_NUMBER_WORD = "|".join((*(scale for scale in SCALES if scale.isascii()), _FIRST_WORD))
_ENGLISH = re.compile(rf"\b(?:{_FIRST_WORD})(?:(?:\s+and\s+|[\s-]+)(?:{_NUMBER_WORD})){{0,{_MOST_WORDS}}}\b")
_DATED = re.compile(rf"\d(?:st|nd|rd|th)?[\s-]+(?:of\s+)?({_MONTH})(?![a-z])|\b({_MONTH})[,\s-]+\d")
_HAN_DIGITS = {digit: value for value, digit in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2, "兩": 2}
_HAN = re.compile(f"(?<![0-9.,十百千万萬亿億])[{''.join(_HAN_DIGITS)}十百千万萬亿億]{{1,{_MOST_WORDS}}}")
_COUNTERS = frozenset(
    "年月日号號天周週星小时時分秒点點个個名人位项項条條章节節页頁次种種级級届屆世元块塊岁歲度米公厘毫克斤吨噸倍成篇部座台辆輛"
    "本张張期层層楼樓册冊"
)
_IDIOMS = frozenset(("千万", "万一", "一一", "十分", "万分", "一", "万", "千百"))


@dataclass(frozen=True, slots=True)
class Spelt:
    """A number and whether it is certainly meant as one: not an article, an idiom or part of a name."""

    value: int
    is_certain: bool


def spelt(text: str) -> Iterator[Spelt]:
    """The numbers spelt out in a text of small letters: English words, months beside a digit, Chinese numerals.

    Among the uncertain ones are a few words of other languages.
    """
    for run in _ENGLISH.finditer(text):
        words = re.findall(r"[a-z]+", run.group())
        yield Spelt(_english_value(words), _english_value(words) > 1)
        yield from (Spelt(_WORDS[word], is_certain=False) for word in words if word in _WORDS)
    for word in re.findall(r"[^\W\d_]+", text):
        if word in _VAGUE:
            yield Spelt(_VAGUE[word], is_certain=False)
    for found in _DATED.finditer(text):
        yield Spelt(_month(found[1] or found[2]), is_certain=True)
    for run in _HAN.finditer(text):
        yield Spelt(_han_value(run.group()), _is_certain(run.group(), text[run.end() : run.end() + 1]))


def _english_value(words: list[str]) -> int:
    total, current = 0, 0
    for word in words:
        scale = SCALES.get(word)
        if scale is None:
            current += _WORDS.get(word, 0)
        elif scale == SCALES["hundred"]:
            current = (current or 1) * scale
        else:
            total, current = total + (current or 1) * scale, 0
    return total + current


def _month(name: str) -> int:
    return next(number for number, month in enumerate(_MONTHS, 1) if month.startswith(name[:3]))


def _han_value(run: str) -> int:
    """`二千零二十一` by places, `二〇二一` digit by digit."""
    if not any(character in SCALES for character in run):
        return int("".join(str(_HAN_DIGITS[character]) for character in run))
    total = section = digit = 0
    for character in run:
        scale = SCALES.get(character)
        if scale is None:
            digit = _HAN_DIGITS[character]
        elif scale >= SCALES["万"]:
            total, section, digit = (total + section + digit or 1) * scale, 0, 0
        else:
            section, digit = section + (digit or 1) * scale, 0
    return total + section + digit


def _is_certain(run: str, following: str) -> bool:
    if run in _IDIOMS or run + following in _IDIOMS:
        return False
    return len(run) > 1 or following in _COUNTERS
