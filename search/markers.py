"""Footnote markers in a stream of text: `[2]`, `[1, 3]`, `【2】`."""

import re
from collections.abc import Mapping

_MARKER = re.compile(r"[\[【](?=[\d\s,，、;]{1,30}[\]】])\s*(\d{1,3}(?:\s*[,，、;]\s*\d{1,3})*)\s*[\]】]")
_UNFINISHED = re.compile(r"[\[【][\d\s,，、;]{0,30}\Z|`{1,2}\Z")
_CODE = re.compile(r"(```.*?(?:```|\Z)|`[^`\n]*(?:`|\n|\Z))", re.DOTALL)
_SHOWN_MARKER = re.compile(r"\[(\d{1,3})\]")
_BLANK = "\ufffc"
"""Stands for a character of code: no white space, which would be trimmed, and in no word or punctuation."""


class MarkerFilter:
    """Lets text through with its markers in one form, `[2]` or `[1][3]`, and only those that name a passage.

    A marker that a piece of the stream cuts in two is held back until it is whole. Code is left as it is: `row[0]` in
    it is no footnote.
    """

    def __init__(self, passages: int) -> None:
        self._passages = passages
        self._text = ""
        self._sent = 0

    def feed(self, piece: str) -> str:
        """What can be shown now, given one more piece."""
        self._text += piece
        held = _UNFINISHED.search(self._text)
        return self._advance(self._text[: held.start()] if held else self._text)

    def finish(self) -> str:
        """What is left at the end."""
        return self._advance(self._text)

    def _advance(self, text: str) -> str:
        clean = self._clean(text)
        new, self._sent = clean[self._sent :], len(clean)
        return new

    def _clean(self, text: str) -> str:
        parts = _CODE.split(text)
        return "".join(part if index % 2 else _MARKER.sub(self._replace, part) for index, part in enumerate(parts))

    def _replace(self, marker: re.Match[str]) -> str:
        numbers = (int(number) for number in re.findall(r"\d+", marker[1]))
        return "".join(f"[{number}]" for number in numbers if 1 <= number <= self._passages)


def without_code(text: str) -> str:
    """The text with its code blanked out, of the same length and with the same lines.

    It must be given whole: a part of it does not tell whether it stands within a block of code.
    """
    return _CODE.sub(lambda code: re.sub(r"[^\n]", _BLANK, code[0]), text)


def numbers_in(prose: str) -> Mapping[int, int]:
    """The passages that the markers of a text without code name, in order, and where the first marker of each is."""
    places: dict[int, int] = {}
    for marker in _SHOWN_MARKER.finditer(prose):
        places.setdefault(int(marker[1]), marker.start())
    return places


def without_markers(text: str, prose: str) -> str:
    """The text as a reader would speak it; `prose` is the same text without code, and tells where the markers are."""
    kept, end = "", 0
    for marker in _SHOWN_MARKER.finditer(prose):
        kept, end = kept + text[end : marker.start()].rstrip(), marker.end()
    return (kept + text[end:]).strip()
