"""What an answer puts in quotation marks, and whether a text has these very words."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from search.terms import terms

_QUOTED = re.compile(r"“([^“”]+)”|„([^„“”]+)[“”]|«([^«»]+)»|「([^「」]+)」|『([^『』]+)』|(?<!\w)\"([^\"\n]+)\"(?!\w)")
_LEFT_OUT = re.compile(r"\s*(?:\[?(?:…+|\.{3,})\]?)\s*")
_SAME = str.maketrans("‘’“”„«»–—‐‑", '\'\'"""""----', "\u00ad\u200b\u200c\u200d\u2060\ufeff")
_TRIMMED = " \t.,;:!?。，；：！？、"


def quotations(text: str) -> Iterator[str]:
    """What stands in quotation marks, without them; nested marks stay."""
    for found in _QUOTED.finditer(text):
        quoted = next(group for group in found.groups() if group is not None)
        if terms(quoted):
            yield quoted


def occurs(quoted: str, texts: Iterable[str]) -> bool:
    """Whether one of the texts has the quoted words: each part between dots of omission, in order.

    White space, the form of signs, and whether letters are small make no difference, nor does the sign at the end.
    """
    parts = [plain for part in _LEFT_OUT.split(quoted) if (plain := _plain(part).strip(_TRIMMED))]
    return any(_in_order(parts, _plain(text)) for text in texts)


def _in_order(parts: Iterable[str], text: str) -> bool:
    position = 0
    for part in parts:
        found = text.find(part, position)
        if found < 0:
            return False
        position = found + len(part)
    return True


def _plain(text: str) -> str:
    """The text without white space: a line break means nothing in Chinese, and a blank in the West."""
    return "".join(unicodedata.normalize("NFKC", text).translate(_SAME).casefold().split())
