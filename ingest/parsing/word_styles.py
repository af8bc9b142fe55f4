"""What a Word paragraph is, by its style: heading, list item or plain."""

import re
from typing import Any

from docx.oxml.ns import qn

_VAL, _PPR, _STYLE, _OUTLINE, _NUMBERING = (
    qn(name) for name in ("w:val", "w:pPr", "w:pStyle", "w:outlineLvl", "w:numPr")
)
_STYLE_TAG, _STYLE_ID = qn("w:style"), qn("w:styleId")
_LEVEL, _NUMBER = qn("w:ilvl"), qn("w:numId")
_HEADING_NAME = re.compile(r"(?:heading|标题|überschrift|titre|título|rubrik|見出し|제목)\s*([1-9])$", re.IGNORECASE)
_MAX_CHAIN = 20
_BODY_LEVEL = 9


class Styles:
    """Looks up styles once each; a document has few styles and many paragraphs."""

    def __init__(self, document: Any) -> None:
        self._by_id = {style.get(_STYLE_ID): style for style in document.styles.element.iterchildren(_STYLE_TAG)}
        self._levels: dict[str, int | None] = {}
        self._lists: dict[str, bool] = {}

    def heading_level(self, paragraph: Any) -> int | None:
        """The level from 1, by outline level (ISO/IEC 29500-1, 17.3.1.20), or by the style's name; None for text."""
        properties = paragraph.find(_PPR)
        if properties is None:
            return None
        direct = _integer(properties.find(_OUTLINE))
        if direct is not None:
            return direct + 1 if direct < _BODY_LEVEL else None
        style = _value(properties.find(_STYLE))
        if style not in self._levels:
            self._levels[style] = self._style_level(style)
        return self._levels[style]

    def list_depth(self, paragraph: Any) -> int | None:
        """How deep a list item is nested, from 0; None for what is no list item."""
        properties = paragraph.find(_PPR)
        if properties is None:
            return None
        numbering = properties.find(_NUMBERING)
        if numbering is not None:
            off = _integer(numbering.find(_NUMBER)) == 0
            return None if off else min(_integer(numbering.find(_LEVEL)) or 0, 5)
        style = _value(properties.find(_STYLE))
        if style not in self._lists:
            self._lists[style] = any(element.find(f"{_PPR}/{_NUMBERING}") is not None for element in self._chain(style))
        return 0 if self._lists[style] else None

    def _style_level(self, style: str) -> int | None:
        for element in self._chain(style):
            level = _integer(element.find(f"{_PPR}/{_OUTLINE}"))
            if level is not None:
                return level + 1 if level < _BODY_LEVEL else None
            name = _value(element.find(qn("w:name")))
            if found := _HEADING_NAME.match(name):
                return int(found.group(1))
            if name.lower() == "title":
                return 1
        return None

    def _chain(self, style: str) -> list[Any]:
        """The style and those it is based on; hostile files have styles based on themselves."""
        chain: list[Any] = []
        while style in self._by_id and len(chain) < _MAX_CHAIN:
            chain.append(self._by_id[style])
            style = _value(chain[-1].find(qn("w:basedOn")))
        return chain


def _value(element: Any) -> str:
    return "" if element is None else element.get(_VAL) or ""


def _integer(element: Any) -> int | None:
    value = _value(element)
    return int(value) if value.isdigit() else None
