"""Word documents (.docx)."""

import io
from collections.abc import Iterator
from typing import Any

import docx
from docx.oxml.ns import qn
from lxml import etree

from ingest.parsing.archive import check_archive, parse_xml
from ingest.parsing.composing import Composer
from ingest.parsing.extracted import Extracted, Limits
from ingest.parsing.word_styles import Styles

_P, _TBL, _TR, _TC, _SDT = qn("w:p"), qn("w:tbl"), qn("w:tr"), qn("w:tc"), qn("w:sdt")
_SDT_CONTENT, _CUSTOM_XML, _TEXT_BOX = qn("w:sdtContent"), qn("w:customXml"), qn("w:txbxContent")
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_DROPPED = {qn("w:del"), qn("w:moveFrom"), qn("w:instrText"), qn("w:delText"), _TEXT_BOX, _FALLBACK, qn("w:pPr")}
_SPECIAL = {
    qn("w:tab"): "\t",
    qn("w:br"): "\n",
    qn("w:cr"): "\n",
    qn("w:noBreakHyphen"): "-",
}
_T = qn("w:t")
_MATH_T = "{http://schemas.openxmlformats.org/officeDocument/2006/math}t"
_NOTES = ("footnotes", "endnotes", "comments")


def read(data: bytes, limits: Limits) -> Extracted:
    """Read the body in order with headings, lists, tables and text boxes, then footnotes, endnotes and comments.

    Inserted text counts as accepted, deleted text as gone.
    """
    check_archive(data, limits)
    document = docx.Document(io.BytesIO(data))
    composer = Composer(limits)
    styles = Styles(document)
    for part in (document.element.body, *_notes(document)):
        _Body(composer, styles).add(part)
    title = document.core_properties.title
    return composer.finish("application/vnd.openxmlformats-officedocument.wordprocessingml.document", title)


class _Body:
    """Adds blocks to the document in reading order."""

    def __init__(self, composer: Composer, styles: Styles) -> None:
        self._composer = composer
        self._styles = styles
        self._in_list = False

    def add(self, container: Any) -> None:
        """Add the paragraphs and tables of one container."""
        for block in _blocks(container):
            if block.tag == _TBL:
                self._in_list = False
                self._composer.rows(_rows(block))
            else:
                self._paragraph(block)

    def _paragraph(self, paragraph: Any) -> None:
        text = paragraph_text(paragraph)
        level = self._styles.heading_level(paragraph)
        depth = self._styles.list_depth(paragraph)
        if text.strip():
            if level is not None:
                self._composer.heading(level, text)
            elif depth is not None:
                add = self._composer.line if self._in_list else self._composer.paragraph
                add(f"{'  ' * depth}- {text.strip()}")
            else:
                self._composer.paragraph(text)
            self._in_list = depth is not None and level is None
        for box in _text_boxes(paragraph):
            self.add(box)


def paragraph_text(paragraph: Any) -> str:
    """A paragraph's words as they are shown: field codes, deletions and text boxes are left out."""
    parts: list[str] = []
    stack = [paragraph]
    while stack:
        node = stack.pop()
        if node.tag in _DROPPED:
            continue
        if node.tag in {_T, _MATH_T}:
            parts.append(node.text or "")
        elif (special := _SPECIAL.get(node.tag)) is not None:
            parts.append(special)
        else:
            stack.extend(reversed(node))
    return "".join(parts)


def _blocks(container: Any) -> Iterator[Any]:
    stack = list(reversed(container))
    while stack:
        node = stack.pop()
        if node.tag in {_P, _TBL}:
            yield node
        elif isinstance(node.tag, str) and node.tag not in {_TEXT_BOX, _FALLBACK}:
            stack.extend(reversed(node))


def _rows(table: Any) -> Iterator[list[str]]:
    for row in table.iter(_TR):
        if next(row.iterancestors(_TBL)) is not table:
            continue
        cells = [cell for cell in row.iter(_TC) if next(cell.iterancestors(_TR)) is row]
        yield [" ".join(paragraph_text(paragraph) for paragraph in cell.iter(_P)) for cell in cells]


def _text_boxes(paragraph: Any) -> Iterator[Any]:
    for box in paragraph.iter(_TEXT_BOX):
        is_own = next(box.iterancestors(_P), None) is paragraph
        if is_own and next(box.iterancestors(_FALLBACK), None) is None:
            yield box


def _notes(document: Any) -> Iterator[etree._Element]:
    for relationship in document.part.rels.values():
        kind = relationship.reltype.rpartition("/")[2]
        if kind in _NOTES and not relationship.is_external:
            yield parse_xml(relationship.target_part.blob)
