"""Numbers of a text as values, so that 1,500, １５００, fifteen hundred and 一千五百 are the same."""

import math
import re
import unicodedata
from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from decimal import Decimal

from search.number_words import SCALES, spelt

_MAX_DIGITS = 30
"""Longer ones are compared by their last digits."""
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ \u00a0\u2009\u202f]\d{3})+(?![\d.,]*\d)")
"""As in `14 000`."""
_DIGITS = re.compile(r"[0-9]+(?:[.,][0-9]+)*")
_IN_WORD = re.compile(r"(?<=[a-z])[0-9]+")
"""Those of `mp3` are no numbers."""
_SCALE = re.compile(r"\s?(?:(hundred|thousand|million|billion|trillion)\b|([十百千万萬亿億]+))")
_ENGLISH_GROUPS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
_CONTINENTAL_GROUPS = re.compile(r"\d{1,3}(?:\.\d{3})+(?:,\d+)?")
_FRACTION = re.compile(r"\d+[.,]\d+")


def stated(text: str) -> list[AbstractSet[Decimal]]:
    """The numbers that a text states, each as all the values it can be read as: `1.500` is one and a half, or 1500."""
    folded = _IN_WORD.sub("", _folded(_GROUPED.sub(_joined, text)))
    words = [{Decimal(number.value)} for number in spelt(folded) if number.is_certain]
    return [readings for number, scale in _numbers(folded) for readings in _claimed(number, scale)] + words


def present(text: str) -> AbstractSet[Decimal]:
    """Every value that a number in a text can be read as."""
    folded = _folded(text)
    values = {Decimal(number.value) for number in spelt(folded)}
    for number, scale in _numbers(folded):
        values.update({value * scale for value in _readings(number)} or _parts(number))
    return values.union(_value(_joined(group)) for group in _GROUPED.finditer(folded))


def missing(text: str, values: AbstractSet[Decimal]) -> bool:
    """Whether a text states a number that is not among the values."""
    return any(readings.isdisjoint(values) for readings in stated(text))


def _claimed(number: str, scale: int) -> Iterator[AbstractSet[Decimal]]:
    readings = _readings(number)
    if not readings:
        yield from ({part} for part in _parts(number))
    else:
        # A table in millions says 1.5 where the claim says 1.5 million.
        yield readings | {value * scale for value in readings}


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _joined(group: re.Match[str]) -> str:
    return re.sub(r"\D", "", group[0])


def _numbers(folded: str) -> Iterator[tuple[str, int]]:
    """Each number in digits, and what it counts: 1, or a million."""
    for found in _DIGITS.finditer(folded):
        scale = _SCALE.match(folded, found.end())
        yield found.group(), _scale_of(scale) if scale else 1


def _scale_of(scale: re.Match[str]) -> int:
    return SCALES[scale[1]] if scale[1] else math.prod(SCALES[character] for character in scale[2][:3])


def _readings(number: str) -> AbstractSet[Decimal]:
    """The values of `1,500`, `1.500`, `3.14`; none for what is a version or a list, as `3.11.2`."""
    values = set()
    if _ENGLISH_GROUPS.fullmatch(number):
        values.add(_value(number.replace(",", "")))
    if _CONTINENTAL_GROUPS.fullmatch(number):
        values.add(_value(number.replace(".", "").replace(",", ".")))
    if number.isdigit() or _FRACTION.fullmatch(number):
        values.add(_value(number.replace(",", ".")))
    return values


def _parts(number: str) -> AbstractSet[Decimal]:
    return {_value(part) for part in re.split("[.,]", number)}


def _value(digits: str) -> Decimal:
    return Decimal(digits[-_MAX_DIGITS:].lstrip(".") or 0)
